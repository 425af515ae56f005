"""The built sketches obey the facts about compiled ones. What is checked here knows nothing of how they are built."""

from collections.abc import Iterator
import struct

import pytest

from tests.virtual_board.arduino_core import Startup
from tests.virtual_board.corpus import Specimen, corpus
from tests.virtual_board.sketches import LINK_BASE, MARKER, MARKER_ARRAYS, SDU_SIZE, SFU_SIZE, Quirks, build_sketch

# They look at hundreds of sketches.
pytestmark = pytest.mark.slow

SRAM = range(0x2000_0000, 0x2000_8000)


def words(image: bytes) -> tuple[int, ...]:
    """All aligned words."""
    return struct.unpack(f"<{len(image) // 4}I", image)


def calls_of_begin(image: bytes) -> list[tuple[int, ...]]:
    """What stands at each marker: marker, name, password, storage."""
    every = words(image)
    return [every[at : at + 4] for at, word in enumerate(every) if word in (MARKER, MARKER_ARRAYS)]


def string(image: bytes, address: int) -> str:
    """The C string at an address, in flash or in a variable with an initial value."""
    if address in SRAM:
        variables, values = words(image)[2:4]
        address += values - variables
    offset = address - LINK_BASE
    return image[offset : image.index(b"\0", offset)].decode()


def literals(image: bytes, text: str) -> Iterator[int]:
    """Offsets of a literal to which an aligned word points."""
    every = set(words(image))
    offset = image.find(text.encode() + b"\0")
    while offset >= 0:
        if LINK_BASE + offset in every:
            yield offset
        offset = image.find(text.encode() + b"\0", offset + 1)


@pytest.fixture(name="specimens", scope="module")
def fixture_specimens() -> list[Specimen]:
    """The whole corpus."""
    return list(corpus())


@pytest.fixture(name="good", scope="module")
def fixture_good(specimens: list[Specimen]) -> list[Specimen]:
    """The images that a board may get."""
    return [specimen for specimen in specimens if specimen.good]


def test_the_corpus_is_large_and_has_no_file_twice(specimens: list[Specimen]) -> None:
    """Two equal files would be one test."""
    assert sum(specimen.good for specimen in specimens) >= 100
    assert sum(not specimen.good for specimen in specimens) >= 100
    assert len({specimen.name for specimen in specimens}) == len(specimens)
    good = {specimen.image for specimen in specimens if specimen.good}
    bad = {specimen.image for specimen in specimens if not specimen.good}
    assert len(good) == sum(specimen.good for specimen in specimens)
    assert not good & bad


def test_the_same_arguments_give_the_same_image() -> None:
    """Whoever reports a failure can name the seed."""
    assert build_sketch("Hall", "hall-pass", seed=7) == build_sketch("Hall", "hall-pass", seed=7)
    assert build_sketch("Hall", "hall-pass", seed=7) != build_sketch("Hall", "hall-pass", seed=8)


@pytest.mark.parametrize("size", [6000, 16_384, 65_780, 126_976, 253_952])
def test_an_image_has_the_size_that_was_asked_for(size: int) -> None:
    """Tests of storage limits need that."""
    assert len(build_sketch(size=size)) == size


def test_sizes_are_rounded_up_to_whole_words() -> None:
    """As linkers do."""
    assert len(build_sketch(size=16_381)) == 16_384


def test_a_size_that_does_not_hold_a_sketch_is_an_error() -> None:
    """Rather than an image that lacks something."""
    with pytest.raises(ValueError, match="1000 bytes"):
        build_sketch(size=1000)


def test_every_good_image_starts_with_a_vector_table(good: list[Specimen]) -> None:
    """Stack at the end of SRAM; every handler odd and in the image."""
    for specimen in good:
        assert len(specimen.image) % 4 == 0
        assert len(specimen.image) <= (126_976 if specimen.storage == "internal" else 253_952)
        table = words(specimen.image)[:45]
        assert table[0] == 0x2000_8000
        mapping = (2, 3) if MARKER_ARRAYS in words(specimen.image) else ()
        for number, handler in enumerate(table[1:], 1):
            if handler and number not in mapping:
                assert handler % 2 == 1
                assert LINK_BASE + 4 * len(table) <= handler < LINK_BASE + len(specimen.image)


def test_every_good_image_has_one_call_of_begin_with_its_credentials(good: list[Specimen]) -> None:
    """The virtual board finds name and password there."""
    for specimen in good:
        ((marker, name, password, storage),) = calls_of_begin(specimen.image)
        assert storage in SRAM
        assert (name in SRAM) == (marker == MARKER_ARRAYS)
        assert string(specimen.image, name) == specimen.name_in_sketch
        if specimen.password_findable:
            assert string(specimen.image, password) == specimen.password
        else:
            assert password in SRAM
            assert specimen.password.encode() not in specimen.image


