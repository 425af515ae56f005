"""How long a board may take for what it does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Times in seconds, for a real board unless said otherwise.

    After its 200 a board pauses for half a second, copies for some seconds, resets, and joins its Wi-Fi network for
    some seconds more: it is away for 10 to 30 s in all.
    """

    # Nothing taken for so long, and the upload is given up. Erasing flash takes a board tenths of a second.
    stall_after: float = 30.0
    answer_within: float = 10.0
    # A board that has not been seen to go away by then has not restarted.
    leaves_within: float = 20.0
    returns_within: float = 180.0
    # No restart is shorter: the pause behind a 200, a second or more to copy any sketch with OTA inside, the bootloader,
    # and seconds to join the network. Who has not looked for so long may have missed one.
    away_at_least: float = 2.0
    probe_every: float = 1.0
    probe_within: float = 3.0
    # A sketch that is busy with something else may leave a request unanswered for a while, without having restarted.
    silence_means_away: float = 6.0
    # Pause before an upload that was cut short is tried again.
    retry_after: float = 2.0
    tries: int = 3


DEFAULT = Timing()
