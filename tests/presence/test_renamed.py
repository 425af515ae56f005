"""A board that nothing but its name tells from others, and that calls itself otherwise one day."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS, repairs_flow_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.mkr1000_ota.const import DOMAIN, UNKNOWN_VERSION
from custom_components.mkr1000_ota.coordinator import IDLE, InstallState, Stage
from custom_components.mkr1000_ota.presence.tracker import async_get_tracker
from tests.conftest import BRISK, AddBoard, Arp, Hear, Offer, StartBoard
from tests.support.looking import look, settled
from tests.support.mending import know, reconfigure, settle, submit
from tests.support.steps import MAC, OTHER_MAC, UPDATE, Result, passwords_sent_to, typed
from tests.virtual_board import Firmware, VirtualBoard
from tests.virtual_board.sketches import STOCK, Quirks, build_sketch

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("settled_in_the_end")]

CONNECTIVITY = "binary_sensor.arduino_connectivity"


@pytest.fixture(autouse=True)
async def told(home: HomeAssistant) -> list[str]:
    """Whatever is told, changed or taken back of names, in its order."""
    assert await async_setup_component(home, REPAIRS, {})
    actions: list[str] = []

    @callback
    def note(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
        if event.data["issue_id"].startswith("renamed."):
            actions.append(event.data["action"])

    home.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    return actions


def issue_of(home: HomeAssistant, entry: ConfigEntry) -> ir.IssueEntry | None:
    """Return what is told of the name of a board."""
    return ir.async_get(home).async_get_issue(DOMAIN, f"renamed.{entry.entry_id}")


async def rename(home: HomeAssistant, board: VirtualBoard, hear: Hear, name: str, **sketch: Any) -> None:
    """Flash a board from somewhere else, and let it be heard and looked after for some minutes."""
    await board.flash_over_usb(build_sketch(name=name, **sketch))
    board.requests.clear()
    for _ in range(3):
        await hear(board)
        await settled(home)
        await look(home)


@pytest.fixture
async def entry(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, told: list[str]
) -> ConfigEntry:
    """A board that is called Garden since somebody else has flashed it, which the user is told."""
    entry = await add_board(board)
    await rename(home, board, hear, "Garden")
    return entry


def odd_names_again(home: HomeAssistant, entry: ConfigEntry) -> None:
    """Let some time have passed since a board was last asked because of a name that is not its own."""
    async_get_tracker(home)._presences[entry.runtime_data.coordinator].asked_for_name_at = 0.0  # noqa: SLF001 - no other way


async def open_repair(home: HomeAssistant, entry: ConfigEntry) -> Result:
    """Open the repair of a board, and go on to the form that it opens."""
    manager = repairs_flow_manager(home)
    assert manager is not None
    menu = await manager.async_init(DOMAIN, context={"issue_id": f"renamed.{entry.entry_id}"})
    opened: Any = await manager.async_configure(menu["flow_id"], {"next_step_id": "reconfigure"})
    return await home.config_entries.flow.async_configure(opened["next_flow"][1])


async def confirm(home: HomeAssistant, result: Result, password: str) -> Result:
    """Say that it is this board: leave the address as it is shown, and enter its password."""
    host, *_ = result["data_schema"].schema
    return await submit(home, result, host.description["suggested_value"], password)


async def test_it_is_told_once_and_mended_in_place(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, offer: Offer, told: list[str]
) -> None:
    """Nothing that is stored goes to it before or after; what it runs is not known any more."""
    entry = await add_board(board)
    await offer(entry, {"garden-1.0.bin": build_sketch(password="password", version="1.0")})
    await home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    await hear(board)
    await settled(home)
    coordinator = entry.runtime_data.coordinator
    assert coordinator.installed_version == "1.0"

    await rename(home, board, hear, "Garden", password="theirs")
    assert told == ["create"]
    issue = issue_of(home, entry)
    assert issue is not None
    assert issue.translation_placeholders == {"board": "Arduino", "host": board.address, "name": "Garden"}
    assert home.states.is_state(CONNECTIVITY, "off")
    assert passwords_sent_to(board) == []

    result = await confirm(home, await open_repair(home, entry), "wrong")
    assert result["errors"] == {CONF_PASSWORD: "wrong_password"}
    result = await confirm(home, result, "theirs")
    assert result["reason"] == "reconfigure_successful"
    assert passwords_sent_to(board) == ["wrong", "theirs"]
    assert home.states.is_state(CONNECTIVITY, "on")
    assert coordinator.installed_version == UNKNOWN_VERSION
    assert (entry.data[CONF_NAME], entry.data[CONF_PASSWORD]) == ("Garden", "theirs")

    await hear(board)
    await look(home, 2)
    assert told == ["create", "remove"]
    assert passwords_sent_to(board) == ["wrong", "theirs"]
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_it_is_taken_back_when_the_board_has_its_name_again(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, told: list[str]
) -> None:
    await rename(home, board, hear, "Arduino")
    assert told == ["create", "remove"]
    assert home.states.is_state(CONNECTIVITY, "on")
    assert entry.data[CONF_NAME] == "Arduino"


async def test_it_stays_while_the_board_is_away(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, told: list[str]
) -> None:
    """It comes and goes once a minute, say, to save power."""
    for _ in range(2):
        await board.power_off()
        await look(home)
        await board.power_on()
        await hear(board)
        await look(home)
    assert told == ["create"]
    assert issue_of(home, entry)


async def test_it_is_taken_back_when_the_board_is_reconfigured(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, told: list[str]
) -> None:
    await entry.runtime_data.coordinator.store.update(version="1.0")
    result = await reconfigure(home, entry, typed(board), "password")
    assert result["reason"] == "reconfigure_successful"
    await settled(home)
    await look(home)
    assert entry.runtime_data.coordinator.installed_version == UNKNOWN_VERSION
    assert told == ["create", "remove"]
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_it_is_taken_back_when_the_board_is_removed(
    home: HomeAssistant, entry: ConfigEntry, told: list[str]
) -> None:
    await home.config_entries.async_remove(entry.entry_id)
    assert told == ["create", "remove"]


async def test_a_board_that_is_not_set_up_at_the_moment_is_not_mended(
    home: HomeAssistant, entry: ConfigEntry, told: list[str]
) -> None:
    result = await open_repair(home, entry)
    await home.config_entries.async_unload(entry.entry_id)
    assert told == ["create", "remove"]
    assert (await confirm(home, result, "password"))["errors"] == {"base": "not_loaded"}


async def test_it_is_not_mended_in_the_middle_of_a_flash(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard
) -> None:
    result = await open_repair(home, entry)
    board.requests.clear()
    entry.runtime_data.coordinator.set_state(InstallState(Stage.UPLOADING, "3.0", 1, 2))
    assert (await confirm(home, result, "password"))["errors"] == {"base": "already_installing"}
    assert board.requests == []
    entry.runtime_data.coordinator.set_state(IDLE)


async def test_the_repair_shows_the_name_that_is_announced_by_now(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, hear: Hear, told: list[str]
) -> None:
    odd_names_again(home, entry)
    await rename(home, board, hear, "Pump")
    assert told == ["create", "update"]
    assert passwords_sent_to(board) == []
    issue = issue_of(home, entry)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["name"] == "Pump"
    assert (await confirm(home, await open_repair(home, entry), "password"))["reason"] == "reconfigure_successful"


async def test_the_hardware_address_is_learned_with_the_name(
    home: HomeAssistant, entry: ConfigEntry, board: VirtualBoard, arp: Arp
) -> None:
    arp(MAC, board.address)
    await confirm(home, await open_repair(home, entry), "password")
    assert entry.data[CONF_MAC] == MAC


async def test_boards_with_known_hardware_addresses_are_followed_and_nothing_is_told(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    told: list[str],
) -> None:
    """They have exchanged their addresses."""
    other = await start_board(address="127.0.0.8", port=board.port, name="Pump")
    first, second = await add_board(board), await add_board(other)
    know(home, first, MAC)
    know(home, second, OTHER_MAC)
    await settle(home, board, other)
    arp(MAC, other.address)
    arp(OTHER_MAC, board.address)
    await hear(board, name="Pump")
    await hear(other, name="Arduino")
    await settled(home)
    await look(home, 3)
    assert (first.data[CONF_HOST], second.data[CONF_HOST]) == (other.address, board.address)
    assert told == []


async def test_a_board_that_was_followed_to_the_address_is_not_taken_for_the_one_before(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    told: list[str],
) -> None:
    """It got the address of a board that is off, and whose hardware address nobody knows."""
    entry = await add_board(board)
    pump = await start_board(address="127.0.0.8", name="Pump")
    followed = await add_board(pump)
    know(home, followed, OTHER_MAC)
    await settle(home)
    address, port = board.address, board.port
    await board.stop()
    await pump.stop()
    taken = await start_board(address=address, port=port, name="Pump")
    home.config_entries.async_update_entry(followed, data={**followed.data, CONF_HOST: address})
    arp(OTHER_MAC, address)
    await hear(taken)
    await settled(home)
    await look(home, 2)
    assert not entry.runtime_data.coordinator.data
    assert told == []


@pytest.mark.parametrize(
    ("announced", "sketch"), [("Garden", STOCK), ("Garden by itself", Quirks(call="hidden"))], ids=["stated", "unknown"]
)
async def test_nothing_is_told_of_the_name_that_a_flash_brings(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    offer: Offer,
    told: list[str],
    announced: str,
    sketch: Quirks,
) -> None:
    """Neither while it restarts nor after, whether its image states the name or not."""
    image = build_sketch(name="Garden", password="sesame", version="2.0", quirks=sketch)
    board = await start_board(away=0.6, images={sha256(image).hexdigest(): Firmware(announced, "sesame", "2.0")})
    entry = await add_board(board)
    await hear(board)
    await settled(home)
    await offer(entry, {"garden.bin": image})
    install = home.async_create_task(
        home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    )
    await board.next_event("listening")
    await hear(board)
    await look(home)
    await install
    for _ in range(2):
        await hear(board)
        await settled(home)
        await look(home)
    assert told == []
    assert entry.data[CONF_NAME] == announced
    assert home.states.is_state(CONNECTIVITY, "on")


async def test_a_board_that_was_brought_back_by_cable_under_another_name(
    home: HomeAssistant,
    add_board: AddBoard,
    start_board: StartBoard,
    hear: Hear,
    offer: Offer,
    told: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It did not come back after a flash; what became of that is found out once it is known again."""
    monkeypatch.setattr(
        "custom_components.mkr1000_ota.arduino_ota.flash.timeouts.DEFAULT", replace(BRISK, return_timeout=0.5)
    )
    board = await start_board(comes_back=False)
    entry = await add_board(board)
    await settle(home)
    await offer(entry, {"garden.bin": build_sketch(name="Garden", password="sesame", version="2.0")})
    with pytest.raises(HomeAssistantError, match="hasn't come back"):
        await home.services.async_call("update", "install", {"entity_id": UPDATE}, blocking=True)
    assert told == []

    board.flashed.clear()
    await rename(home, board, hear, "Rescue", password="rescue")
    assert told == ["create"]
    await confirm(home, await open_repair(home, entry), "rescue")
    await settled(home)
    assert entry.runtime_data.coordinator.record.pending is None
    assert entry.data[CONF_PASSWORD] == "rescue"
    assert home.states.is_state(CONNECTIVITY, "on")
