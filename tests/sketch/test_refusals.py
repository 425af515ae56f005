"""What people send to a board by mistake, and what they are told instead of it being flashed."""

import gzip
import io
import zipfile

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.sketch import (
    INTERNAL_STORAGE,
    LARGE_STORAGE,
    Refusal,
    Sketch,
    SketchRefused,
)
from tests.virtual_board.bad_sketches import OTHER_BOARDS, intel_hex
from tests.virtual_board.sketches import Board, Quirks, build_sdu_stub, build_sketch

SKETCH = build_sketch()


def refused(image: bytes, storage_size: int = INTERNAL_STORAGE) -> SketchRefused:
    """Inspect an image that has to be refused; return the error."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(image, storage_size=storage_size)
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
        (b"", Refusal.EMPTY, "Build the sketch again"),
        (b"\x7fELF\x01\x01\x01" + bytes(45) + SKETCH, Refusal.ELF, ".bin"),
        (intel_hex(SKETCH), Refusal.HEX, ".bin"),
        (b"\xef\xbb\xbf" + intel_hex(SKETCH), Refusal.HEX, ".bin"),
        (b"UF2\n\x57\x51\x5d\x9e" + bytes(504), Refusal.UF2, ".bin"),
        (zipped(SKETCH), Refusal.ZIP, "Unpack"),
        (gzip.compress(SKETCH), Refusal.GZIP, "Unpack"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", Refusal.HTML, "browser"),
        (b"\r\n  <HTML><body>Not Found</body></HTML>", Refusal.HTML, "browser"),
        ("<!doctype html><p>Grüße</p>".encode("latin-1"), Refusal.HTML, "browser"),
        ("<p>Grüße</p><html>".encode(), Refusal.HTML, "browser"),
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


@pytest.mark.parametrize("board", OTHER_BOARDS, ids=lambda board: board.product)
def test_a_sketch_for_another_board_is_refused_by_its_name(board: Board) -> None:
    """The USB product name is in every image, with OTA and without."""
    for quirks in (Quirks(), Quirks(begin=False, poll=False)):
        error = refused(build_sketch(board=board, quirks=quirks))
        assert error.reason is Refusal.OTHER_BOARD
        assert error.placeholders["board"] == board.product
        assert board.product in str(error)


def test_a_sketch_may_talk_of_other_boards() -> None:
    """A name alone does not make it one of theirs, nor theirs one of ours."""
    talks = build_sketch(strings=("Arduino MKR WiFi 1010", "Arduino Zero"))
    assert Sketch.inspect(talks).board == "Arduino MKR1000"
    pretends = build_sketch(strings=("Arduino MKR1000", "mkr1000"), board=OTHER_BOARDS[0])
    assert refused(pretends).reason is Refusal.OTHER_BOARD


def test_a_sketch_larger_than_the_storage_is_refused_unless_there_is_a_card() -> None:
    """The running sketch needs its half of the flash until the whole new one has arrived."""
    large = build_sketch(size=126_980)
    error = refused(large)
    assert error.reason is Refusal.TOO_LARGE
    assert error.placeholders == {"size": "126980", "limit": "126976"}
    assert "(262144 - 8192) / 2 = 126976 bytes" in str(error)
    assert Sketch.inspect(large, storage_size=LARGE_STORAGE).size == 126_980
    assert Sketch.inspect(build_sketch(size=126_976)).size == 126_976


def test_a_file_larger_than_the_flash_is_refused_at_once() -> None:
    """No storage helps there."""
    assert refused(SKETCH + bytes(LARGE_STORAGE), storage_size=LARGE_STORAGE).reason is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    "quirks",
    [Quirks(begin=False, poll=False), Quirks(poll=False), Quirks(begin=False)],
    ids=["no OTA", "begin() alone", "poll() alone"],
)
@pytest.mark.parametrize("library", ["WiFi101OTA", "ArduinoOTA"])
def test_a_sketch_that_could_not_be_replaced_is_refused_unless_allowed(quirks: Quirks, library: str) -> None:
    """It takes begin() and poll(); a sketch with one of them looks nearly like one with both."""
    image = build_sketch(version="1.0", library=library, quirks=quirks)
    error = refused(image)
    assert error.reason is Refusal.NO_OTA
    assert "USB" in str(error)
    sketch = Sketch.inspect(image, allow_without_ota=True)
    assert (sketch.ota, sketch.library, sketch.name, sketch.passwords) == (False, None, None, ())
    assert (sketch.board, sketch.version) == ("Arduino MKR1000", "1.0")


def test_begin_alone_is_not_taken_for_ota_whatever_the_sketch_says() -> None:
    """Name and password may be those very strings by which a server is known."""
    image = build_sketch("mkr1000", "POST /sketch HTTP/1.1", strings=("Content-Length: ",), quirks=Quirks(poll=False))
    assert refused(image).reason is Refusal.NO_OTA


def test_allowing_a_sketch_without_ota_allows_nothing_else() -> None:
    """What would kill the board stays out."""
    with pytest.raises(SketchRefused) as caught:
        Sketch.inspect(SKETCH[:-4], allow_without_ota=True)
    assert caught.value.reason is Refusal.TRUNCATED


def test_the_stub_of_the_sdu_library_may_come_first() -> None:
    """Then the sketch itself begins 16 KiB later, and what counts is that one."""
    sketch = Sketch.inspect(build_sketch("Barn", "barn-pass", "1.0", size=40_000, quirks=Quirks(sdu=True, arrays=True)))
    assert (sketch.name, sketch.passwords[0], sketch.version) == ("Barn", "barn-pass", "1.0")
    assert refused(build_sdu_stub()).reason is Refusal.NO_OTA


def test_a_cut_sketch_behind_the_stub_is_noticed() -> None:
    """The stub itself is whole, and says so."""
    whole = build_sketch(size=40_000, quirks=Quirks(sdu=True))
    for missing in (4, 4096, 16_000):
        assert refused(whole[:-missing]).reason is Refusal.TRUNCATED
