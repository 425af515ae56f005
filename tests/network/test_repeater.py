"""A Wi-Fi repeater shows its own hardware address for all boards behind it: that is nobody's identity."""

from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.text import fit_to_show
from custom_components.mkr1000_ota.coordinator import Stage
from custom_components.mkr1000_ota.network import identity
from tests.conftest import AddBoard, Hear, Offer, StartBoard
from tests.support.actions import eventually, install, issues
from tests.support.discovering import discover
from tests.support.looking import at_stage, look, settled
from tests.support.steps import REPEATER, enter_password, passwords_sent_to
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


@pytest.fixture
def repeater(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever address is asked for, the repeater answers."""
    monkeypatch.setattr(identity, "mac_of", lambda _: REPEATER)


@pytest.fixture(params=["Other", "Arduino"])
async def other(start_board: StartBoard, board: VirtualBoard, request: pytest.FixtureRequest) -> VirtualBoard:
    """A board that is merely heard, with the password of the one that is set up, and perhaps with its name."""
    return await start_board(address="127.0.1.5", port=board.port, name=request.param)


@pytest.mark.parametrize("mine_is_on", [True, False], ids=["on", "off"])
async def test_another_board_behind_the_same_repeater_is_not_mine(
    home: HomeAssistant,
    board: VirtualBoard,
    other: VirtualBoard,
    add_board: AddBoard,
    hear: Hear,
    offer: Offer,
    repeater: None,
    mine_is_on: bool,
) -> None:
    entry = await add_board(board)
    await hear(board)
    await settled(home)
    if not mine_is_on:
        await board.power_off()
    await hear(other)
    await look(home, times=3)
    await offer(entry, {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    if mine_is_on:
        await install(home)
    else:
        with pytest.raises(Exception, match="Couldn't connect to"):
            await install(home)
    await look(home, times=2)

    assert entry.data[CONF_HOST] == board.address
    assert CONF_MAC not in entry.data
    assert not passwords_sent_to(other)
    assert not other.flashed
    assert len(board.flashed) == mine_is_on


async def test_a_board_that_restarts_is_not_said_to_be_another_one_of_its_name(
    home: HomeAssistant,
    start_board: StartBoard,
    add_board: AddBoard,
    hear: Hear,
    offer: Offer,
    repeater: None,
) -> None:
    board = await start_board(away=0.5)
    entry = await add_board(board)
    await hear(board)
    other = await start_board(address="127.0.1.5", port=board.port)
    await offer(entry, {"garden-2.0.bin": build_sketch(password="sesame", version="2.0")})
    installing = home.async_create_task(install(home))
    await at_stage(entry, Stage.RESTARTING)
    await hear(other)
    await eventually(lambda: other.requests)
    await installing
    assert not issues(home)


async def test_each_board_behind_a_repeater_can_be_added(
    home: HomeAssistant, board: VirtualBoard, other: VirtualBoard, add_board: AddBoard, hear: Hear, repeater: None
) -> None:
    mine = await add_board(board)
    await hear(other)
    result = await discover(home, other)
    result = await enter_password(home, result, other.password)
    assert result["type"] == "create_entry"
    assert mine.data[CONF_HOST] == board.address
    assert CONF_MAC not in result["data"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [" Garden  shed ", "Gar\u3164den", "Garden\ufe0f"], ids=["blanks", "a filler", "a selector"]
)
async def test_a_name_is_the_same_in_the_image_and_on_the_network(
    home: HomeAssistant, board: VirtualBoard, add_board: AddBoard, hear: Hear, offer: Offer, repeater: None, name: str
) -> None:
    """Where only the name tells which board it is, one that is written oddly would lock its owner out."""
    entry = await add_board(board)
    await hear(board)
    for version in ("2.0", "3.0"):
        await offer(entry, {"garden.bin": build_sketch(name=name, password="sesame", version=version)})
        await install(home)
        await hear(board)
        await look(home, times=2)
        assert (board.version, entry.runtime_data.coordinator.data) == (version, True)
    assert entry.data[CONF_NAME] == fit_to_show(name, limits.NAME)
