"""What is known of one board besides its configuration entry, as it is on disk."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Self

import voluptuous as vol

from ..arduino_ota.firmware.offers import Seen
from ..arduino_ota.flash.passwords import Keyring
from ..arduino_ota.flash.pending import Pending
from ..arduino_ota.flash.verdict import Outcome, Running, Verdict
from ..issues import Kind

KEPT_FLASHES: Final = 10
# What ran here is never new again; nobody goes back further than this.
_KEPT_SHA256S: Final = 200


class RecordUnreadable(Exception):
    """What is on disk is no record that this version understands; the message says what is wrong, without values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFlash:
    """A sketch that was flashed from here. `started` is in seconds since the epoch, `size` in bytes."""

    version: str
    sha256: str
    size: int
    started: float
    # What the sketch accepts, as far as it is known: needed to roll back to it.
    password: str | None = field(default=None, repr=False)
    signature: str | None = None
    previous_version: str | None = None
    # The codes of what its build will need a hand for, such as the reset button after its next update.
    warnings: tuple[str, ...] = ()
    # What its health check said; None before there was any.
    healthy: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingOrder:
    """An install that waits for its board. Times are in seconds since the epoch.

    It is the sketch that was ordered, whatever its source offers by then: its image waits among the archived ones.
    """

    version: str
    sha256: str
    # What the sketch is called when something is wrong with it.
    file: str
    ordered: float
    until: float
    password: str | None = field(default=None, repr=False)
    signature: str | None = None
    # The refusals that whoever ordered it has overridden.
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person has to know; its repair issue is raised from here at each start.

    `reason` is the translation key of the sentence that says why, with the values of all placeholders.
    """

    reason: str | None = None
    placeholders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRecord:
    """Passwords, the flash whose end is not known, what ran before, what is ordered, and what a person has to know."""

    keyring: Keyring = field(default_factory=Keyring)
    pending: Pending | None = None
    # The newest first.
    history: tuple[PastFlash, ...] = ()
    # What the board runs, None where that was not flashed from here.
    version: str | None = None
    sha256: str | None = None
    order: WaitingOrder | None = None
    # The label of the build that a person wants to be offered instead of the newest.
    chosen: str | None = None
    # Builds by their SHA-256, the latest first: what ran here, and what has failed its health check.
    ran: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    # When each build was seen first, by its SHA-256: the dates of files change with every copy.
    seen: Mapping[str, Seen] = field(default_factory=dict)
    # What the source offered last, without anything secret, for a start at which it cannot be asked.
    source_memory: Mapping[str, Any] = field(default_factory=dict)
    # When the board last said which password it accepts, and whether it accepted none of those that are known.
    password_checked: float = 0.0
    password_rejected: bool = False
    # The SHA-256 of the build that takes the place of one that is not healthy.
    rollback_to: str | None = None
    # By the kind of the issue.
    notices: Mapping[Kind, Notice] = field(default_factory=dict)
    # What a newer version of the integration has written, kept for its return.
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def running(self) -> PastFlash | None:
        """The flash that brought what the board runs."""
        return self.history[0] if self.history and self.history[0].sha256 == self.sha256 else None

    @property
    def health_is_due(self) -> bool:
        """Whether what the board runs has still to show that it is healthy."""
        return (running := self.running) is not None and running.healthy is None and running.password is not None

    def accepted(self, password: str, now: float) -> Self:
        """Return the record of a board that accepts a password, outside of any flash from here.

        Another one than before tells that somebody else has flashed the board, unless nobody knew the password of the
        sketch that was flashed from here.
        """
        known = self.keyring.current
        keyring = self.keyring.accepted(password)
        changed = replace(self, keyring=keyring, password_checked=now, password_rejected=False)
        if (running := self.running) is not None and running.password is None:
            return replace(changed, history=(replace(running, password=password), *self.history[1:]))
        return changed if known in (None, password) else changed.flashed_elsewhere()

    def rejected(self, now: float) -> Self:
        """Return the record of a board that accepts none of the passwords that are known: somebody else has flashed it."""
        changed = replace(self, password_checked=now, password_rejected=True)
        return changed if self.running is not None and self.running.password is None else changed.flashed_elsewhere()

    def flashed_elsewhere(self) -> Self:
        """Return the record of a board that somebody else has flashed: what it runs is not known."""
        return replace(self, version=None, sha256=None, rollback_to=None)

    def with_notices(self, notices: Mapping[Kind, Notice]) -> Self:
        """Return the record with other notices."""
        return replace(self, notices=notices)

    def flashed(self, pending: Pending, keyring: Keyring, password: str | None) -> Self:
        """Return the record of a board that runs what was pending; `password` is None if nobody knows it."""
        flash = PastFlash(
            version=pending.version,
            sha256=pending.sha256,
            size=pending.size,
            started=pending.started,
            password=password,
            signature=pending.signature,
            previous_version=pending.previous_version,
            warnings=pending.warnings,
            # A health check judges a build once, and a roll-back ends at the build that it goes back to.
            healthy=True if pending.sha256 == self.rollback_to else None,
        )
        return replace(
            self,
            keyring=keyring,
            pending=None,
            history=(flash, *self.history)[:KEPT_FLASHES],
            version=pending.version,
            sha256=pending.sha256,
            ran=_first_ones(pending.sha256, *self.ran),
            rollback_to=None,
        )

    def closed(self, keyring: Keyring, outcome: Outcome | None) -> Self:
        """Return the record after the end of the pending flash, with what a person has to know about that.

        There is no outcome where the board got nothing of the sketch.
        """
        changed = replace(self, pending=None, keyring=keyring)
        if outcome is None:
            return changed
        told = {"version": outcome.pending.version}
        match outcome.running:
            case Running.NEW:
                changed = self.flashed(outcome.pending, keyring, outcome.accepted)
            case Running.UNKNOWN:
                changed = changed.flashed_elsewhere()
        notices: dict[Kind, Notice] = {}
        match outcome.verdict:
            case Verdict.UNCERTAIN:
                notices = {Kind.UNCERTAIN: Notice(reason="verdict_uncertain", placeholders=told)}
            case Verdict.NOT_APPLIED if outcome.error is None:
                notices = {Kind.NOT_INSTALLED: Notice(reason="verdict_not_applied", placeholders=told)}
        rejected = outcome.accepted is None and outcome.verdict is not Verdict.WITHOUT_OTA
        return replace(changed, notices=notices, password_rejected=rejected)

    def judged(self, *, healthy: bool, rollback_to: str | None = None) -> Self:
        """Return the record after the health check of what the board runs."""
        if (running := self.running) is None:
            return self
        others = [sha256 for sha256 in self.failed if sha256 != running.sha256]
        return replace(
            self,
            history=(replace(running, healthy=healthy), *self.history[1:]),
            failed=tuple(others) if healthy else _first_ones(running.sha256, *others),
            chosen=None if not healthy and self.chosen == running.version else self.chosen,
            rollback_to=rollback_to,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what is stored; passwords in clear."""
        known = asdict(self) | {"keyring": list(self.keyring.passwords)}
        del known["unknown"]
        return {**self.unknown, **known, "pending": self.pending.as_dict() if self.pending else None}

    @classmethod
    def from_dict(cls, stored: object) -> Self:
        """Read what `as_dict` returned, after a journey through JSON; what is null counts as missing.

        Raises RecordUnreadable.
        """
        try:
            valid = _RECORD(stored)
            unknown = {name: valid.pop(name) for name in list(valid) if name not in cls.__slots__}
            there = {name: value for name, value in valid.items() if value is not None}
            return cls(**there, unknown=unknown)
        except vol.Invalid as err:
            # The path, never the value: it may be a password.
            raise RecordUnreadable(f"its part {err.path!r} is not what it should be") from None
        except ValueError:
            raise RecordUnreadable("what it says of an unfinished flash is not what it should be") from None


