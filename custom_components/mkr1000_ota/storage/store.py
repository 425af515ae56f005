"""The file of one board's record: what is written is on the disk when a method returns, or it says so."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path
import time
from typing import Any, Final, override
from weakref import WeakValueDictionary

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import STORAGE_DIR

from ..arduino_ota.flash.journal import Journal, JournalUnwritable
from ..arduino_ota.flash.passwords import Keyring
from ..arduino_ota.flash.pending import Pending
from ..arduino_ota.flash.stored import from_json, to_json
from ..arduino_ota.flash.verdict import Outcome
from ..arduino_ota.text import words_of
from ..const import DOMAIN, LOGGER
from .files import remove, to_the_end, write_private
from .records import BoardRecord

# A newer minor version has more to say, and loses nothing here; a newer version means something else.
_VERSION: Final = 1
_MINOR_VERSION: Final = 1
# A record has some kilobytes.
_LARGEST: Final = 4 * 1024 * 1024


class RecordUnreadable(Exception):
    """What is on the disk is no record that this version understands; `key` is the translation key of why."""

    def __init__(self, problem: str, key: str = "record_unreadable") -> None:
        super().__init__(problem)
        self.problem = problem
        self.key = key


class _Unstorable(JournalUnwritable):
    pass


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
        # As it is on the disk; None as long as nobody has read that, and once it is removed: nothing takes its place then.
        self._stored: BoardRecord | None = None

    async def load(self) -> None:
        """Read the record; there is an empty one where there was none. Raises RecordUnreadable."""
        async with self._writing:
            self._stored = None
            self.record = self._stored = await self._hass.async_add_executor_job(self._read)

    @to_the_end
    async def save(self, change: Callable[[BoardRecord], BoardRecord]) -> None:
        """Change the record on the disk; where that fails it stays as it was. Raises JournalUnwritable."""
        async with self._writing:
            await self._write(change(self.record))

    async def update(self, **changes: Any) -> None:
        await self.save(lambda record: replace(record, **changes))

    @to_the_end
    async def note(self, change: Callable[[BoardRecord], BoardRecord]) -> None:
        """Change the record, on the disk too if that is possible: what is true of a board stays true on a full disk."""
        async with self._writing:
            changed = change(self.record)
            try:
                await self._write(changed)
            except JournalUnwritable as err:
                if self._stored is not None:
                    LOGGER.error("%s", err)
                # After what no file can hold, nothing could be written.
                self.record = self.record if isinstance(err, _Unstorable) else changed

    async def remove(self) -> None:
        """Remove the file in whatever state it is, and what Home Assistant has put aside of it."""
        folder, aside = self.path.parent, f"{self._key}.corrupt*"
        async with self._writing:
            self._stored = None
            await self._hass.async_add_executor_job(lambda: remove(self.path, *folder.glob(aside)))

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
        await self.update(pending=pending)

    @override
    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        await self.note(lambda record: record.closed(keyring, outcome, time.time()))

    def _read(self) -> BoardRecord:
        try:
            with self.path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return BoardRecord()
        except OSError as err:
            raise RecordUnreadable(words_of(err)) from None
        try:
            stored = json.loads(content)
            # What cannot be written again is not read: infinite numbers, and halves of characters.
            _encoded(stored)
        except ValueError, RecursionError:
            raise RecordUnreadable("it is not valid JSON") from None
        match stored:
            case {"version": int(version)} if version > _VERSION:
                raise RecordUnreadable(f"version {version}", "record_newer")
            case {"version": int(version), "data": dict(data)} if version == _VERSION:
                try:
                    record: BoardRecord = from_json(BoardRecord, data, "data")
                except ValueError as err:
                    raise RecordUnreadable(str(err)) from None
                return record
        raise RecordUnreadable("it is no record of a board")

    async def _write(self, changed: BoardRecord) -> None:
        if self._stored is None:
            raise JournalUnwritable(f"{self.path.name} was not read")
        if changed != self._stored:
            await self._hass.async_add_executor_job(self._replace, to_json(changed))
        self.record = self._stored = changed

    def _replace(self, data: dict[str, Any]) -> None:
        facts = {"version": _VERSION, "minor_version": _MINOR_VERSION, "key": self._key, "data": data}
        try:
            content = _encoded(facts)
            self.path.parent.mkdir(exist_ok=True)
            write_private(self.path, content)
            if self.path.read_bytes() == content:
                return
        except OSError as err:
            # Not as the cause: nothing of what was to be written is to be printed.
            raise JournalUnwritable(f"{self.path.name} cannot be written: {words_of(err)}") from None
        except TypeError, ValueError:
            raise _Unstorable(f"{self.path.name} would hold what no file can") from None
        raise JournalUnwritable(f"{self.path.name} is not on the disk as it was written")


@singleton(f"{DOMAIN}_stores")
def _stores(_hass: HomeAssistant) -> WeakValueDictionary[str, RecordStore]:
    return WeakValueDictionary()


@callback
def async_get_store(hass: HomeAssistant, entry_id: str) -> RecordStore:
    """Return the one store of an entry: a dialog that outlives a reload must not write over what was noted since."""
    return _stores(hass).setdefault(entry_id, RecordStore(hass, entry_id))


def _encoded(facts: object) -> bytes:
    """Return facts as JSON. Raises TypeError or ValueError."""
    return json.dumps(facts, ensure_ascii=False, allow_nan=False).encode()
