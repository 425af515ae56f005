"""Where a sketch is kept until all of it has come: InternalStorage, or a file of SDStorage and SerialFlashStorage."""

from tests.virtual_board.options import INTERNAL_STORAGE

PAGE = 64
WORD = 4


class Staging:
    """Collects the bytes of one upload."""

    def __init__(self, storage_size: int) -> None:
        """Open storage of this size; up to 126 976 bytes it is the flash inside of the processor."""
        self._internal = storage_size <= INTERNAL_STORAGE
        self._bytes = bytearray()

    def write(self, piece: bytes) -> None:
        """Keep a piece."""
        self._bytes += piece

    def close(self) -> bytes:
        """What can be read back.

        InternalStorage writes words. Closing it fills the last page up, and with it the last word; but one that
        begins a page has no page to fill up, and is never written.
        """
        left_over = len(self._bytes) % PAGE
        if self._internal and left_over < WORD:
            return bytes(self._bytes[: len(self._bytes) - left_over])
        return bytes(self._bytes)
