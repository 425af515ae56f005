"""What holds of all that can be on offer, whatever the sources have."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware.offers import Offers
from custom_components.mkr1000_ota.arduino_ota.firmware.release import Release

from .offered import Garden, build, choosable, offered

VERSIONS = [
    *("1.9", "1.10", "v1.10", "2.0.0-rc.1", "2.0.0", "2.0.0-5-gabc1234", "2.0.0+45", "2026.11.27", "20261127"),
    *("45", "latest", "fe0193a", "1e5f0a2", "2026.11.27.0831", "1.10 (ab12cd)", None),
]
NAMES = [None, "Garden", "garden", "Bed", "Pond", "Arduino"]
MODELS = ["mkr1000", "mkrwifi1010"]
OTHERS = {"Bed", "Arduino"}
DAYS = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 15, 28)]

type Facts = dict[str, Any]


@st.composite
def sources(draw: st.DrawFn, most: int = 8) -> list[Release]:
    """Draw what a source has; one content says the same of itself wherever it is."""
    releases: list[Release] = []
    for content in draw(st.lists(st.sampled_from("abcdefghij"), max_size=most, unique=True)):
        facts: Facts = {
            "name": draw(st.sampled_from(NAMES)),
            "model": draw(st.sampled_from(MODELS)),
            "built": draw(st.sampled_from([None, *DAYS])),
            "published": draw(st.sampled_from([None, *DAYS])),
            "file": draw(st.sampled_from(["", "garden-1.bin", "bed-2.0.bin", "firmware.bin"])),
            "size": draw(st.sampled_from([1000, 200_000])),
        }
        versions = draw(st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=2))
        releases += (
            build(content, version, **facts, identifier=f"{content}{copy}") for copy, version in enumerate(versions)
        )
    return releases


@st.composite
def gardens(draw: st.DrawFn) -> Garden:
    """Draw a board that may have run this and that."""
    ran = draw(st.lists(st.sampled_from("abcdefghij"), max_size=3, unique=True))
    return Garden(
        name=draw(st.sampled_from(["Garden", "Arduino"])),
        running=draw(st.sampled_from([None, *ran])),
        ran=" ".join(ran),
        failed=" ".join(draw(st.lists(st.sampled_from("abcdefghij"), max_size=2, unique=True))),
        others=draw(st.sampled_from([set(), OTHERS])),
        key_pinned=draw(st.booleans()),
        chosen=draw(st.sampled_from([None, "2.0.0", "1.9"])),
    )


@given(garden=gardens(), releases=sources(), data=st.data())
def test_nothing_depends_on_the_order_in_which_a_source_tells(
    garden: Garden, releases: list[Release], data: st.DataObject
) -> None:
    first = garden.look(*releases)
    garden.seen = {}
    assert garden.look_again(*data.draw(st.permutations(releases))) == first


@given(garden=gardens(), releases=sources())
def test_an_offer_never_belongs_to_another_board(garden: Garden, releases: list[Release]) -> None:
    offers = garden.look(*releases)
    for each in (offers.offered, *offers.builds):
        if each is None:
            continue
        name = (each.release.name or "").casefold()
        assert each.release.model == "mkr1000"
        assert each.release.size is not None and each.release.size <= garden.facts.largest
        if name and name != garden.facts.name.casefold():
            assert name not in map(str.casefold, garden.facts.others)
            assert not any((other.name or "").casefold() == garden.facts.name.casefold() for other in releases)
            assert offers.offered is not each or (offers.renames == each.release.name and not offers.unattended)


@pytest.mark.slow
@given(garden=gardens(), looks=st.lists(sources(), min_size=1, max_size=4))
def test_labels_are_unique_and_stay(garden: Garden, looks: list[list[Release]]) -> None:
    """Whatever comes and goes; only what its own source calls otherwise later gives its label up."""
    had: dict[str, str] = {}
    garden.facts = replace(garden.facts, key_pinned=False)
    for releases in looks:
        offers = garden.look(*releases)
        assert len(set(choosable(offers))) == len(offers.builds)
        now = {each.content: each.label for each in offers.builds}
        had = {label: content for label, content in had.items() if now.get(content, label) == label}
        for each in offers.builds:
            owner = had.setdefault(each.label, each.content)
            assert owner == each.content
        assert all(label and "\n" not in label and ":" not in label for label in choosable(offers))
        assert choosable(garden.look_again(*releases)) == choosable(offers)


@given(garden=gardens(), releases=sources(), uploads=sources(most=1))
def test_installing_what_is_offered_comes_to_an_end(
    garden: Garden, releases: list[Release], uploads: list[Release]
) -> None:
    versions = [offered(offers) for offers in installed_to_the_end(garden, releases, uploads)]
    assert versions[-1] is None
    assert len(versions) <= len(releases) + len(uploads) + 1


def installed_to_the_end(garden: Garden, releases: list[Release], uploads: list[Release]) -> list[Offers]:
    """Install until nothing is offered, or for too long."""
    looks = [garden.look(*releases, uploads=uploads)]
    while looks[-1].offered and len(looks) < 30:
        garden.install(looks[-1].offered)
        looks.append(garden.look(*releases, uploads=uploads))
    return looks


@pytest.mark.slow
@given(releases=sources(), more=sources())
def test_higher_versions_are_ahead_and_what_comes_turns_nothing_around(
    releases: list[Release], more: list[Release]
) -> None:
    garden = Garden()
    releases = [replace(each, name=None, model="mkr1000", size=None, file="") for each in releases]
    first = garden.look(*releases)
    known = {each.content for each in first.builds}
    added = [replace(each, name=None, model="mkr1000", size=None, file="") for each in more if each.sha256 not in known]
    second = garden.look(*releases, *added)
    for offers in (first, second):
        orders = [each.order for each in offers.builds if each.order is not None]
        assert orders == sorted(orders, reverse=True)
    assert [each.content for each in second.builds if each.content in known] == [each.content for each in first.builds]
