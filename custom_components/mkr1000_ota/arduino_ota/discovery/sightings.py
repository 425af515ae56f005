"""Query which boards are there, and remember where they were heard."""

from collections.abc import Callable, Iterable, Iterator
import time
from typing import Final, override

from zeroconf import DNSOutgoing, DNSQuestion, DNSRecord, RecordUpdate, RecordUpdateListener, Zeroconf

from .. import limits
from .announcements import CLASS_IN, SERVICE_TYPE, TYPE_PTR, Sighting, announced_boards

# Seconds from one query to the next. A board responds once a second at most, and zeroconf drops a response whose bytes
# it heard within the last second: queries must be further apart than that, with room for a slow Wi-Fi.
QUERY_INTERVAL: Final = 1.5
# Seconds. A board responds to a query within one, unless its sketch is busy: then it misses one and responds to the next.
SCAN_TIME: Final = 5.0


def query() -> DNSOutgoing:
    """Return the only query that a board responds to, to be sent alone through a Zeroconf instance.

    It becomes 37 bytes. Both libraries compare their number and all of them but the first two, the transaction id:
    no QU bit, no known answers, no second question. (WiFi101OTA 1.1.0, ArduinoOTA 1.0.6 and 1.1.1.)
    """
    out = DNSOutgoing(0)
    out.add_question(DNSQuestion(SERVICE_TYPE, TYPE_PTR, CLASS_IN))
    return out


class Sightings(RecordUpdateListener):
    """Where boards were heard: the latest sighting of each address, those heard last at the end.

    It listens to a Zeroconf instance because a service browser cannot do this: two boards of one name are one service
    to it, and a board that responds again is no event. What a listener gets, seen with zeroconf 0.151.5 and 0.152.0:

    - one call for each packet with all its records, before the cache takes them, and without the sender's address;
    - a call for repeats too, unless the same bytes came within the last second (0.8 s with 0.152.0). Packets of
      different boards differ in the A record, so boards never silence one another;
    - when cached records run out, a call in which `new` is `old`: no board said that.

    `on_sighting` is called for each sighting, repeats included. What `accepts` does not take is not heard at all.
    """

    def __init__(
        self,
        on_sighting: Callable[[Sighting], None] = lambda _: None,
        accepts: Callable[[Sighting], bool] = lambda _: True,
    ) -> None:
        self._on_sighting = on_sighting
        self._accepts = accepts
        self._by_address: dict[str, Sighting] = {}

    def __iter__(self) -> Iterator[Sighting]:
        return iter(tuple(self._by_address.values()))

    def __len__(self) -> int:
        return len(self._by_address)

    def get(self, address: str) -> Sighting | None:
        return self._by_address.get(address)

    def forget(self, address: str) -> None:
        """Take what was heard at an address for never heard."""
        self._by_address.pop(address, None)

    def hear(self, records: Iterable[DNSRecord]) -> None:
        """Take in the records of one packet."""
        for sighting in announced_boards(records, time.monotonic()):
            if not self._accepts(sighting):
                continue
            self._by_address.pop(sighting.address, None)
            if len(self._by_address) >= limits.SIGHTINGS:
                del self._by_address[next(iter(self._by_address))]
            self._by_address[sighting.address] = sighting
            self._on_sighting(sighting)

    @override
    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """Take in a packet that a Zeroconf instance heard. Every mDNS packet of the network comes by here."""
        if any(update.new.key == SERVICE_TYPE for update in records):
            self.hear(update.new for update in records if update.new is not update.old)
