"""What a virtual board remembers of what was done to it."""

import asyncio
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Request:
    """One connection that was read from; body_bytes and status follow while it is dealt with."""

    peer: tuple[str, int]
    line: str
    authorization: str | None
    content_length: int
    """As announced; -1 where nothing was."""
    body_bytes: int = 0
    """How much of the body the board has taken so far."""
    status: int | None = None
    """None as long as there is no answer; it stays None where the answer never left the board."""

    @property
    def password(self) -> str | None:
        """The password it was sent with, None if it had none that could be read."""
        scheme, _, credentials = (self.authorization or "").partition(" ")
        try:
            user, colon, password = (
                b64decode(credentials, validate=True).decode(errors="surrogateescape").partition(":")
            )
        except ValueError:
            return None
        return password if scheme == "Basic" and user == "arduino" and colon else None

    def as_sent(self) -> dict[str, object]:
        """What the peer has said, for an event."""
        return {
            "peer": self.peer,
            "line": self.line,
            "password": self.password,
            "content_length": self.content_length,
        }


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a board, for whoever watches."""

    kind: str
    facts: Mapping[str, object] = field(default_factory=dict)


class Diary:
    """All that has happened to a board; `on_event` hears of it."""

    def __init__(self, on_event: Callable[[Event], None] | None) -> None:
        self.events: list[Event] = []
        self._on_event = on_event
        self._awaited: list[tuple[str, asyncio.Future[Event]]] = []

    def tell(self, kind: str, facts: Mapping[str, object]) -> None:
        """Note that something has happened."""
        event = Event(kind, facts)
        self.events.append(event)
        if self._on_event:
            self._on_event(event)
        for awaited in [entry for entry in self._awaited if entry[0] == kind]:
            self._awaited.remove(awaited)
            if not awaited[1].done():
                awaited[1].set_result(event)

    async def next_event(self, kind: str) -> Event:
        """Wait until something of this kind happens."""
        happened: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._awaited.append((kind, happened))
        return await happened
