"""The rule that says which board a peer is: each combination of what an entry has and what a peer shows is in one row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from custom_components.mkr1000_ota.network.identity import KnownBoard, Match, Peer, match

OWN_MAC, FOREIGN_MAC, MAC_OF_OTHER_ENTRY = "f8:f0:05:00:00:01", "f8:f0:05:00:00:02", "f8:f0:05:00:00:03"
NAME, NEW_NAME, OTHER_NAME = "Garden", "Garden 2", "Pump"
ADDRESS, OTHER_ADDRESS, THIRD_ADDRESS = "10.0.0.5", "10.0.0.6", "10.0.0.7"

KNOWS_MAC = ("a MAC", "no MAC")
KNOWS_NAME = ("a name", "no name")
# What may run there: nothing new, or a sketch that was just flashed and whose image states a name or none.
SKETCHES = ("known", "new, named", "new, nameless")
SHOWS_MAC = {
    "its MAC": OWN_MAC,
    "nobody's MAC": FOREIGN_MAC,
    "an entry's MAC": MAC_OF_OTHER_ENTRY,
    "no MAC": None,
    "none, though it has one": None,
}
# Whether the peer is at the address of the entry, and whether a person has typed that: (peer, typed).
PLACES = {
    "at home, typed": (ADDRESS, ADDRESS),
    "at home, moved": (ADDRESS, OTHER_ADDRESS),
    "at the typed one": (OTHER_ADDRESS, OTHER_ADDRESS),
    "elsewhere": (THIRD_ADDRESS, ADDRESS),
}
# What was announced from there: (lately, at any time).
HEARD = {
    "its name": (NAME, NAME),
    "new name": (NEW_NAME, NEW_NAME),
    "other name": (OTHER_NAME, OTHER_NAME),
    "its name once": (None, NAME),
    "other name once": (None, OTHER_NAME),
    "nothing ever": (None, None),
}


@dataclass(frozen=True)
class Case:
    """What an entry has, and what a peer shows."""

    mac: str
    name: str
    sketch: str
    peer: str
    place: str
    heard: str

    @property
    def is_at_home(self) -> bool:
        return self.place.startswith("at home")

    @property
    def is_typed(self) -> bool:
        return self.place in ("at home, typed", "at the typed one")

    @property
    def is_heard(self) -> bool:
        return self.heard in ("its name", "new name", "other name")

    @property
    def contradicts(self) -> bool:
        """Whether the name that counts is none that the board may announce."""
        match self.name, self.sketch:
            case "no name", _:
                return False
            case _, "known":
                return self.heard in ("new name", "other name", "other name once")
            case _, "new, named":
                return self.heard == "other name"
            case _:
                return False

    @property
    def match(self) -> Match:
        """Ask the rule."""
        host, typed = PLACES[self.place]
        lately, ever = HEARD[self.heard]
        expected = {NAME if self.name == "a name" else None}
        if self.sketch != "known":
            expected.add(NEW_NAME if self.sketch == "new, named" else None)
        board = KnownBoard(
            host=ADDRESS,
            typed_host=typed,
            mac=OWN_MAC if self.mac == "a MAC" else None,
            names=None if None in expected else frozenset(name for name in expected if name),
            other_macs=frozenset({MAC_OF_OTHER_ENTRY}),
            has_new_sketch=self.sketch != "known",
        )
        mac, hides_mac = SHOWS_MAC[self.peer], self.peer == "none, though it has one"
        return match(board, Peer(host=host, mac=mac, hides_mac=hides_mac, name=lately, last_name=ever))


def cases() -> Iterator[Case]:
    """Yield all combinations."""
    for combination in product(KNOWS_MAC, KNOWS_NAME, SKETCHES, SHOWS_MAC, PLACES, HEARD):
        yield Case(*combination)


# The table of the rule. Each row is what the entry has, what the peer shows, and what it is then.
TABLE: dict[str, tuple[Callable[[Case], bool], Match]] = {
    "its own hardware address": (
        lambda case: case.mac == "a MAC" and case.peer == "its MAC",
        Match.BOARD,
    ),
    "another hardware address": (
        lambda case: case.mac == "a MAC" and case.peer in ("nobody's MAC", "an entry's MAC"),
        Match.WRONG_BOARD,
    ),
    "in this network, and its hardware address is kept back": (
        lambda case: case.mac == "a MAC" and case.peer == "none, though it has one",
        Match.UNPROVEN,
    ),
    "behind a router, where a person has typed it": (
        lambda case: case.mac == "a MAC" and case.peer == "no MAC" and case.is_typed and not case.contradicts,
        Match.BOARD,
    ),
    "behind a router under another name": (
        lambda case: case.mac == "a MAC" and case.peer == "no MAC" and case.is_typed and case.contradicts,
        Match.UNPROVEN,
    ),
    "behind a router, where nobody has typed it": (
        lambda case: case.mac == "a MAC" and case.peer == "no MAC" and not case.is_typed,
        Match.UNPROVEN,
    ),
    "without a hardware address: one of another entry": (
        lambda case: case.mac == "no MAC" and case.peer == "an entry's MAC",
        Match.WRONG_BOARD,
    ),
    "without: heard at home": (
        lambda case: is_without(case) and case.is_at_home and case.is_heard and not case.contradicts,
        Match.BOARD,
    ),
    "without: never heard, at home, where a person has typed it": (
        lambda case: is_without(case) and case.place == "at home, typed" and case.heard == "nothing ever",
        Match.BOARD,
    ),
    "without: never heard, at home, where nobody has typed it": (
        lambda case: is_without(case) and case.place == "at home, moved" and case.heard == "nothing ever",
        Match.UNPROVEN,
    ),
    "without: heard at home once, silent now": (
        lambda case: is_without(case) and case.is_at_home and was_heard(case) and case.sketch == "known",
        Match.UNPROVEN,
    ),
    "without: silent at home since a flash, because its sketch announces nothing": (
        lambda case: is_without(case) and case.place == "at home, typed" and was_heard(case) and case.sketch != "known",
        Match.BOARD,
    ),
    "without: silent since a flash where nobody has typed it": (
        lambda case: is_without(case) and case.place == "at home, moved" and was_heard(case) and case.sketch != "known",
        Match.UNPROVEN,
    ),
    "without: at home under another name": (
        lambda case: is_without(case) and case.is_at_home and case.is_heard and case.contradicts,
        Match.UNPROVEN,
    ),
    "without: elsewhere": (
        lambda case: is_without(case) and not case.is_at_home,
        Match.UNPROVEN,
    ),
}


def is_without(case: Case) -> bool:
    """Whether neither the entry nor the peer has a hardware address that says something."""
    return case.mac == "no MAC" and case.peer != "an entry's MAC"


def was_heard(case: Case) -> bool:
    """Whether something was heard from there, but not lately."""
    return case.heard.endswith("once")


@pytest.mark.parametrize("row", TABLE)
def test_a_row_of_the_table(row: str) -> None:
    is_in_row, expected = TABLE[row]
    found = {case: case.match for case in cases() if is_in_row(case)}
    assert found
    assert {case: is_ for case, is_ in found.items() if is_ is not expected} == {}


def test_each_combination_is_in_one_row() -> None:
    rows = {case: [name for name, (is_in_row, _) in TABLE.items() if is_in_row(case)] for case in cases()}
    assert len(rows) == 1440
    assert {case: names for case, names in rows.items() if len(names) != 1} == {}


@pytest.mark.parametrize(("name", "expected"), [(NEW_NAME, Match.BOARD), (OTHER_NAME, Match.UNPROVEN)])
def test_a_board_whose_name_is_not_known_may_announce_any_but_that_of_another_entry(name: str, expected: Match) -> None:
    board = KnownBoard(host=ADDRESS, typed_host=ADDRESS, mac=None, names=None, other_names=frozenset({OTHER_NAME}))
    assert match(board, Peer(host=ADDRESS, mac=None, name=name, last_name=name)) is expected
