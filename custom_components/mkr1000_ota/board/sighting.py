"""What is known of a board that was heard."""

from dataclasses import dataclass

from .library import Library


@dataclass(frozen=True, slots=True)
class Sighting:
    """One board, as it announced itself at one moment.

    An announcement holds nothing unique: the stock example names every board `Arduino`, and there is no MAC and no
    serial number in it. The address is all that tells two boards apart.
    """

    address: str
    """IPv4 address, from the A record."""

    port: int
    """TCP port that takes sketches, from the SRV record."""

    name: str
    """The name that the sketch gives to its library."""

    board: str
    """What the announcement calls the board: `mkr1000` or `arduino`."""

    library: Library
    """The library that announces itself in this way."""

    seen: float
    """When it was heard, in seconds of `time.monotonic()`."""
