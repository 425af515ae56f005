"""Ten boards of one name on a network of their own: each is found, once, and followed wherever it goes."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
import subprocess
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.mkr1000_ota.const import CONF_WAIT
from custom_components.mkr1000_ota.install import reconnect
from custom_components.mkr1000_ota.presence import tracker
from tests.scenarios.real_network import MINUTE, House, house_of
from tests.virtual_board.network import IP, all_permuted
from tests.virtual_board.sketches import build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("enable_custom_integrations", "loopback")]

BOARDS = 10


@pytest.fixture
async def house(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> AsyncIterator[House]:
    """Put Home Assistant on a network with ten boards that are all called Arduino; it does not know them yet."""
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    async with house_of(hass, BOARDS) as house:
        yield house


def is_right(house: House) -> bool:
    """Whether every entry is at the address of its own board, and that board responds there."""
    return len(house.entries) == BOARDS and all(house.is_online(entry) for entry in house.entries)


async def add_all(house: House) -> None:
    """Add the first board by hand, and the others through the cards that appear."""
    flow = house.hass.config_entries.flow
    result = await flow.async_init("mkr1000_ota", context={"source": "user"})
    await house.until(lambda: flow.async_get(result["flow_id"])["step_id"] == "pick")
    result = await flow.async_configure(result["flow_id"], {CONF_HOST: house.network.addresses[0]})
    await enter_password(house, result["flow_id"], house.network.addresses[0])
    while len(house.entries) < BOARDS:
        await asyncio.sleep(0.05)
        for card in flow.async_progress_by_handler("mkr1000_ota"):
            if card["step_id"] == "password":
                await enter_password(house, card["flow_id"], card["context"]["title_placeholders"]["host"])


async def enter_password(house: House, flow_id: str, address: str) -> None:
    """Enter the password of the board at an address."""
    number = house.network.addresses.index(address)
    result = await house.hass.config_entries.flow.async_configure(flow_id, {CONF_PASSWORD: house.password(number)})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def remember(house: House, neighbours: dict[str, str]) -> None:
    """Have the kernel go on believing what it knew of its neighbours before they moved."""
    batch = "\n".join(
        f"neighbour replace {address} lladdr {mac} dev lan nud stale" for address, mac in neighbours.items()
    )
    command = [IP, "-n", house.network.host, "-batch", "-"]
    await asyncio.to_thread(subprocess.run, command, input=batch, text=True, check=True)


def update_entity(house: House, entry: ConfigEntry) -> str:
    """Return the update entity of a board."""
    entities = er.async_entries_for_config_entry(er.async_get(house.hass), entry.entry_id)
    return next(one.entity_id for one in entities if one.domain == "update")


async def test_from_nothing_to_wherever_they_go(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await add_all(house)
    assert {entry.unique_id for entry in house.entries} == set(house.network.macs)
    assert len({entry.title for entry in house.entries}) == BOARDS
    await house.until(lambda: is_right(house))

    # The opening queries are over once two of them were a minute apart: from then on there is one a minute for all.
    await house.until(lambda: pauses(house)[-1:] > [0.9 * MINUTE])
    quiet = len(house.capture.queries)
    await house.minutes(3)
    assert min(pauses(house)[quiet:]) > 0.9 * MINUTE

    # From now on passwords are sent as often as anything gives an occasion, which makes a mistake likely.
    monkeypatch.setattr(reconnect, "CHECK_INTERVAL", 0.0)
    monkeypatch.setattr(reconnect, "CHECK_INTERVAL_AFTER_ABSENCE", 0.0)
    monkeypatch.setattr(tracker, "ASK_ALL_INTERVAL", 0.0)
    entities = [entity.entity_id for entity in house.hass.states.async_all()]
    await house.network.renumber(all_permuted(house.network.addresses))
    await house.until(lambda: is_right(house))
    who_was_there = dict(zip(house.network.addresses, house.network.macs, strict=True))
    await house.network.renumber(all_permuted(house.network.addresses))
    await remember(house, who_was_there)
    await house.until(lambda: is_right(house))
    before = [len(house.passwords_received(number)) for number in range(BOARDS)]
    await house.until(lambda: all(len(house.passwords_received(number)) > then for number, then in enumerate(before)))

    assert [set(house.passwords_received(number)) for number in range(BOARDS)] == [
        {house.password(number)} for number in range(BOARDS)
    ]
    assert [entity.entity_id for entity in house.hass.states.async_all()] == entities
    assert not house.hass.config_entries.flow.async_progress_by_handler("mkr1000_ota")


async def test_an_update_of_one_that_is_off_waits_and_goes_to_that_one(house: House) -> None:
    for number in range(BOARDS):
        await house.add(number)
    entry = house.entries[0]
    board = house.network.fleets[0]
    await house.offer(entry, build_sketch(password=house.password(0), version="2.0"))
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_WAIT: 5})
    await board.command(power="off")
    update = update_entity(house, entry)
    await house.hass.services.async_call("update", "install", {"entity_id": update}, blocking=True)
    assert not [event for event in board.events if event["event"] == "flashing"]
    await board.command(power="on")
    await board.event("flashing")
    await house.until(lambda: house.hass.states.is_state(update, "off"))
    assert [
        fleet for fleet in house.network.fleets.values() if any(event["event"] == "flashing" for event in fleet.events)
    ] == [board]


def pauses(house: House) -> list[float]:
    """Return the times between queries."""
    return [after - before for before, after in pairwise(house.capture.queries)]
