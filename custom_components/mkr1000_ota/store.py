"""What is kept on disk for each board besides its configuration entry."""

import asyncio
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .arduino_ota.flash.journal import Journal, JournalUnwritable
from .arduino_ota.flash.passwords import Keyring
from .arduino_ota.flash.pending import Pending
from .arduino_ota.flash.verdict import Outcome, Running, Verdict
from .const import DOMAIN

STORAGE_VERSION: Final = 1
KEPT_FLASHES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFlash:
    """A sketch that was flashed from here. `at` is in seconds since the epoch, `size` in bytes."""

    version: str
    sha256: str
    size: int
    at: float
    # What the sketch wants, as far as it is known: needed to go back to it.
    password: str | None = field(default=None, repr=False)
    # The text of the signature that it came with.
    signature: str | None = None
    # The version that ran before, None if nobody knows.
    previous: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what is stored. All flashes of all boards are, each time: `asdict` would take four times as long."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """An install that waits for a board that is away, until a time in seconds since the epoch.

    It is the sketch that was ordered, whatever its source offers by then: its image waits in the archive.
    """

    version: str
    until: float
    sha256: str
    # What the sketch is called when something is wrong with it.
    file: str
    # What the sketch will want afterwards, as far as somebody says so.
    password: str | None = field(default=None, repr=False)
    # The text of the signature that it came with.
    signature: str | None = None
    # It was allowed that the board cannot be flashed over the air again.
    without_ota: bool = False

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read what was stored, also before images were kept: without one, the wait ends, and the user is told."""
        return cls(**{"sha256": "", "file": stored["version"], **stored})


class BoardRecord(Journal):
    """Keyring, journal and history of one board; what it writes is on the disk when it returns."""

    def __init__(self, store: BoardStore, entry_id: str, stored: dict[str, Any]) -> None:
        """Read a record from what was stored."""
        self._store = store
        self.entry_id = entry_id
        self._keyring = Keyring(tuple(stored.get("keyring", ())))
        pending = stored.get("pending")
        self._pending = Pending.from_dict(pending) if pending else None
        # The newest first: its version is what the board runs, unless somebody else has flashed it since.
        self.history = [PastFlash(**flash) for flash in stored.get("history", ())]
        self.installed_version: str | None = stored.get("installed_version")
        # Typed by the user for the sketch of this version.
        self.next_passwords: dict[str, str] = dict(stored.get("next_passwords", {}))
        # The version that the user wants to be offered instead of the newest.
        self.pinned_version: str | None = stored.get("pinned_version")
        # Versions that failed their health check; they are not offered by themselves any more.
        self.failed_versions: list[str] = list(stored.get("failed_versions", ()))
        # The sketch that was flashed last has not passed its health check yet, whether there is one or not.
        self.unproven: bool = stored.get("unproven", False)
        awaited = stored.get("awaited")
        self.awaited = Awaited.from_dict(awaited) if awaited else None

    @property
    @override
    def keyring(self) -> Keyring:
        return self._keyring

    @property
    @override
    def pending(self) -> Pending | None:
        return self._pending

    @override
    async def write(self, pending: Pending) -> None:
        self._pending = pending
        # Whatever waited for the board ends with this flash, in the same moment: after a crash it is known to be one
        # or the other.
        self.awaited = None
        if not await self._store.save():
            raise JournalUnwritable

    @override
    async def close(self, keyring: Keyring, outcome: Outcome | None) -> None:
        self._keyring = keyring
        self._pending = None
        if outcome is not None and outcome.running is Running.UNKNOWN:
            self.installed_version = None
            self.unproven = False
        elif outcome is not None and outcome.running is Running.NEW:
            installed = outcome.pending
            self.installed_version = installed.version
            self.next_passwords.pop(installed.version, None)
            flash = PastFlash(
                version=installed.version,
                sha256=installed.sha256,
                size=installed.size,
                at=installed.started,
                password=outcome.accepted,
                signature=installed.signature,
                previous=installed.previous_version,
            )
            self.unproven = outcome.verdict is Verdict.FLASHED
            self.history = [flash, *self.history][:KEPT_FLASHES]
        await self._store.save()

    async def wait(self, awaited: Awaited) -> None:
        """Note what waits for the board. Raises JournalUnwritable if that is not on the disk afterwards."""
        self.awaited = awaited
        if not await self._store.save():
            raise JournalUnwritable

    async def accept(self, password: str) -> None:
        """Note that the board accepts a password."""
        self._keyring = self._keyring.accepted(password)
        if self.history and self.history[0].password is None and self.history[0].version == self.installed_version:
            self.history[0] = replace(self.history[0], password=password)
        await self._store.save()

    async def flashed_elsewhere(self) -> None:
        """Note that somebody else has flashed the board: what it runs is not known any more."""
        self.installed_version = None
        self.unproven = False
        await self._store.save()

    async def distrust(self, version: str, *, stays: bool = False) -> None:
        """Note that a version has failed its health check; if it was chosen, that was before it was known.

        It stays unproven until the one before has taken its place, or until it is clear that it `stays`.
        """
        self.failed_versions = list(dict.fromkeys([version, *self.failed_versions]))[:KEPT_FLASHES]
        if self.pinned_version == version:
            self.pinned_version = None
        if stays:
            self.unproven = False
        await self._store.save()

    async def trust(self, version: str) -> None:
        """Note that a version does what it is for, whatever happened to it before."""
        self.failed_versions = [failed for failed in self.failed_versions if failed != version]
        self.unproven = False
        await self._store.save()

    async def save(self) -> None:
        """Write down what was changed in place."""
        await self._store.save()

    def as_dict(self) -> dict[str, Any]:
        """Return what is stored; passwords in clear."""
        return {
            "keyring": list(self._keyring.passwords),
            "pending": self._pending.as_dict() if self._pending else None,
            "history": [flash.as_dict() for flash in self.history],
            "installed_version": self.installed_version,
            "next_passwords": self.next_passwords,
            "pinned_version": self.pinned_version,
            "failed_versions": self.failed_versions,
            "unproven": self.unproven,
            "awaited": asdict(self.awaited) if self.awaited else None,
        }


