"""What a sketch will do when it is to be updated the next time: refused, or told before, and nothing said in vain."""

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.hardware import Storage
from custom_components.mkr1000_ota.arduino_ota.sketch import OVERRIDABLE, SENTENCES, Caution, Finding, Refusal, Sketch
from tests.virtual_board.corpus import FURTHER_HAZARDS, HARMLESS, HAZARDS, RAM
from tests.virtual_board.quirks import WifiStart
from tests.virtual_board.sketches import Quirks, build_sketch

LIBRARIES = ["WiFi101OTA", "ArduinoOTA"]
STARTUPS = ["loops", "calls", "inlined"]


def refused(image: bytes, storage: Storage = Storage.INTERNAL) -> SketchRefused:
    """Inspect an image that has to be refused; return the error."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, storage=storage)
    return caught.value


def codes(image: bytes) -> set[str]:
    """What is told of an image."""
    return {finding.code for finding in Sketch.inspect(image).warnings}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("startup", STARTUPS)
def test_a_sketch_needs_some_free_ram_to_receive_an_update(library: str, startup: str) -> None:
    """The start-up code tells where the variables end; the limits were measured."""
    too_little, enough = RAM[library]

    def build(free: int) -> bytes:
        return build_sketch(library=library, quirks=Quirks(free_ram=free, startup=startup))  # type: ignore[arg-type] # one of STARTUPS

    error = refused(build(too_little))
    assert error.reason is Refusal.TOO_LITTLE_RAM
    assert error.placeholders == {"free": str(too_little), "needed": str(enough)}
    for free in (too_little + 4, enough):
        (finding,) = Sketch.inspect(build(free)).warnings
        assert finding == Finding(Caution.LITTLE_RAM, {"free": str(free), "needed": str(enough)})
        assert str(free) in finding.message
    assert not codes(build(enough + 4))


def test_the_owner_may_know_better_about_ram_and_is_told_all_the_same() -> None:
    image = build_sketch(quirks=Quirks(free_ram=1000))
    sketch = Sketch.inspect(image, allow=[Refusal.TOO_LITTLE_RAM])
    assert [finding.code for finding in sketch.warnings] == [Caution.LITTLE_RAM]
    assert refused(image).reason in OVERRIDABLE


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("wifi", ["behind", "never"])
@pytest.mark.parametrize("startup", STARTUPS)
def test_a_sketch_that_opens_its_port_before_there_is_wifi_is_deaf(library: str, wifi: str, startup: str) -> None:
    image = build_sketch(library=library, quirks=Quirks(wifi=wifi, startup=startup))  # type: ignore[arg-type] # see above
    assert refused(image).reason is Refusal.NO_WIFI


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "wifi", ["before", "access point", "provisioned", "through a pointer", "in loop", "turn", "switch"]
)
@pytest.mark.parametrize("call", ["near", "far", "inlined", "hidden"])
def test_however_else_a_sketch_starts_its_wifi_it_is_not_refused(library: str, wifi: WifiStart, call: str) -> None:
    """What cannot be read is no reason."""
    image = build_sketch(library=library, quirks=Quirks(wifi=wifi, call=call))  # type: ignore[arg-type] # see above
    assert Sketch.inspect(image).ota


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("size", "fits"), [(126_976, True), (126_980, False), (253_952, False)])
def test_what_outgrows_the_internal_storage_must_not_store_there(library: str, size: int, fits: bool) -> None:
    """It could be flashed once, from a card, and would erase itself when the next one arrives."""
    card = build_sketch(library=library, size=size, quirks=Quirks(sdu=True, storage="SDStorage"))
    assert Sketch.inspect(card, storage=Storage.SD).stores_internally is False
    internal = build_sketch(library=library, size=size, quirks=Quirks(sdu=True))
    if fits:
        assert Sketch.inspect(internal, storage=Storage.SD).stores_internally is True
    else:
        assert refused(internal, Storage.SD).reason is Refusal.LAST_UPDATE
    either = build_sketch(library=library, size=size, quirks=Quirks(sdu=True, storage="either"))
    assert Sketch.inspect(either, storage=Storage.SD).stores_internally is None


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_sketch_that_leaves_the_copying_to_a_loader_does_not_hang(library: str) -> None:
    """It restarts by code that is still there."""
    card = build_sketch(library=library, size=60_000, quirks=Quirks(hangs=True, sdu=True, storage="SDStorage"))
    assert not Sketch.inspect(card, storage=Storage.SD).warnings


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("warning", "quirks"),
    [*HAZARDS.items(), *FURTHER_HAZARDS.items(), ("watchdog", Quirks(watchdog="fed by address"))],
    ids=lambda value: str(value)[:20],
)
def test_what_will_need_a_hand_is_told(library: str, warning: str, quirks: Quirks) -> None:
    assert codes(build_sketch(library=library, quirks=quirks)) == {warning}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", HARMLESS)
def test_what_only_looks_like_it_is_not(library: str, kind: str) -> None:
    assert not codes(build_sketch(library=library, quirks=HARMLESS[kind]))


def test_several_things_are_all_told() -> None:
    quirks = Quirks(hangs=True, serial="endless", watchdog="fed", free_ram=4000)
    image = build_sketch(password=b"p\xe4ss", quirks=quirks)
    assert codes(image) == {*Caution}


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_password_that_is_no_utf_8_can_be_entered_nowhere(library: str) -> None:
    """Nobody can type it, and nothing can store it as text."""
    image = build_sketch("Hall", b"p\xe4ss-word", library=library)
    sketch = Sketch.inspect(image)
    assert [finding.code for finding in sketch.warnings] == [Caution.PASSWORD_NOT_UTF8]
    assert (sketch.name, sketch.stated_password) == ("Hall", None)
    assert not any("ss-word" in password for password in sketch.passwords)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "quirks",
    [
        *(Quirks(arrays=True), Quirks(computed=True), Quirks(either=True), Quirks(twice=True), Quirks(call="inlined")),
        Quirks(handed_on="through a pointer, too"),
        Quirks(handed_on="from far away, too"),
    ],
    ids=["array", "computed", "one of two", "begin() twice", "begin() dissolved", "pointer, too", "far away, too"],
)
def test_a_password_that_a_sketch_may_change_or_choose_is_not_stated(library: str, quirks: Quirks) -> None:
    """Only what it certainly wants is; the others are found among its strings."""
    sketch = Sketch.inspect(build_sketch("Hall", "hall-pass", library=library, quirks=quirks))
    assert sketch.stated_password is None
    assert ("hall-pass" in sketch.passwords) is not quirks.computed


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_password_that_is_handed_on_is_stated(library: str) -> None:
    image = build_sketch("Hall", "hall-pass", library=library, quirks=Quirks(handed_on="once"))
    assert Sketch.inspect(image).stated_password == "hall-pass"


@pytest.mark.parametrize(
    ("strings", "built"),
    [
        (("Nov 27 2026 12:34:56",), "2026-11-27 12:34:56"),
        (("Nov  7 202612:34:56",), "2026-11-07 12:34:56"),
        (("12:34:56 on Nov 27 2026",), "2026-11-27 12:34:56"),
        (("Nov 27 2026", "12:34:56"), "2026-11-27 12:34:56"),
        (("Nov 27 2026 12:34:56", "secret Nov 27 2026 12:34:56"), "2026-11-27 12:34:56"),
        (("Nov 27 2026 12:34:56", "Nov 26 2026 12:34:56"), None),
        (("Nov 27 2026", "12:34:56", "06:00:00"), None),
        (("Feb 31 2026 12:34:56",), None),
        (("Nov 27 2026 29:34:56",), None),
        (("Nov 27 2026",), None),
        (("Jan  1 2000", "12:34:56"), None),
        (("Nov 27 2026", "00:00:00"), None),
        ((), None),
    ],
)
def test_the_compile_time_is_known_where_the_image_states_one(strings: tuple[str, ...], built: str | None) -> None:
    """As __DATE__ and __TIME__ write it; two different ones say nothing."""
    found = Sketch.inspect(build_sketch(strings=strings)).built
    assert (found and str(found)) == built


def test_a_build_that_proves_itself_states_both() -> None:
    """Each build has a password of its own."""
    sketch = Sketch.inspect(build_sketch("Garden", "secret Nov 27 2026 12:34:56"))
    assert sketch.stated_password == "secret Nov 27 2026 12:34:56"
    assert str(sketch.built) == "2026-11-27 12:34:56"


def test_every_code_has_a_sentence_and_no_code_means_two_things() -> None:
    assert SENTENCES.keys() == {*Refusal, *Caution}
    assert not {*map(str, Refusal)} & {*map(str, Caution)}
