"""What can go wrong with a board or a sketch: one exception for each thing a person can act on."""

from collections.abc import Mapping


class BoardError(Exception):
    """Something went wrong between us and a board."""


class BoardUnreachable(BoardError):
    """Nothing accepts a connection there: refused, no route, no such name, or no reply to the attempt.

    The board is off, restarting, off the Wi-Fi, or has another address.
    """


class HostUnknown(BoardUnreachable):
    """No address is known for the name of the host."""


class BoardSilent(BoardError):
    """A connection was accepted, and no answer came over it in time.

    The sketch is busy or hangs, the board is copying a sketch that it was sent, or another peer keeps it deaf.
    Nothing was sent that a board would apply.
    """


class PollsTooRarely(BoardError):
    """The board answers, and its sketch looks for requests so rarely that it cannot be flashed. Nothing was sent.

    Trying again cannot help: something else in its loop() takes too long.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The sketch looks for requests only every {seconds:.0f} seconds")
        self.seconds = seconds


class NotABoard(BoardError):
    """Something answers at that address, but not the way such a board answers."""


class AnotherBoard(BoardError):
    """What answers at the address of a board is, or may be, another one. Nothing was sent to it."""


class WrongPassword(BoardError):
    """The board wants another password (status 401). Nothing was applied."""


class StorageFailed(BoardError):
    """The board could not open the storage for the new sketch (status 500). Nothing was applied."""


class SketchTooLarge(BoardError):
    """The sketch is larger than the board's storage (status 413). Nothing was applied."""


class UploadCut(BoardError):
    """The connection ended before the board can have had the whole sketch.

    Nothing was applied, and trying again is safe. `taken` is how many of the `size` bytes the board had when that was
    last known. `same_time` says that it ended in each try after about the same time, as it does where the sketch has a
    watchdog, which resets the board in the middle of every upload: trying again cannot help then.
    """

    def __init__(self, taken: int, size: int, *, same_time: bool = False) -> None:
        super().__init__(f"The connection ended after {taken} of {size} bytes")
        self.taken = taken
        self.size = size
        self.same_time = same_time


class UploadStalled(BoardError):
    """The board took nothing for so long that the upload was given up and the connection closed.

    Nothing was applied, and trying again is safe.
    """

    def __init__(self, taken: int, size: int, seconds: float) -> None:
        super().__init__(f"The board took nothing for {seconds:g} seconds, after {taken} of {size} bytes")
        self.taken = taken
        self.size = size
        self.seconds = seconds


class UploadRejected(BoardError):
    """The board answered the upload with a status that no other error stands for. Nothing was applied."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The board rejected the upload with status {status}")
        self.status = status


class AnswerLost(BoardError):
    """The board may have the whole sketch, and its answer did not arrive.

    It flashes in that case or it does not: ask it which password it takes before trying again.
    """


class SketchRefused(Exception):
    """An image must not be sent to a board, because the board would not survive it."""

    def __init__(self, reason: str, message: str, placeholders: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.placeholders: dict[str, str] = dict(placeholders or {})