def _first_ones(*sha256s: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sha256s))[:_KEPT_SHA256S]


def _past_flashes(stored: list[dict[str, Any]]) -> tuple[PastFlash, ...]:
    return tuple(PastFlash(**flash) for flash in stored)


_TEXT = vol.Maybe(str)
_TEXTS = vol.All([str], vol.Coerce(tuple))
_TIME = vol.Any(int, float)
_ORDERED = {
    vol.Required("version"): str,
    vol.Required("sha256"): str,
    vol.Optional("password"): _TEXT,
    vol.Optional("signature"): _TEXT,
}
_FLASH = vol.Schema(
    _ORDERED
    | {
        vol.Required("size"): int,
        vol.Required("started"): _TIME,
        vol.Optional("previous_version"): _TEXT,
        vol.Optional("warnings"): _TEXTS,
        vol.Optional("healthy"): vol.Maybe(bool),
    },
    extra=vol.REMOVE_EXTRA,
)
_ORDER = vol.Schema(
    _ORDERED
    | {
        vol.Required("file"): str,
        vol.Required("ordered"): _TIME,
        vol.Required("until"): _TIME,
        vol.Optional("allow"): _TEXTS,
    },
    extra=vol.REMOVE_EXTRA,
)
_NOTICE = vol.Schema({vol.Optional("reason"): _TEXT, vol.Optional("placeholders"): {str: str}}, extra=vol.REMOVE_EXTRA)
_SEEN = vol.Schema(
    {vol.Required("at"): _TIME, vol.Optional("built"): vol.Maybe(_TIME), vol.Optional("label"): str},
    extra=vol.REMOVE_EXTRA,
)
_RECORD = vol.Schema(
    {
        "keyring": vol.Maybe(vol.All(_TEXTS, vol.Coerce(Keyring))),
        "pending": vol.Maybe(vol.All(dict, Pending.from_dict)),
        "history": vol.Maybe(vol.All([_FLASH], _past_flashes)),
        "version": _TEXT,
        "sha256": _TEXT,
        "order": vol.Maybe(vol.All(_ORDER, lambda order: WaitingOrder(**order))),
        "chosen": _TEXT,
        "ran": vol.Maybe(_TEXTS),
        "failed": vol.Maybe(_TEXTS),
        "seen": vol.Maybe({str: vol.All(_SEEN, lambda seen: Seen(**seen))}),
        "source_memory": vol.Maybe(
            {
                vol.Optional("source"): str,
                vol.Optional("failing_since"): vol.Maybe(_TIME),
                vol.Optional("release"): vol.Maybe({str: vol.Any(str, int)}),
            }
        ),
        "password_checked": vol.Maybe(_TIME),
        "password_rejected": vol.Maybe(bool),
        "rollback_to": _TEXT,
        "notices": vol.Maybe({vol.Coerce(Kind): vol.All(_NOTICE, lambda notice: Notice(**notice))}),
    },
    extra=vol.ALLOW_EXTRA,
)
