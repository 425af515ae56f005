"""How long a board may take for what it does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times in seconds, for a real board unless said otherwise.

    After its 200 a board pauses for half a second, ArduinoOTA for one, copies for some seconds, resets, and joins its
    Wi-Fi network for some seconds more: it is away for 10 to 30 s in all (protocol.md).
    """

    # Until its restart it answers nobody. Who answers for longer than it can pause has not taken the sketch.
    leave_timeout: float = 5.0
    return_timeout: float = 180.0
    # No restart is shorter: the pause behind a 200, a second or more to copy any sketch with OTA inside, the bootloader,
    # and seconds to join the network. Who has not looked for so long may have missed one.
    minimum_absence: float = 2.0
    probe_interval: float = 1.0
    # Whoever is back only after this may have been flashed by cable in the meantime.
    proof_timeout: float = 600.0
    # A sketch that polls every 8 s can be flashed, slowly (protocol.md). What takes this long for an answer cannot.
    slowest_answer: float = 12.0
    # An upload that broke off is tried again, so many times in all: after a pause, and not before the board answers.
    # It may have been reset, and joins its network again.
    tries: int = 3
    retry_interval: float = 2.0
    rejoin_timeout: float = 60.0


DEFAULT = Timeouts()
