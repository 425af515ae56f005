"""The transaction that flashes one board."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import time

from ..errors import AnswerLost, BoardError, BoardSilent, BoardUnreachable, UploadCut, UploadStalled, WrongPassword
from ..protocol.client import BoardClient
from ..sketch.sketch import Sketch
from .journal import Journal, JournalUnwritable, Pending, Phase, Verdict
from .passwords import candidates
from .restart import Restart, watch_restart
from .timing import Timing
from .verdict import judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be flashed.

    `declared` is the password that the sketch will want afterwards, as far as somebody says so.
    """

    sketch: Sketch
    version: str
    previous_version: str | None = None
    declared: str | None = field(default=None, repr=False)
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a flash ended. `seconds` is the time since it began, waiting for the board included."""

    verdict: Verdict
    pending: Pending
    seconds: float
    # The password that the board accepts now; None when it is not known.
    accepted: str | None = field(default=None, repr=False)


class Flasher:
    """Flashes one board, and knows afterwards which password it wants.

    One flash at a time; whoever owns the board sees to that.
    """

    def __init__(self, client: BoardClient, journal: Journal, timing: Timing) -> None:
        """Flash through a client, and write everything down in a journal."""
        self._client = client
        self._journal = journal
        self._timing = timing
        # When the last piece was let go, by the monotonic clock: from then on the board may flash and restart.
        self._let_go = 0.0

    async def accepted_password(self, *passwords: str) -> str | None:
        """Return the first of some passwords that the board accepts, None if it takes none of them.

        Raises BoardUnreachable, BoardSilent or NotABoard.
        """
        for password in dict.fromkeys(passwords):
            try:
                await self._client.check_password(password)
            except WrongPassword:
                continue
            return password
        return None

    async def flash(self, order: Order, on_progress: Callable[[int], None]) -> Outcome:
        """Flash a board and wait until it is back.

        `on_progress` is called with the bytes that the board has taken, and starts again from 0 when an upload that
        was cut short is repeated.

        Raises WrongPassword when the board takes no password of the keyring, and any other BoardError that ended the
        upload before the board had the whole image. The journal is closed then, and the board runs what it ran.
        """
        keyring = self._journal.keyring
        if (password := await self.accepted_password(*keyring.passwords)) is None:
            raise WrongPassword
        wanted = candidates(order.sketch, keyring, password, order.declared)
        pending = Pending(
            version=order.version,
            previous_version=order.previous_version,
            sha256=order.sketch.sha256,
            size=order.sketch.size,
            started=time.time(),
            old=password,
            expected=wanted.expected,
            guesses=wanted.guesses,
            declares_another=wanted.declares_another,
            name=order.sketch.name,
            library=order.sketch.library,
            signature=order.signature,
            ota=order.sketch.ota,
        )
        await self._journal.write(pending)
        try:
            await self._upload(order.sketch.image, pending, on_progress)
        except AnswerLost:
            pending = pending.at(Phase.FINISHING)
        except Exception:
            # Whatever it was, it came before a 200: the board runs what it ran.
            await self._journal.close(keyring.accepted(password), Verdict.NOT_APPLIED)
            raise
        else:
            pending = pending.at(Phase.ANSWERED)
        return await self._conclude(pending)

    async def resolve(self) -> Outcome | None:
        """Find out what became of a flash that nobody saw end.

        Returns None as long as the board does not answer. Raises another BoardError when something else answers there.
        """
        if (pending := self._journal.pending) is None:
            return None
        try:
            await self._client.identify(timeout=self._timing.probe_within)
            accepted = await self._password_now(pending)
        except BoardUnreachable:
            await self.seen_away()
            return None
        except BoardSilent:
            # Its sketch may just be busy: that is no sign of a restart.
            return None
        return await self._close(pending, judge(pending, accepted, watched=False), accepted)

    async def seen_away(self) -> None:
        """Note that a board whose flash nobody saw end is off the network."""
        pending = self._journal.pending
        if pending is not None and not pending.seen_away:
            await self._note(pending.away())

    async def _upload(self, image: bytes, pending: Pending, on_progress: Callable[[int], None]) -> None:
        async def before_last() -> None:
            await self._journal.write(pending.at(Phase.FINISHING))
            self._let_go = time.monotonic()

        for tries_left in reversed(range(self._timing.tries)):
            try:
                await self._client.upload(
                    image,
                    pending.old,
                    on_progress=on_progress,
                    before_last=before_last,
                    stall_after=self._timing.stall_after,
                    answer_within=self._timing.answer_within,
                )
            except BoardUnreachable, BoardSilent, UploadCut, UploadStalled:
                # The board lacks a part of the image and runs what it ran before: trying again is safe.
                if not tries_left:
                    raise
                await asyncio.sleep(self._timing.retry_after)
                await self._journal.write(pending)
            else:
                return

    async def _conclude(self, pending: Pending) -> Outcome:
        async def seen_away() -> None:
            await self._note(pending.away())

        if pending.phase is Phase.ANSWERED and not pending.ota:
            return await self._close(pending, Verdict.WITHOUT_OTA, None)
        # A board is gone half a second after its answer: it is watched while that is being written down.
        async with asyncio.TaskGroup() as both:
            both.create_task(self._note(pending))
            watching = both.create_task(
                watch_restart(
                    self._client,
                    self._timing,
                    since=self._let_go,
                    surely=pending.phase is Phase.ANSWERED,
                    seen_away=seen_away,
                )
            )
        restart = watching.result()
        if restart in (Restart.BACK, Restart.NOT_BACK):
            pending = pending.away()
        if restart is not Restart.NOT_BACK:
            try:
                accepted = await self._password_when_back(pending)
            except BoardError:
                restart = Restart.NOT_BACK
            else:
                watched = restart is not Restart.UNSEEN
                return await self._close(pending, judge(pending, accepted, watched=watched), accepted)
        if not pending.ota:
            return await self._close(pending, Verdict.WITHOUT_OTA, None)
        return _outcome(Verdict.NOT_BACK, pending, None)

    async def _password_when_back(self, pending: Pending) -> str | None:
        """Ask a board that has just answered; it may still be about to fall silent for a moment."""
        deadline = time.monotonic() + self._timing.returns_within
        while True:
            try:
                return await self._password_now(pending)
            except BoardError:
                if time.monotonic() >= deadline:
                    raise
                await asyncio.sleep(self._timing.probe_every)

    async def _password_now(self, pending: Pending) -> str | None:
        return await self.accepted_password(
            *pending.expected, pending.old, *self._journal.keyring.passwords, *pending.guesses
        )

    async def _note(self, pending: Pending) -> None:
        """Write down what happened to a board that may be flashing already: a full disk cannot stop that."""
        with suppress(JournalUnwritable):
            await self._journal.write(pending)

    async def _close(self, pending: Pending, verdict: Verdict, accepted: str | None) -> Outcome:
        keyring = self._journal.keyring
        if accepted is not None:
            keyring = keyring.accepted(accepted)
        elif verdict is Verdict.LOCKED:
            keyring = keyring.also(*pending.expected)
        await self._journal.close(keyring, verdict)
        return _outcome(verdict, pending, accepted)


def _outcome(verdict: Verdict, pending: Pending, accepted: str | None) -> Outcome:
    return Outcome(verdict=verdict, pending=pending, seconds=time.time() - pending.started, accepted=accepted)
