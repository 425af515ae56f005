"""What is known of one board besides its configuration entry, and how that changes: as it is on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Self

from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota.firmware.offers import Seen
from ..arduino_ota.flash.passwords import Keyring
from ..arduino_ota.flash.pending import Pending
from ..arduino_ota.flash.stored import UNKNOWN
from ..arduino_ota.flash.verdict import Outcome, Running, Verdict
from ..arduino_ota.libraries import Library
from ..errors import not_applied_error, translated_error, uncertain_error
from ..issues import Kind
from .memory import SourceMemory

KEPT_FLASHES: Final = 10
# The reasons of notices that ask for the password of the board.
_ASK_FOR_PASSWORD: Final = ("wrong_password", "verdict_password_unknown")
# What ran here is never new again; nobody goes back further than this.
_KEPT_SHA256S: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFlash:
    """A sketch that was flashed from here, or adopted. `started` is in seconds since the epoch, `size` in bytes."""

    version: str
    sha256: str
    size: int
    started: float
    # What the sketch accepts, as far as it is known: needed to roll back to it.
    password: str | None = field(default=None, repr=False)
    signature: str | None = None
    previous_version: str | None = None
    # What its image says that it is called, and which library serves its updates, if any does.
    name: str | None = None
    library: Library | None = None
    ota: bool = True
    # What its build will need a hand for, such as the reset button after its next update: by its code, with placeholders.
    warnings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # It has still to show that it is healthy.
    health_due: bool = False
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_locked(self) -> bool:
        """It accepts a password that nobody knows."""
        return self.ota and self.password is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingOrder:
    """An install that was ordered and has not begun. Times are in seconds since the epoch.

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
    # What its sketch had announced by then, and the library of that: with others, it is flashed from somewhere else.
    board_name: str | None = None
    board_library: Library | None = None
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def may_wait(self) -> bool:
        """Whether it outlives a restart: what may not wait has to be ordered again."""
        return self.until != self.ordered

    def after(self, pending: Pending) -> Self | None:
        """Return what is left to do on a board that has been flashed meanwhile."""
        later = replace(self, board_name=None, board_library=pending.library)
        return None if self.sha256 == pending.sha256 else later


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a person has to know; its repair issue is raised from here at each start.

    `reason` is the translation key of the sentence that says why, with the values of its placeholders.
    """

    reason: str
    placeholders: Mapping[str, str] = field(default_factory=dict)
    # What installs the build again; its image is kept as long as the notice is.
    order: WaitingOrder | None = None
    # A person has closed the issue, and what it is about may still be found out anew.
    is_closed: bool = False
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def with_password_known(self) -> Self:
        """Return what it says once the password is known that it has asked for."""
        return replace(self, reason="password_known") if self.reason in _ASK_FOR_PASSWORD else self


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRecord:
    """Passwords, the flash whose end is not known, what ran before, what is ordered, and what a person has to know."""

    keyring: Keyring = field(default_factory=Keyring)
    pending: Pending | None = None
    history: tuple[PastFlash, ...] = ()  # the newest first
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
    source_memory: SourceMemory = field(default_factory=SourceMemory)
    # When the board was last asked which password it accepts, and whether it accepted none of those that are known.
    password_checked: float = 0.0
    password_rejected: bool = False
    # The SHA-256 of the build that takes the place of one that is not healthy.
    rollback_to: str | None = None
    # By the kind of the issue; a newer version may know more kinds.
    notices: Mapping[str, Notice] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def running(self) -> PastFlash | None:
        """The flash that brought what the board runs."""
        return self.history[0] if self.history and self.history[0].sha256 == self.sha256 else None

    @property
    def order_to_begin(self) -> WaitingOrder | None:
        """What is ordered and has not begun: the order of the pending flash has, whatever became of it."""
        if self.order is not None and self.pending is not None and self.order.ordered <= self.pending.started:
            return None
        return self.order

    @property
    def health_is_due(self) -> bool:
        return self.running is not None and self.running.health_due

    @property
    def is_unfinished(self) -> bool:
        """Whether an install goes on after a restart."""
        return self.health_is_due or any((self.pending, self.rollback_to, self.order and self.order.may_wait))

    def accepted(self, password: str, now: float) -> Self:
        """Return the record of a board that accepts a password, outside of any flash from here.

        Another one than before tells that somebody else has flashed the board, unless nobody knew the password of the
        sketch that was flashed from here: it is none of those that were tried then.
        """
        known, running = self.keyring, self.running
        changed = replace(
            self,
            keyring=known.accepted(password),
            password_checked=now,
            password_rejected=False,
            notices={kind: notice.with_password_known() for kind, notice in self.notices.items()},
        )
        if running is not None and running.is_locked and password not in known.passwords:
            return replace(changed, history=(replace(running, password=password), *self.history[1:]))
        is_same = running is None or (running.ota and not running.is_locked)
        return changed if known.current in (None, password) and is_same else changed.flashed_elsewhere()

    def rejected(self, now: float) -> Self:
        """Return the record of a board that accepts none of the passwords that are known: somebody else has flashed it."""
        changed = replace(self, password_checked=now, password_rejected=True)
        return changed if self.running is not None and self.running.is_locked else changed.flashed_elsewhere()

    def flashed_elsewhere(self) -> Self:
        changed, told = replace(self, version=None, sha256=None, rollback_to=None), self.notices.get(Kind.UNHEALTHY)
        # What is said to run and not to be healthy does not run anymore.
        return changed if told is None or told.reason == "rolled_back" else changed.without_notices(Kind.UNHEALTHY)

    def replaced(self) -> Self:
        """Return the record of other hardware: nobody knows what it runs, nor will how a flash of the other has ended."""
        return replace(self.flashed_elsewhere(), pending=None, order=None, notices={})

    def adopted(self, flash: PastFlash, now: float) -> Self:
        """Return the record of a board that runs a sketch whose image somebody had, and accepts its password."""
        changed = self.accepted(flash.password or "", now)
        if self.running is not None and self.running.sha256 == flash.sha256:
            return replace(
                changed,
                version=self.version,
                sha256=self.sha256,
                rollback_to=self.rollback_to,
                history=(replace(self.running, password=flash.password), *self.history[1:]),
            )
        return replace(changed.running_now(flash), notices={})

    @property
    def needed_images(self) -> list[str]:
        """What must not be tidied away, by its SHA-256: what may be being flashed, and what is to be."""
        orders = (self.order, *(notice.order for notice in self.notices.values()))
        return [one.sha256 for one in (self.pending, *orders) if one is not None]

    @property
    def past_images(self) -> list[str]:
        """What was flashed, by its SHA-256, the newest first."""
        return list(dict.fromkeys(flash.sha256 for flash in self.history))

    def with_notice(
        self, kind: Kind, reason: HomeAssistantError, version: str, order: WaitingOrder | None = None
    ) -> Self:
        """Return the record with a notice about a version, and what would install it again."""
        facts = {"version": version, **(reason.translation_placeholders or {})}
        notice = Notice(reason=reason.translation_key or "unexpected", placeholders=facts, order=order)
        return replace(self, notices={**self.notices, kind: notice})

    def with_notice_closed(self, kind: Kind) -> Self:
        """Return the record after a person has closed an issue; as long as a flash has no end, it is known to be closed."""
        if kind is Kind.UNHEALTHY and (self.pending is None or self.pending.sha256 != self.rollback_to):
            return replace(self, rollback_to=None).without_notices(kind)
        if kind is not Kind.NOT_BACK or (notice := self.notices.get(kind)) is None or self.pending is None:
            return self.without_notices(kind)
        return replace(self, notices={**self.notices, kind: replace(notice, is_closed=True)})

    def without_notices(self, *kinds: Kind) -> Self:
        return replace(self, notices={kind: notice for kind, notice in self.notices.items() if kind not in kinds})

    def closed(self, keyring: Keyring, outcome: Outcome | None, now: float) -> Self:
        """Return the record after the end of the pending flash, with what a person has to know about that.

        There is no outcome where the board got nothing of the sketch: what was ordered is still ordered.
        """
        # Meanwhile, a person may have called it off.
        rollback_to = self.rollback_to if Kind.UNHEALTHY in self.notices else None
        changed = replace(self, pending=None, keyring=keyring, password_checked=now, rollback_to=rollback_to)
        if outcome is None:
            return changed
        verdict, pending, later = outcome.verdict, outcome.pending, self.order_to_begin
        done = None if later else self.order
        is_rollback = pending.sha256 == self.rollback_to and done is None  # nobody has ordered it
        is_rejected = outcome.accepted is None and verdict is not Verdict.WITHOUT_OTA
        changed = replace(changed, order=later, password_rejected=is_rejected).without_notices(Kind.NOT_BACK)
        match outcome.running:
            case Running.NEW:
                changed = changed.running_now(_past(outcome, is_rollback=is_rollback))
                changed = replace(changed, notices={}, order=later and later.after(pending))
                if is_rollback:
                    reason = translated_error("rolled_back", version=self.version or "", previous=pending.version)
                    changed = changed.with_notice(Kind.UNHEALTHY, reason, self.version or "")
            case Running.UNKNOWN:
                changed = changed.flashed_elsewhere()
        match verdict:
            case Verdict.UNCERTAIN:
                changed = changed.with_notice(Kind.UNCERTAIN, uncertain_error(pending, ""), pending.version, done)
            case Verdict.NOT_APPLIED if not is_rollback:
                # What a roll-back should have replaced is told of already.
                reason = not_applied_error(outcome, "", "")
                changed = changed.with_notice(Kind.NOT_INSTALLED, reason, pending.version, done)
        return changed

    def judged(self, *, healthy: bool, rollback_to: str | None = None) -> Self:
        """Return the record after the health check of what the board runs."""
        if (running := self.running) is None:
            return self
        others = [sha256 for sha256 in self.failed if sha256 != running.sha256]
        return replace(
            self,
            history=(replace(running, health_due=False), *self.history[1:]),
            failed=tuple(others) if healthy else _first_ones(running.sha256, *others),
            chosen=None if not healthy and self.chosen == running.version else self.chosen,
            rollback_to=rollback_to,
        )

    def running_now(self, flash: PastFlash) -> Self:
        return replace(
            self,
            history=(flash, *self.history)[:KEPT_FLASHES],
            version=flash.version,
            sha256=flash.sha256,
            ran=_first_ones(flash.sha256, *self.ran),
            rollback_to=None,
        )


def _past(outcome: Outcome, *, is_rollback: bool) -> PastFlash:
    pending, is_open = outcome.pending, outcome.accepted is not None
    names = {each.name for each in fields(PastFlash)} & {each.name for each in fields(Pending)} - {UNKNOWN}
    known = {name: getattr(pending, name) for name in names}
    # A health check judges a build once, and a roll-back ends at the build that it goes back to.
    found = {"password": outcome.accepted, "ota": outcome.verdict is not Verdict.WITHOUT_OTA}
    return PastFlash(**known | found, health_due=is_open and not is_rollback)


def _first_ones(*sha256s: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sha256s))[:_KEPT_SHA256S]
