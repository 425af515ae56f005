"""A board and what is offered to it, from look to look."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from custom_components.mkr1000_ota.arduino_ota.firmware.belonging import BoardFacts
from custom_components.mkr1000_ota.arduino_ota.firmware.offers import Build, Offers, Seen, find_offers
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release

# The first look at a source, and the time between two looks, in seconds.
FIRST_LOOK = datetime(2026, 11, 27, 8, 30, tzinfo=UTC).timestamp()
BETWEEN_LOOKS = 60.0
LARGEST = 126_976


def digest(content: str) -> str:
    """Return the SHA-256 of a sketch, which tests know by a word."""
    return sha256(content.encode()).hexdigest()


def build(content: str, version: str | None = None, **facts: Any) -> Release:
    """Return a build that somebody has looked into."""
    known = {"identifier": content, "sha256": digest(content), "model": "mkr1000", "version": version}
    return Release(**known | facts)


def unknown(content: str, version: str | None = None, **facts: Any) -> Release:
    """Return a build on a server that nobody has looked into."""
    return build(content, version, **{"model": None} | facts)


def board(*, running: str | None = None, ran: str = "", failed: str = "", **facts: Any) -> BoardFacts:
    """Return a board; its builds are words."""
    known: dict[str, Any] = {"name": "Garden", "model": "mkr1000", "largest": LARGEST}
    return BoardFacts(
        running=running and digest(running),
        ran=frozenset(map(digest, [*ran.split(), *([running] if running else [])])),
        failed=frozenset(map(digest, failed.split())),
        **known | facts,
    )


class Garden:
    """A board, its source, and what the integration remembers of both."""

    def __init__(self, **facts: Any) -> None:
        self.facts = board(**facts)
        self.now = FIRST_LOOK
        self.seen: dict[str, Seen] = {}

    def look(self, *releases: Release, uploads: Sequence[Release] = (), archived: Sequence[Release] = ()) -> Offers:
        """Look at the source, some time after the last look."""
        self.now += BETWEEN_LOOKS
        return self.look_again(*releases, uploads=uploads, archived=archived)

    def look_again(
        self, *releases: Release, uploads: Sequence[Release] = (), archived: Sequence[Release] = ()
    ) -> Offers:
        """Ask at the same time what is offered."""
        offers = find_offers(self.facts, releases, uploads=uploads, archived=archived, seen=self.seen, now=self.now)
        self.seen = dict(offers.seen)
        return offers

    def install(self, offered: Build | None) -> None:
        """Install a build, which renames the board if it says so."""
        assert offered is not None and offered.release.sha256 is not None
        self.facts = replace(
            self.facts,
            name=offered.release.name or self.facts.name,
            running=offered.release.sha256,
            ran=self.facts.ran | {offered.release.sha256},
        )

    def choose(self, label: str | None) -> None:
        """Choose what is to be offered; None for the newest."""
        self.facts = replace(self.facts, chosen=label)

    def flash_by_cable(self) -> None:
        """Put something onto the board that nobody knows."""
        self.facts = replace(self.facts, running=None)


def offered(offers: Offers) -> str | None:
    """Return the label of what is offered."""
    return offers.offered.label if offers.offered else None


def choosable(offers: Offers) -> list[str]:
    """Return what can be chosen."""
    return [each.label for each in offers.builds]


def held_back(offers: Offers) -> dict[str, str]:
    """Return why each build is held back, by its file, version or label."""
    return {each.release.file or each.label: str(each.hold) for each in offers.held_back}