def test_every_good_image_can_be_flashed_again(good: list[Specimen]) -> None:
    """Both halves of an OTA library are in it."""
    for specimen in good:
        for text in ("POST /sketch HTTP/1.1", "Content-Length: ", "Authorization: ", "Basic ", "arduino:"):
            assert any(literals(specimen.image, text)), (specimen.name, text)
        own, other = ("mkr1000", "arduino") if specimen.library == "WiFi101OTA" else ("arduino", "mkr1000")
        assert any(literals(specimen.image, own)) == (specimen.kind != "without mDNS")
        assert specimen.name_in_sketch == other or not any(literals(specimen.image, other))


def test_version_markers_are_literals(good: list[Specimen]) -> None:
    """One for each version, none without."""
    for specimen in good:
        marked = any(literals(specimen.image, f"mkr1000_ota:version={specimen.version}"))
        assert marked == (specimen.version is not None)
        assert specimen.image.count(b"mkr1000_ota:version=") == marked


def test_the_reset_handler_tells_where_the_image_ends(good: list[Specimen]) -> None:
    """It copies the initial values of variables, which are the last thing in the file."""
    for specimen in good:
        every = words(specimen.image)
        loader = {"SDU": SDU_SIZE, "SFU": SFU_SIZE}.get(specimen.kind[:3], 0)
        for program in {0, loader}:
            reset = (every[program // 4 + 1] - 1 - LINK_BASE) // 4
            pool = every[reset : reset + 40]
            at = pool.index(SRAM.start)
            end, values = pool[at + 1 : at + 3]
            size = values + end - SRAM.start - LINK_BASE
            if program == loader:
                assert size == len(specimen.image.rstrip(b"\xff") if specimen.kind == "padded" else specimen.image)
            else:
                assert size == loader


@pytest.mark.parametrize("startup", ["loops", "calls", "inlined"])
@pytest.mark.parametrize("free_ram", [25_360, 4412, 0])
def test_the_reset_handler_tells_how_much_ram_is_free(startup: Startup, free_ram: int) -> None:
    """It clears the variables that have no initial value: what is behind them is stack and heap."""
    every = words(build_sketch(quirks=Quirks(startup=startup, free_ram=free_ram)))
    reset = (every[1] - 1 - LINK_BASE) // 4
    pool = every[reset : reset + 60]
    assert SRAM.stop - free_ram in pool[pool.index(SRAM.start) :]


def test_the_code_that_copies_a_sketch_is_among_the_initial_values() -> None:
    """It erases the flash, so it cannot be there; where it calls for a reset, that is what it erases."""
    key, nvmctrl = struct.pack("<I", 0x05FA_0004), struct.pack("<I", 0x4100_4000)
    for hangs in (False, True):
        image = build_sketch(quirks=Quirks(hangs=hangs))
        every = words(image)
        pool = every[(every[1] - 1 - LINK_BASE) // 4 :][:40]
        values = image[pool[pool.index(SRAM.start) + 2] - LINK_BASE :]
        assert nvmctrl in values
        assert (key in values) is not hangs
        assert key in image


def test_names_of_quirks_hold() -> None:
    """Each option does what it says."""
    name, password = "Kitchen", "s3cr3t-ota"

    def offset_of_password(quirks: Quirks, strings: tuple[str, ...] = ()) -> tuple[bytes, int]:
        image = build_sketch(name, password, quirks=quirks, strings=strings)
        ((_, _, address, _),) = calls_of_begin(image)
        return image, address - LINK_BASE

    image, offset = offset_of_password(Quirks())
    assert image[offset - 1] == 0
    image, offset = offset_of_password(Quirks(code_before_literals=True))
    assert image[offset - 2 : offset] == b"\x70\x47"
    longer = f"not {password}"
    image, offset = offset_of_password(Quirks(), (longer,))
    assert image[offset - 4 : offset] == b"not "
    image, offset = offset_of_password(Quirks(merge_tails=False), (longer,))
    assert image[offset - 1] == 0
    image, offset = offset_of_password(Quirks(aligned=True))
    assert offset % 4 == 0


def test_bad_images_with_half_of_a_library_lack_the_other_half() -> None:
    """A sketch that never calls poll() has no server, one that never calls begin() no authorization."""
    without_poll = build_sketch(quirks=Quirks(poll=False))
    assert len(calls_of_begin(without_poll)) == 1
    assert b"POST /sketch" not in without_poll
    assert b"mkr1000" not in without_poll
    without_begin = build_sketch(quirks=Quirks(begin=False))
    assert not calls_of_begin(without_begin)
    assert b"arduino:" not in without_begin
    assert any(literals(without_begin, "POST /sketch HTTP/1.1"))
    without_both = build_sketch(quirks=Quirks(begin=False, poll=False))
    assert b"Arduino MKR1000\0" in without_both
    assert b"arduino:" not in without_both
    assert b"POST /sketch" not in without_both
