"""The file of one board's record: what is written is on the disk when a method returns, or it says so."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import json
from pathlib import Path
import time
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util.file import WriteError, write_utf8_file_atomic

from ..arduino_ota.flash.journal import Journal, JournalUnwritable
from ..arduino_ota.flash.passwords import Keyring
from ..arduino_ota.flash.pending import Pending
from ..arduino_ota.flash.verdict import Outcome
from ..const import DOMAIN, LOGGER
from .records import BoardRecord, RecordUnreadable

# A newer minor version has more to say, and loses nothing here; a newer version means something else.
_VERSION: Final = 1
_MINOR_VERSION: Final = 1
# A record has some kilobytes.
_LARGEST: Final = 4 * 1024 * 1024


class RecordStore(Journal):
    """Keeps the record of one configuration entry.

    Home Assistant's own storage logs a failed write and goes on, prints what it cannot write, and puts writes off while
    it stops. A flash must know better: the file is written here, and read back.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._hass = hass
        self._key = f"{DOMAIN}.{entry_id}"
        self.path = Path(hass.config.path(STORAGE_DIR, self._key))
        self._writing = asyncio.Lock()
        self.record = BoardRecord()

    async def load(self) -> None:
        """Read the record; there is an empty one where there was none. Raises RecordUnreadable."""
        self.record = await self._hass.async_add_executor_job(self._read)

    async def save(self, change: Callable[[BoardRecord], BoardRecord]) -> None:
        """Change the record on the disk; where that fails it stays as it was. Raises JournalUnwritable."""
        async with self._writing:
            changed = change(self.record)
            if changed != self.record:
                await self._hass.async_add_executor_job(self._write, changed)
                self.record = changed

    async def update(self, **changes: Any) -> None:
        """Change fields of the record. Raises JournalUnwritable."""
        await self.save(lambda record: replace(record, **changes))

    async def note(self, change: Callable[[BoardRecord], BoardRecord]) -> None:
        """Change the record, on the disk too if that is possible: what is true of a board stays true on a full disk."""
        async with self._writing:
            self.record = change(self.record)
            try:
                await self._hass.async_add_executor_job(self._write, self.record)
            except JournalUnwritable as err:
                LOGGER.error("%s", err)

    async def remove(self) -> None:
        """Remove the file in whatever state it is, and what Home Assistant has put aside of it."""
        await self._hass.async_add_executor_job(self._remove)

    @property
    @override
    def keyring(self) -> Keyring:
        return self.record.keyring

    @property
    @override
    def pending(self) -> Pending | None:
        return self.record.pending

    @override
    async def write(self, pending: Pending) -> None:
        # Whatever waited for the board ends with this flash, in the same moment: after a crash it is known to be one
        # or the other.
        await self.update(pending=pending, order=None)

    @override
    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        await self.note(lambda record: replace(record.closed(keyring, outcome), password_checked=time.time()))

    def _read(self) -> BoardRecord:
        try:
            with self.path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return BoardRecord()
        except OSError as err:
            raise RecordUnreadable(err.strerror or "it cannot be opened") from None
        try:
            stored = json.loads(content)
        except ValueError, RecursionError:
            raise RecordUnreadable("it is no JSON") from None
        match stored:
            case {"version": int(version), "data": dict(data)} if version == _VERSION:
                return BoardRecord.from_dict(data)
            case {"version": int(version)} if version > _VERSION:
                raise RecordUnreadable("a newer version of the integration has written it")
        raise RecordUnreadable("it is no record of a board")

    def _write(self, record: BoardRecord) -> None:
        stored = {"version": _VERSION, "minor_version": _MINOR_VERSION, "key": self._key, "data": record.as_dict()}
        try:
            # Text that is no Unicode fails here, and so does what JSON does not know: before anything is touched.
            text = json.dumps(stored, ensure_ascii=False, allow_nan=False)
            content = text.encode()
            self.path.parent.mkdir(exist_ok=True)
            write_utf8_file_atomic(str(self.path), text, private=True)
            if self.path.read_bytes() == content:
                return
        except (OSError, TypeError, ValueError, WriteError) as err:
            # Not as the cause: it may hold what was to be written.
            raise JournalUnwritable(f"{self.path.name} cannot be written ({type(err).__name__})") from None
        raise JournalUnwritable(f"{self.path.name} is not on the disk as it was written")

    def _remove(self) -> None:
        for path in (self.path, *self.path.parent.glob(f"{self._key}.corrupt*")):
            with suppress(FileNotFoundError):
                path.unlink()
