"""Facts about strings in compiled sketches, and that an inspector gets them right."""

import re

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board.sketches import Quirks, build_sketch

LINK_BASE = 0x2000


def pointed_to(image: bytes, offset: int) -> bool:
    """Whether an aligned word holds the address at which the processor finds an offset of the image."""
    address = (LINK_BASE + offset).to_bytes(4, "little")
    return any(found.start() % 4 == 0 for found in re.finditer(re.escape(address), image))


def test_the_linker_keeps_the_tail_of_a_longer_string_only_once() -> None:
    """So a password need not begin where a string begins: only the pointer to it tells."""
    image = build_sketch("Hall", "word", strings=("enter the password",), wifi=("myNet", "secret"))
    assert image.count(b"word\0") == 1
    offset = image.index(b"word\0")
    assert image[offset - 4 : offset] == b"pass"
    assert pointed_to(image, offset)
    sketch = Sketch.inspect(image)
    assert sketch.passwords[0] == "word"
    assert sketch.has_literal("word")
    assert sketch.has_literal("enter the password")
    assert not sketch.has_literal("password")


def test_the_byte_in_front_of_a_string_may_be_code() -> None:
    """Strings begin right behind functions, without a NUL between."""
    image = build_sketch("Hall", "hall-pass", quirks=Quirks(code_before_literals=True))
    offset = image.index(b"hall-pass\0")
    assert image[offset - 1] != 0
    assert pointed_to(image, offset)
    sketch = Sketch.inspect(image)
    assert (sketch.name, sketch.passwords[0]) == ("Hall", "hall-pass")
    assert sketch.has_literal("hall-pass")


def test_strings_in_arrays_are_pointed_to_where_they_will_be_in_sram() -> None:
    """No word holds the address at which their first value is in the flash."""
    image = build_sketch("Hall", "hall-pass", quirks=Quirks(arrays=True))
    assert not pointed_to(image, image.index(b"hall-pass\0"))
    sketch = Sketch.inspect(image)
    assert (sketch.name, sketch.passwords[0]) == ("Hall", "hall-pass")
    assert sketch.has_literal("hall-pass")


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(arrays=True), Quirks(scatter=True)])
@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
@pytest.mark.parametrize(
    ("name", "password"), [("Küche", "pä ß:x"), ("ガレージ", "密码 🔑"), ("Hall", ""), ("Hall", "Hall"), ("a", "b")]
)
def test_any_name_and_password_is_found(name: str, password: str, library: str, quirks: Quirks) -> None:
    """UTF-8, the empty password, one that is the name as well."""
    sketch = Sketch.inspect(build_sketch(name, password, library=library, quirks=quirks))
    assert (sketch.name, sketch.passwords[0]) == (name, password)
    assert sketch.has_literal(password)


def test_part_of_a_string_is_no_literal() -> None:
    """Finding some letters proves nothing."""
    sketch = Sketch.inspect(build_sketch("Hall", "hall-pass"))
    assert [sketch.has_literal(text) for text in ("hall", "pass", "all-pass", "hall-pass ", "\udce9")] == [False] * 5


@pytest.mark.parametrize("version", ["1.2.3", "2.0.0-rc.1", "2026.11.22", "0", "v1", "1.0+build_7"])
def test_the_version_marker_is_read(version: str) -> None:
    """Whatever a version looks like."""
    assert Sketch.inspect(build_sketch(version=version)).version == version


@pytest.mark.parametrize("version", ["", " ", "1 2", "%s", "-1", "x" * 41, "ü"])
def test_what_is_no_version_is_none(version: str) -> None:
    """A marker with nothing behind it, or with a sentence."""
    assert Sketch.inspect(build_sketch(version=version)).version is None


def test_a_sketch_that_only_talks_of_markers_has_the_first_that_makes_sense() -> None:
    """The text of a help page is no version."""
    image = build_sketch(version="1.2.3", strings=("mkr1000_ota:version=", "put mkr1000_ota:version=x.y there"))
    assert Sketch.inspect(image).version == "1.2.3"


def test_arduinoota_is_told_from_wifi101ota_whatever_the_board_is_called() -> None:
    """Each library has the word of its own, and a sketch may have the other one as its name."""
    assert Sketch.inspect(build_sketch("arduino", "arduino", library="WiFi101OTA")).library == "WiFi101OTA"
    assert Sketch.inspect(build_sketch("mkr1000", "mkr1000", library="ArduinoOTA")).library == "ArduinoOTA"


def test_a_web_server_of_the_sketchs_own_makes_no_other_library() -> None:
    """It may answer with the same header. The wrong library would make the password the name."""
    sketch = Sketch.inspect(build_sketch("Hall", "hall-pass", strings=("Content-length: ", "HTTP/1.1 ")))
    assert (sketch.library, sketch.name, sketch.stated_password) == ("WiFi101OTA", "Hall", "hall-pass")


def test_a_sketch_built_with_the_first_release_of_the_library_is_as_good() -> None:
    """That one has fewer answers."""
    sketch = Sketch.inspect(build_sketch("Hall", "hall-pass", quirks=Quirks(old_library=True)))
    assert (sketch.name, sketch.passwords[0], sketch.ota) == ("Hall", "hall-pass", True)
