"""The journal of one flash, in a file beside its image."""

from collections.abc import Mapping
from contextlib import suppress
import json
import os
from pathlib import Path
from typing import Any

from ..flash.journal import JournalUnwritable, Pending
from ..flash.passwords import Keyring
from ..libraries import OTA_PORT


class FileJournal:
    """Written before the first byte is sent, and gone once it is known what became of the flash.

    It holds passwords, so nobody else can read it. Raises JournalUnwritable, also where it cannot be read.
    """

    def __init__(self, image: Path, host: str, port: int) -> None:
        board = host if port == OTA_PORT else f"{host}-{port}"
        self._path = image.with_name(f"{image.name}.{board}.journal")
        self.keyring = Keyring()
        self.pending: Pending | None = None
        try:
            self.pending = Pending.from_dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JournalUnwritable(
                f"{self._path} cannot be read. Delete it if you know what the board runs"
            ) from error

    async def write(self, pending: Pending) -> None:
        self.pending = pending
        try:
            self._replace(pending.as_dict())
        except OSError as error:
            raise JournalUnwritable(
                f"{self._path} cannot be written: {error.strerror}. Copy the sketch elsewhere"
            ) from error

    async def close(self, keyring: Keyring, *, installed: Pending | None, locked: bool = False) -> None:
        self.keyring = keyring
        self.pending = None
        with suppress(OSError):
            self._path.unlink()

    def _replace(self, record: Mapping[str, Any]) -> None:
        unfinished = self._path.with_name(f"{self._path.name}.new")
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
