"""What people send to a board by mistake, and what they are told instead of it being flashed."""

import gzip
import io
import zipfile

import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import SketchRefused
from custom_components.mkr1000_ota.arduino_ota.hardware import Storage
from custom_components.mkr1000_ota.arduino_ota.sketch import OVERRIDABLE, Refusal, Sketch
from tests.virtual_board.bad_sketches import intel_hex
from tests.virtual_board.sketches import SDU_SIZE, SFU_SIZE, Quirks, build_loader, build_sketch

SKETCH = build_sketch()
WHOLE_FLASH = 253_952


def refused(image: bytes, storage: Storage = Storage.INTERNAL) -> SketchRefused:
    """Inspect an image that has to be refused; return the error."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, storage=storage)
    return caught.value


def zipped(content: bytes) -> bytes:
    """A ZIP archive with one file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sketch.ino.bin", content)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("file", "reason", "remedy"),
    [
        (b"", Refusal.EMPTY, "Rebuild the sketch"),
        (b"\x7fELF\x01\x01\x01" + bytes(45) + SKETCH, Refusal.ELF, ".bin"),
        (intel_hex(SKETCH), Refusal.HEX, ".bin"),
        (b"\xef\xbb\xbf" + intel_hex(SKETCH), Refusal.HEX, ".bin"),
        (b"UF2\n\x57\x51\x5d\x9e" + bytes(504), Refusal.UF2, ".bin"),
        (zipped(SKETCH), Refusal.ZIP, "Extract"),
        (gzip.compress(SKETCH), Refusal.GZIP, "Extract"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", Refusal.HTML, "Download"),
        (b"\r\n  <HTML><body>Not Found</body></HTML>", Refusal.HTML, "Download"),
        ("<!doctype html><p>Grüße</p>".encode("latin-1"), Refusal.HTML, "Download"),
        ("<p>Grüße</p><html>".encode(), Refusal.HTML, "Download"),
        (b'{"message": "Not Found"}', Refusal.TEXT, ".bin"),
        ("ä".encode() * 513, Refusal.TEXT, ".bin"),
        (b"x" + "ä".encode() * 800, Refusal.TEXT, ".bin"),
        (b"text until \xff\xfe here", Refusal.NOT_A_SKETCH, ".bin"),
        (b"\0" * 4096, Refusal.NOT_A_SKETCH, ".bin"),
        (b"\xff" * 4096, Refusal.NOT_A_SKETCH, ".bin"),
    ],
    ids=lambda value: f"{len(value)} bytes" if isinstance(value, bytes) else None,
)
def test_another_file_is_named_with_what_to_do(file: bytes, reason: Refusal, remedy: str) -> None:
    """Whoever picked the wrong file learns which one is meant."""
    error = refused(file)
    assert error.reason is reason
    assert remedy in str(error)


@pytest.mark.parametrize("missing", [4, 8, 64, 1000, 4096, 8192, 12000])
@pytest.mark.parametrize("quirks", [Quirks(), Quirks(arrays=True)])
def test_a_cut_sketch_is_noticed_by_what_its_own_start_up_code_needs(missing: int, quirks: Quirks) -> None:
    """The end of the file holds the first values of variables, which the start-up code copies: it knows their end."""
    whole = build_sketch(quirks=quirks)
    error = refused(whole[:-missing])
    assert error.reason is Refusal.TRUNCATED
    assert error.placeholders["size"] == str(len(whole) - missing)


def test_the_message_tells_how_much_is_missing() -> None:
    """The exact size is known: that of the whole image."""
    error = refused(SKETCH[:-4])
    assert error.placeholders == {"expected": str(len(SKETCH)), "size": str(len(SKETCH) - 4)}
    assert str(len(SKETCH)) in str(error)


@pytest.mark.parametrize("rest", [8, 12, 64, 180])
def test_a_file_of_which_hardly_anything_arrived_is_truncated(rest: int) -> None:
    """The vectors alone tell: they point behind the end."""
    assert refused(SKETCH[:rest]).reason is Refusal.TRUNCATED


def test_a_file_whose_size_no_compiler_makes_is_refused() -> None:
    """The board would lose the last one to three bytes of some of them without a word."""
    for extra in (1, 2, 3):
        error = refused(SKETCH + bytes(extra))
        assert error.reason is Refusal.NOT_MULTIPLE_OF_4
        assert str(len(SKETCH) + extra) in str(error)


def test_padding_behind_a_sketch_does_no_harm() -> None:
    """Some tools fill up to a whole row of flash."""
    assert Sketch.inspect(SKETCH + b"\xff" * 256).name == "Arduino"


def test_a_sketch_linked_for_a_board_without_bootloader_is_refused() -> None:
    """Its vectors look right; only its pointers tell."""
    assert refused(build_sketch(link_base=0)).reason is Refusal.WRONG_LINK_BASE
    assert refused(build_sketch(link_base=0x4000)).reason is Refusal.WRONG_LINK_BASE


def test_a_file_with_the_bootloader_in_front_is_recognised() -> None:
    """The build puts one beside the right file, with a similar name."""
    bootloader = build_sketch(size=0x2000, link_base=0, quirks=Quirks(begin=False, poll=False))
    error = refused(bootloader + SKETCH)
    assert error.reason is Refusal.WITH_BOOTLOADER
    assert "with_bootloader" in str(error)


