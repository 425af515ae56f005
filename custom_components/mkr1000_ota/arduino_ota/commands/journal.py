"""The journal of one flash, in a file beside its image."""

from contextlib import suppress
import json
from pathlib import Path

from .. import limits
from ..firmware.fenced_folder import opened
from ..firmware.reasons import Reason
from ..firmware.release import SourceError
from ..flash.journal import JournalUnwritable
from ..flash.passwords import Keyring
from ..flash.pending import Pending
from ..flash.stored import from_json, to_json
from ..flash.verdict import Outcome
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
            with opened(self._path.parent) as folder:
                content, _ = folder.read(self._path.name, limit=limits.FILE)
            self.pending = from_json(Pending, json.loads(content), "pending")
        except (SourceError, ValueError) as error:
            if not isinstance(error, SourceError) or error.reason is not Reason.FILE_GONE:
                raise JournalUnwritable(
                    f"{self._path} cannot be read. Delete it if you know what the board runs"
                ) from error

    async def write(self, pending: Pending) -> None:
        self.pending = pending
        try:
            with opened(self._path.parent) as folder:
                folder.write(self._path.name, json.dumps(to_json(pending)).encode())
        except SourceError as error:
            raise JournalUnwritable(f"{str(error).rstrip('.')}. Copy the sketch elsewhere") from error

    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        self.keyring = keyring
        self.pending = None
        with suppress(OSError):
            self._path.unlink()