class BoardStore:
    """The one file behind all records, readable by Home Assistant's user alone."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Open the file; nothing is read before `load`."""
        self._hass = hass
        self._file = self._open()
        self._records: dict[str, BoardRecord] = {}
        self._wanted = 0
        self._on_disk = 0
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Read all records."""
        stored = await self._file.async_load() or {}
        self._wanted = self._on_disk = stored.get("saved", 0)
        self._records = {
            entry_id: BoardRecord(self, entry_id, record) for entry_id, record in stored.get("boards", {}).items()
        }

    def record(self, entry_id: str) -> BoardRecord:
        """Return the record of a configuration entry; a new one is empty and not on the disk yet."""
        return self._records.setdefault(entry_id, BoardRecord(self, entry_id, {}))

    async def forget(self, entry_id: str) -> None:
        """Remove the record of an entry that was deleted, its passwords with it."""
        if self._records.pop(entry_id, None) is not None:
            await self.save()

    async def save(self) -> bool:
        """Write everything down now, and say whether it is on the disk.

        Home Assistant's storage logs a failed write and goes on, and while it stops it puts writes off. A flash must
        know better, so the file is read back.
        """
        self._wanted += 1
        number = self._wanted
        async with self._writing:
            if self._on_disk < number:
                # Whatever others wanted to be saved while somebody wrote goes with this.
                await self._write(self._wanted)
        return self._on_disk >= number

    async def _write(self, number: int) -> None:
        await self._file.async_save(
            {
                "saved": number,
                "boards": {entry_id: record.as_dict() for entry_id, record in self._records.items()},
            }
        )
        match await self._open().async_load():
            case {"saved": int(on_disk)}:
                self._on_disk = on_disk
            case _:
                self._on_disk = 0

    def _open(self) -> Store[dict[str, Any]]:
        return Store(self._hass, STORAGE_VERSION, DOMAIN, private=True, atomic_writes=True)