def test_a_sketch_larger_than_the_storage_is_refused() -> None:
    """The running sketch needs its half of the flash until the whole new one has arrived."""
    large = build_sketch(size=126_980)
    error = refused(large)
    assert error.reason is Refusal.TOO_LARGE
    assert error.placeholders == {"size": "126980", "limit": "126976"}
    card = build_sketch(size=126_980, quirks=Quirks(sdu=True, storage="SDStorage"))
    assert Sketch.inspect(card, storage=None).size == 126_980
    assert Sketch.inspect(build_sketch(size=126_976)).size == 126_976


def test_a_file_larger_than_the_flash_is_refused_at_once() -> None:
    """No storage helps there."""
    assert refused(SKETCH + bytes(WHOLE_FLASH), Storage.SD).reason is Refusal.TOO_LARGE


@pytest.mark.parametrize(("storage", "library"), [(Storage.SD, "SDU"), (Storage.SERIAL_FLASH, "SFU")])
def test_a_card_or_a_serial_flash_takes_only_images_with_their_loader(storage: Storage, library: str) -> None:
    """The loader on the board drops as much of the file as it has itself, and jumps into what is then missing."""
    by_library = {
        "SDU": build_sketch(size=60_000, quirks=Quirks(sdu=True, storage="SDStorage")),
        "SFU": build_sketch(size=60_000, quirks=Quirks(sfu=True, storage="SDStorage")),
    }
    assert Sketch.inspect(by_library.pop(library), storage=storage).loader is storage
    other = build_sketch(size=60_000, quirks=Quirks(snu=True, storage="SDStorage"))
    for image in (SKETCH, other, *by_library.values()):
        error = refused(image, storage)
        assert error.reason is Refusal.NO_LOADER
        assert f"{library}.h" in str(error)
    assert Sketch.inspect(SKETCH).loader is None


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(begin=False, poll=False),
        Quirks(poll=False),
        Quirks(begin=False),
        Quirks(begin=False, poll=False, uncalled=True),
    ],
    ids=["no OTA", "begin() alone", "poll() alone", "there but never called"],
)
@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
def test_a_sketch_that_could_not_be_replaced_is_refused_unless_allowed(quirks: Quirks, library: str) -> None:
    """It takes begin() and poll(); a sketch with one of them looks nearly like one with both."""
    image = build_sketch(version="1.0", library=library, quirks=quirks)
    error = refused(image)
    assert error.reason is Refusal.NO_OTA
    assert "USB" in str(error)
    sketch = Sketch.inspect(image, allow=[Refusal.NO_OTA])
    assert (sketch.ota, sketch.library, sketch.name, sketch.passwords, sketch.warnings) == (False, None, None, (), ())
    assert (sketch.model, sketch.version) == (Sketch.inspect(SKETCH).model, "1.0")


def test_begin_alone_is_not_taken_for_ota_whatever_the_sketch_says() -> None:
    """Name and password may be those very strings by which a server is known."""
    image = build_sketch("mkr1000", "POST /sketch HTTP/1.1", strings=("Content-Length: ",), quirks=Quirks(poll=False))
    assert refused(image).reason is Refusal.NO_OTA


@pytest.mark.parametrize("allow", [OVERRIDABLE, [*Refusal]], ids=["what may be allowed", "everything"])
@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (SKETCH[:-4], Refusal.TRUNCATED),
        (build_sketch(link_base=0), Refusal.WRONG_LINK_BASE),
        (build_sketch(size=126_980), Refusal.TOO_LARGE),
        (build_sketch(quirks=Quirks(wifi="never")), Refusal.NO_WIFI),
    ],
)
def test_what_is_certain_to_kill_the_board_cannot_be_allowed(
    image: bytes, reason: Refusal, allow: list[Refusal]
) -> None:
    """Not even by naming it."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, allow=allow)
    assert caught.value.reason is reason


@pytest.mark.parametrize("quirks", [Quirks(sdu=True, arrays=True), Quirks(sfu=True, arrays=True)])
def test_a_loader_may_come_first(quirks: Quirks) -> None:
    """Then the sketch itself begins 16 or 32 KiB later, and what counts is that one."""
    sketch = Sketch.inspect(build_sketch("Barn", "barn-pass", "1.0", size=60_000, quirks=quirks))
    assert (sketch.name, sketch.passwords[0], sketch.version) == ("Barn", "barn-pass", "1.0")


@pytest.mark.parametrize("size", [SDU_SIZE, SFU_SIZE])
def test_a_loader_alone_is_no_sketch_with_updates(size: int) -> None:
    assert refused(build_loader(size)).reason is Refusal.NO_OTA


def test_a_cut_sketch_behind_the_loader_is_noticed() -> None:
    """The loader itself is whole, and says so."""
    whole = build_sketch(size=40_000, quirks=Quirks(sdu=True))
    for missing in (4, 4096, 16_000):
        assert refused(whole[:-missing]).reason is Refusal.TRUNCATED


@pytest.mark.parametrize("missing", [4, 64, 4096])
def test_a_link_time_optimised_sketch_is_whole_when_it_is(missing: int) -> None:
    """Its start-up code holds numbers, for the clocks, that look like addresses of the flash."""
    whole = build_sketch(quirks=Quirks(startup="inlined"))
    assert Sketch.inspect(whole).name == "Arduino"
    assert refused(whole[:-missing]).reason is Refusal.TRUNCATED


def test_a_link_time_optimised_sketch_without_vectors_is_refused() -> None:
    """The optimiser drops the vector table unless it is told not to; then code comes first."""
    assert refused(SKETCH[180:] + bytes(180)).reason is Refusal.NOT_A_SKETCH
