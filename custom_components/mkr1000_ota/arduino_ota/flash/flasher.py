"""The transaction that flashes one board."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
import time

from ..errors import AnswerLost, BoardError, BoardSilent, BoardUnreachable, PollsTooRarely, WrongPassword
from ..libraries import Library
from ..protocol.client import BoardClient
from ..sketch import Sketch
from .journal import Journal, JournalUnwritable
from .passwords import Keyring, candidates, stands_in
from .pending import Pending, Phase
from .restart import watch_restart
from .stored import is_storable
from .timeouts import Timeouts
from .upload import Upload
from .verdict import Evidence, Outcome, Verdict, verdict_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be flashed.

    `password` is what the sketch will want afterwards, as far as somebody says so. `running` is the sketch that the
    board runs now, where its image is at hand. `storage` is where the running sketch keeps a new one.
    """

    sketch: Sketch
    version: str
    previous_version: str | None = None
    password: str | None = field(default=None, repr=False)
    signature: str | None = None
    running: Sketch | None = None
    storage: str = "internal"

    def pending(self, keyring: Keyring, old_password: str, library: Library) -> Pending:
        """Return what is to be written down of a flash; the board takes this password, and answers like this library.

        A password that no journal can hold is left out, as if nobody had declared it.
        """
        sketch, password = self.sketch, self.password
        if password is not None and not is_storable(password):
            password = None
        expected, guesses = candidates(sketch, keyring, password)
        return Pending(
            version=self.version,
            previous_version=self.previous_version,
            sha256=sketch.sha256,
            size=sketch.size,
            started=time.time(),
            old_password=old_password,
            password=password,
            signature=self.signature,
            stated_password=sketch.stated_password if sketch.stated_password in expected else None,
            expected=expected,
            guesses=guesses,
            password_in_image=password is not None and stands_in(sketch, password),
            old_password_in_image=stands_in(sketch, old_password),
            old_password_in_running=stands_in(self.running, old_password) if self.running else None,
            name=sketch.name,
            library=sketch.library,
            running_library=library,
            storage=self.storage,
            ota=sketch.ota,
            warnings={warning.code: warning.placeholders for warning in sketch.warnings},
            running_warnings=tuple(warning.code for warning in self.running.warnings) if self.running else (),
        )


