"""How the password of a sketch is found where its call of begin() does not show it."""

from dataclasses import replace

import pytest

from custom_components.mkr1000_ota.arduino_ota.libraries import Library
from custom_components.mkr1000_ota.arduino_ota.sketch import MOST_CANDIDATES, Sketch
from custom_components.mkr1000_ota.arduino_ota.sketch.begin_call import calls_of_begin
from custom_components.mkr1000_ota.arduino_ota.sketch.checks import whole_program
from custom_components.mkr1000_ota.arduino_ota.sketch.code import Code
from custom_components.mkr1000_ota.arduino_ota.sketch.passwords import name_and_passwords
from tests.virtual_board.ota_library import BeginCall
from tests.virtual_board.sketch_strings import ANSWER, BASE64, BEGIN, CORE, REQUEST
from tests.virtual_board.sketches import Quirks, build_sketch
from tests.virtual_board.wifi_library import WIFI101


def understood(image: bytes) -> list[tuple[str | None, str | None]]:
    """What the calls of begin() in an image are seen to pass."""
    code = Code(whole_program(image)[0])
    library = Library.ARDUINOOTA if b"Content-length" in image else Library.WIFI101OTA
    return [(call.name, call.password) for call in calls_of_begin(code, library) if call.is_understood]


def test_the_call_of_begin_tells() -> None:
    """In the ordinary case there is nothing to guess."""
    assert understood(build_sketch("Hall", "hall-pass"))[0] == ("Hall", "hall-pass")
    assert understood(build_sketch("Hall", "hall-pass", library="ArduinoOTA"))[0] == ("Hall", "hall-pass")


@pytest.mark.parametrize("call", ["inlined", "hidden"])
@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
def test_without_a_call_the_password_is_still_among_the_candidates(
    call: BeginCall, library: str, *, arrays: bool
) -> None:
    """Strings that the code around uses, those near them, and then those in arrays."""
    image = build_sketch("Hall", "hall-pass", library=library, quirks=Quirks(call=call, arrays=arrays))
    passwords = Sketch.inspect(image).passwords
    assert passwords.index("hall-pass") < 12
    assert len(passwords) <= MOST_CANDIDATES
    assert len(set(passwords)) == len(passwords)


def test_a_password_that_is_computed_is_not_found_and_nothing_breaks() -> None:
    """Other strings are candidates then, and a bounded number of them."""
    sketch = Sketch.inspect(build_sketch("Hall", "ota-0042", quirks=Quirks(computed=True)))
    assert sketch.name == "Hall"
    assert "ota-0042" not in sketch.passwords
    assert 0 < len(sketch.passwords) <= MOST_CANDIDATES


@pytest.mark.parametrize("quirks", [Quirks(), Quirks(call="hidden"), Quirks(call="inlined")])
def test_strings_that_every_image_has_are_left_out(quirks: Quirks) -> None:
    """Nobody's password is a header; but one that is, is found where begin() is given it."""
    passwords = set(Sketch.inspect(build_sketch("Hall", "hall-pass", quirks=quirks)).passwords)
    strings = {string.decode() for string in (*ANSWER, *REQUEST, *BEGIN, *BASE64, *CORE, *WIFI101) if len(string) > 4}
    assert not strings & passwords
    assert Sketch.inspect(build_sketch("Hall", "OK")).passwords[0] == "OK"


def test_what_a_call_without_its_objects_passes_is_no_name() -> None:
    """A compiler has left them out, and the name perhaps: then the password is where the name would be."""
    code = Code(whole_program(build_sketch("Hall", "hall-pass"))[0])
    (call,) = calls_of_begin(code, Library.WIFI101OTA)
    password = replace(call, name=call.password, name_address=call.password_address, password=None)
    assert name_and_passwords(code, [replace(password, has_objects=False)])[0] is None


def test_the_version_marker_is_no_candidate() -> None:
    """Although it is near the name."""
    sketch = Sketch.inspect(build_sketch("Hall", "hall-pass", "1.2.3", quirks=Quirks(call="hidden")))
    assert not any("version" in password for password in sketch.passwords)
