"""Looking at an image through the addresses that its own code uses."""

from struct import pack
import sys

import pytest

from custom_components.mkr1000_ota.arduino_ota.sketch.image import FlashImage, Variables

# A pointer into the flash, one to an array in SRAM, a string, and the first values of two variables.
CONTENT = pack("<III", 0x200C, 0x2000_0004, 0x0065_6B61) + b"xxxxarr\0"
ARRAY = Variables(0x2000_0000, 12, 8)


def test_a_literal_is_pointed_to_in_flash() -> None:
    """At its address, which is its offset behind the bootloader."""
    image = FlashImage(pack("<I", 0x2004) + b"ake\0")
    assert list(image.pointers(b"ake")) == [0]
    assert image.text(image.offset(0x2004)) == "ake"


def test_an_array_is_pointed_to_in_sram() -> None:
    """Where its first value is copied to: to know that takes the start-up code."""
    assert not list(FlashImage(CONTENT).pointers(b"arr"))
    image = FlashImage(CONTENT, variables=ARRAY)
    assert list(image.pointers(b"arr")) == [4]
    assert image.text(image.offset(0x2000_0004)) == "arr"
    assert image.word(0x2000_0000) == int.from_bytes(b"xxxx", "little")


@pytest.mark.parametrize("address", [0, 0x1FFF, 0x2000 + len(CONTENT), 0x2000_0008, 0xFFFF_FFFF])
def test_there_is_nothing_at_other_addresses(address: int) -> None:
    """In front of the image, behind it, and in the SRAM behind the initialised variables."""
    image = FlashImage(CONTENT, variables=ARRAY)
    assert (image.offset(address), image.word(address)) == (None, None)


def test_a_word_stands_at_a_multiple_of_four() -> None:
    """The processor cannot read others at once."""
    assert FlashImage(CONTENT).word(0x2002) is None


@pytest.mark.parametrize("content", [b"no end", b"a" * 129 + b"\0", b"\xff\0"])
def test_what_does_not_end_or_is_no_utf_8_is_no_text(content: bytes) -> None:
    """Nor is what goes on for longer than anybody's password."""
    assert FlashImage(content).text(0) is None


def test_a_processor_with_the_other_byte_order_sees_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board's own is little-endian, wherever an image is inspected."""
    assert FlashImage(b"\1\0\0\0").words[0] == 1
    monkeypatch.setattr(sys, "byteorder", {"little": "big", "big": "little"}[sys.byteorder])
    assert FlashImage(b"\1\0\0\0").words[0] == 0x0100_0000
