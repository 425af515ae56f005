"""Uploading to a board until it has the whole image, or has failed to take it often enough."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import time

from ..errors import AnotherBoard, BoardError, BoardUnreachable, NotABoard, UploadCut, UploadStalled
from ..protocol.client import BoardClient
from .timeouts import Timeouts

# Uploads that end after times that differ by no more than this part end by a clock: the sketch's own watchdog, likely.
SAME_TIME = 0.2


@dataclass(slots=True)
class Upload:
    """One image on its way to one board, in one or more tries."""

    client: BoardClient
    timeouts: Timeouts
    image: bytes
    password: str
    on_progress: Callable[[int], None]
    # Whether the board may have got anything of the image, and the most bytes that it is known to have taken in a try.
    begun: bool = False
    taken: int = 0
    _began: float = 0.0
    _moved: float = 0.0

    async def run(
        self, before_try: Callable[[], Awaitable[None]], before_last_chunk: Callable[[], Awaitable[None]]
    ) -> None:
        """Return when the board has answered 200.

        As long as it lacks a part of the image it runs what it ran before: trying again is safe, and `before_try` is
        awaited before each further try.

        Raises what `BoardClient.upload` raises, and what the callbacks do.
        """
        lasted: list[float] = []
        while True:
            self._began = self._moved = 0.0
            try:
                return await self.client.upload(
                    self.image, self.password, on_progress=self._report, before_last_chunk=before_last_chunk
                )
            except BoardError as error:
                sent_nothing = isinstance(error, BoardUnreachable | NotABoard | AnotherBoard) and not self.taken
                self.begun = self.begun or not sent_nothing
                if isinstance(error, BoardUnreachable | UploadCut | UploadStalled):
                    lasted.append(self._moved - self._began)
                    if len(lasted) < self.timeouts.tries and await self._answers_again():
                        await before_try()
                        continue
                raise self._truth(error, lasted) from None

    def _report(self, taken: int) -> None:
        self._moved = time.monotonic()
        self._began = self._began or self._moved
        self.taken = max(self.taken, taken)
        self.on_progress(taken)

    async def _answers_again(self) -> bool:
        """Wait for a board that may have been reset, and has nothing of the image anymore. Raises AnotherBoard."""
        self.on_progress(0)
        deadline = time.monotonic() + self.timeouts.rejoin_timeout
        while time.monotonic() < deadline:
            await asyncio.sleep(self.timeouts.retry_interval)
            try:
                await self.client.identify()
            except AnotherBoard:
                raise
            except BoardError:
                continue
            return True
        return False

    def _truth(self, error: BoardError, lasted: list[float]) -> BoardError:
        """Return an error that does not say that nothing was sent when an earlier try has sent something."""
        longest = max(lasted, default=0.0)
        same_time = len(lasted) == self.timeouts.tries > 1 and longest - min(lasted) <= SAME_TIME * longest > 0
        if same_time or (self.begun and isinstance(error, BoardUnreachable | NotABoard)):
            return UploadCut(self.taken, len(self.image), same_time=same_time)
        return error
