"""How the password of a sketch is found where its call of begin() does not show it."""

from collections.abc import Callable
import re

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.begin_call import calls_of_begin
from custom_components.mkr1000_ota.arduino_ota.sketch.image import FlashImage
from custom_components.mkr1000_ota.arduino_ota.sketch.passwords import MOST_CANDIDATES
from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import Sketch
from custom_components.mkr1000_ota.arduino_ota.sketch.vector_table import sketch_variables
from tests.virtual_board.sketches import Quirks, build_sketch

CALL = re.compile(rb"[\xf0-\xf7](?=.[\xd0-\xff])", re.DOTALL)
NOP = b"\xc0\x46"


def without_calls(image: bytes) -> bytes:
    """The image with every BL in it made useless: nothing tells any more what is passed to what."""
    halves = [image[offset : offset + 2] for offset in range(0, len(image), 2)]
    for index in range(len(halves) - 1):
        if halves[index][1] >> 3 == 0b11110 and halves[index + 1][1] & 0xD0 == 0xD0:
            halves[index] = halves[index + 1] = NOP
    return b"".join(halves)


def understood(image: bytes) -> list[tuple[str | None, str | None]]:
    """What the calls of begin() in an image are seen to pass."""
    flash = FlashImage(image)
    flash.variables = sketch_variables(flash)
    return [(call.name, call.password) for call in calls_of_begin(flash) if call.is_understood]


def test_the_call_of_begin_tells() -> None:
    """In the ordinary case there is nothing to guess."""
    assert understood(build_sketch("Hall", "hall-pass"))[0] == ("Hall", "hall-pass")
    assert understood(build_sketch("Hall", "hall-pass", library="ArduinoOTA"))[0] == ("Hall", "hall-pass")


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(arrays=True), Quirks(call="inlined"), Quirks(wifi_literals=True)])
@pytest.mark.parametrize("mangle", [without_calls, bytes], ids=["no calls", "whole"])
def test_without_a_call_the_password_is_still_among_the_candidates(
    quirks: Quirks, mangle: Callable[[bytes], bytes]
) -> None:
    """Strings near the name, or near what begin() itself uses, and then those in arrays."""
    image = build_sketch("Hall", "hall-pass", quirks=quirks)
    sketch = Sketch.inspect(mangle(image))
    assert "hall-pass" in sketch.passwords
    assert len(sketch.passwords) <= MOST_CANDIDATES
    assert len(set(sketch.passwords)) == len(sketch.passwords)


def test_a_password_that_is_computed_is_not_found_and_nothing_breaks() -> None:
    """Other strings are candidates then, and a bounded number of them."""
    sketch = Sketch.inspect(build_sketch("Hall", "ota-0042", quirks=Quirks(computed=True)))
    assert sketch.name == "Hall"
    assert "ota-0042" not in sketch.passwords
    assert 0 < len(sketch.passwords) <= MOST_CANDIDATES


def test_strings_of_the_libraries_are_the_last_to_be_tried() -> None:
    """Nobody's password is a header; but one that is, is found where begin() is given it."""
    passwords = Sketch.inspect(without_calls(build_sketch("Hall", "hall-pass"))).passwords
    assert not {"POST /sketch HTTP/1.1", "Content-Length: ", "arduino:"} & set(passwords)
    assert Sketch.inspect(build_sketch("Hall", "OK")).passwords[0] == "OK"


def test_the_version_marker_is_no_candidate() -> None:
    """Although it is near the name."""
    sketch = Sketch.inspect(without_calls(build_sketch("Hall", "hall-pass", "1.2.3")))
    assert not any("version" in password for password in sketch.passwords)