class Flasher:
    """Flashes one board, and knows afterwards which password it wants.

    One flash at a time; whoever owns the board sees to that.
    """

    def __init__(self, client: BoardClient, journal: Journal, timeouts: Timeouts) -> None:
        self._client = client
        self._journal = journal
        self._timeouts = timeouts
        # When the last chunk was released, by the monotonic clock: from then on the board may flash and restart.
        self._released_at = 0.0

    async def accepted_password(self, *passwords: str) -> str | None:
        """Return the first of some passwords that the board accepts, None if it takes none of them.

        One that no journal can hold is left out. Raises BoardUnreachable, BoardSilent or NotABoard.
        """
        return (await self._first_accepted(passwords))[0]

    async def flash(self, order: Order, on_progress: Callable[[int], None]) -> Outcome:
        """Flash a board and wait until it is back.

        `on_progress` is called with the bytes that the board has taken, with 0 when an upload that is to be repeated
        was cut short. If an error ends the upload on the way, it is in the outcome.

        Raises WrongPassword when the board takes no password of the keyring, PollsTooRarely, JournalUnwritable, and any
        other BoardError that ended it before the board got anything of the sketch.
        """
        keyring = self._journal.keyring
        # No password goes to what is no board. And with this behind it, the next answer takes a whole loop of the sketch.
        await self._client.identify()
        password, library = await self._first_accepted(keyring.passwords)
        if password is None or library is None:
            raise WrongPassword("The board takes none of the passwords that are known for it")
        await self._check_pace(password)
        pending = order.pending(keyring, password, library)
        await self._journal.write(pending)
        upload = Upload(self._client, self._timeouts, order.sketch.image, password, on_progress)

        async def before_last_chunk() -> None:
            await self._journal.write(pending.at(Phase.FINISHING))
            self._released_at = time.monotonic()

        try:
            await upload.run(partial(self._journal.write, pending), before_last_chunk)
        except AnswerLost:
            return await self._conclude(pending.at(Phase.FINISHING))
        except (BoardError, JournalUnwritable) as error:
            # It came before a 200: the board runs what it ran. After anything else that is still to be found out.
            if isinstance(error, BoardError) and upload.begun:
                # A wrong password now means that somebody else has flashed it since it was asked.
                accepted = None if isinstance(error, WrongPassword) else password
                return await self._end(pending, Evidence(library=library, accepted=accepted), error)
            await self._journal.close(keyring.accepted(password), None)
            raise
        return await self._conclude(pending.at(Phase.ANSWERED))

    async def resolve(self) -> Outcome | None:
        """Find out what became of a flash that nobody saw end.

        It tries every password that the board may want now, and waits for a busy sketch as long as any request does.
        Returns None if no flash is pending, and as long as the board does not answer. Raises another BoardError when
        something else answers there.
        """
        if (pending := self._journal.pending) is None:
            return None
        if pending.phase is Phase.ANSWERED and not pending.ota:
            return await self._end(pending, None)
        late = not 0 <= time.time() - pending.phase_began <= self._timeouts.proof_timeout
        try:
            seen = Evidence(library=await self._client.identify(), late=late)
            return await self._end(pending, await self._with_password(pending, seen))
        except BoardUnreachable, BoardSilent:
            return None

    async def _check_pace(self, password: str) -> None:
        """Raise PollsTooRarely if the last answer and another one took longer than an upload can bear."""
        if self._last_wait > self._timeouts.slowest_answer:
            # Another peer may have kept it busy, once.
            await self._client.check_password(password)
            if (seconds := self._last_wait) > self._timeouts.slowest_answer:
                raise PollsTooRarely(seconds)

    @property
    def _last_wait(self) -> float:
        """For how many seconds the board, which has just answered, let us wait for that."""
        return time.monotonic() - self._client.connected_at

    async def _conclude(self, pending: Pending) -> Outcome:
        """Watch a board that may have the whole image, until it is known what became of that."""
        answered = pending.phase is Phase.ANSWERED
        if answered and not pending.ota:
            return await self._end(pending, None)
        # A board is gone half a second after its answer: it is watched while that is being written down.
        async with asyncio.TaskGroup() as both:
            both.create_task(self._note(pending))
            watching = both.create_task(
                watch_restart(self._client, self._timeouts, since=self._released_at, answered=answered)
            )
        seen = watching.result()
        deadline = time.monotonic() + self._timeouts.return_timeout
        while seen is not None:
            try:
                seen = await self._with_password(pending, seen)
                break
            except BoardError:
                # It has just answered; it may still be about to fall silent for a moment.
                seen = replace(seen, stayed=False) if time.monotonic() < deadline else None
                await asyncio.sleep(self._timeouts.probe_interval)
        return await self._end(pending, seen)

    async def _with_password(self, pending: Pending, seen: Evidence) -> Evidence:
        """Find out which password a board accepts, the likeliest first: each costs it a moment."""
        before = (pending.old_password, *self._journal.keyring.passwords)
        likely = (*before, *pending.expected) if pending.phase is Phase.UPLOADING else (*pending.expected, *before)
        accepted, library = await self._first_accepted((*likely, *pending.guesses))
        return replace(seen, library=library or seen.library, accepted=accepted)

    async def _first_accepted(self, passwords: Iterable[str]) -> tuple[str | None, Library | None]:
        for password in filter(is_storable, dict.fromkeys(passwords)):
            with suppress(WrongPassword):
                return password, await self._client.check_password(password)
        return None, None

    async def _note(self, pending: Pending) -> None:
        """Write down what happened to a board that may be flashing already: a full disk cannot stop that."""
        with suppress(JournalUnwritable):
            await self._journal.write(pending)

    async def _end(self, pending: Pending, evidence: Evidence | None, error: BoardError | None = None) -> Outcome:
        keyring, verdict = self._journal.keyring, verdict_of(pending, evidence)
        accepted = evidence.accepted if evidence else None
        if accepted is not None:
            keyring = keyring.accepted(accepted)
        elif verdict in (Verdict.LOCKED, Verdict.UNCERTAIN):
            keyring = keyring.also(*pending.expected)
        outcome = Outcome(verdict=verdict, pending=pending, accepted=accepted, error=error)
        if verdict is not Verdict.NOT_BACK:
            await self._journal.close(keyring, outcome)
        return outcome
