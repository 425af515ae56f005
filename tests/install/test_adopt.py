"""Whoever has the .bin of the running sketch has its password, and Home Assistant knows again what the board runs."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.mkr1000_ota.arduino_ota.errors import AnotherBoard, BoardUnreachable
from custom_components.mkr1000_ota.const import (
    CONF_HEALTH_ENTITY,
    CONF_HEALTH_WITHIN,
    CONF_LIBRARY,
    CONF_WAIT,
    DOMAIN,
)
from custom_components.mkr1000_ota.errors import FormError
from custom_components.mkr1000_ota.flows.credentials import async_update_password
from custom_components.mkr1000_ota.flows.forms import CONF_SKETCH
from tests.conftest import AddBoard, Arp, Offer, StartBoard, Upload
from tests.support.actions import (
    FIRMWARE,
    act,
    board_of,
    find_again,
    install,
    issues,
    lose,
    reauths,
    restart,
    shown,
    wait_out,
)
from tests.support.looking import look, passwords, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import Quirks, build_sketch

RUNS = build_sketch(name="Garden", password="forgotten", version="4.2", library="ArduinoOTA")


type Adopt = Callable[[bytes], Awaitable[None]]


@pytest.fixture
def adopt(home: HomeAssistant, upload: Upload) -> Adopt:
    """Hand an image over in place of the password."""

    async def adopt(image: bytes) -> None:
        [entry] = home.config_entries.async_entries(DOMAIN)
        await async_update_password(entry, {CONF_SKETCH: await upload(image, "running.bin")})

    return adopt


@pytest.fixture
async def entry(home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, nobody_is_heard: None) -> ConfigEntry:
    """A board that somebody has flashed with another tool."""
    entry = await add_board(board)
    await board.flash_over_usb(RUNS)
    await board_of(home).store.note(lambda record: record.rejected(0))
    await restart(home, entry, board.requests.clear)
    assert reauths(home, entry)
    return entry


@pytest.mark.slow
async def test_version_name_and_password_are_known_again(
    home: HomeAssistant, adopt: Adopt, entry: ConfigEntry, board: VirtualBoard
) -> None:
    await adopt(RUNS)
    for _ in range(2):
        assert entry.data[CONF_PASSWORD] == board.password == "forgotten"
        assert entry.data[CONF_NAME] == "Garden"
        assert entry.data[CONF_LIBRARY] == "ArduinoOTA"
        assert shown(home, FIRMWARE).attributes["installed_version"] == "4.2"
        assert not reauths(home, entry)
        assert not board_of(home).record.is_unfinished
        await restart(home, entry)


@pytest.mark.slow
async def test_a_health_check_can_go_back_to_it(
    home: HomeAssistant, adopt: Adopt, entry: ConfigEntry, board: VirtualBoard, offer: Offer
) -> None:
    await adopt(RUNS)
    await offer(entry, {"garden.bin": build_sketch(name="Garden", password="newer", version="5.0")})
    await install(home)
    report = await act(home, "install_archived")
    assert (report["from"], report["to"]) == ("5.0", "4.2")
    assert board.flashed[-1] == RUNS
    assert entry.data[CONF_PASSWORD] == board.password == "forgotten"


@pytest.mark.slow
async def test_another_image_proves_nothing(
    home: HomeAssistant, adopt: Adopt, entry: ConfigEntry, board: VirtualBoard
) -> None:
    """Not even one that has the password of before in it, if the board does not accept that."""
    for other in (build_sketch(password="password", version="4.2"), build_sketch(password="wrong")):
        with pytest.raises(FormError, match="not_running"):
            await adopt(other)
    assert reauths(home, entry)
    assert board_of(home).record.version is None
    assert board_of(home).images.sha256s == frozenset()
    assert entry.data[CONF_PASSWORD] == "password"


async def test_a_password_that_the_image_does_not_have_proves_nothing_either(
    home: HomeAssistant, adopt: Adopt, add_board: AddBoard, board: VirtualBoard
) -> None:
    """The board accepts the one that is known: the image may be any."""
    await add_board(board)
    with pytest.raises(FormError, match="not_running"):
        await adopt(build_sketch(password="computed", quirks=Quirks(computed=True)))
    assert "password" not in passwords(board)


@pytest.mark.parametrize("image", [b"", b"<html>", RUNS[:-4], build_sketch(quirks=Quirks(begin=False, poll=False))])
async def test_what_cannot_run_there_is_refused(
    home: HomeAssistant, adopt: Adopt, entry: ConfigEntry, board: VirtualBoard, image: bytes
) -> None:
    with pytest.raises(FormError, match="problem"):
        await adopt(image)
    assert not board.requests


async def test_another_board_at_the_address_gets_nothing_of_it(
    home: HomeAssistant, adopt: Adopt, entry: ConfigEntry, board: VirtualBoard, arp: Arp
) -> None:
    know(home, entry, MAC)
    arp(OTHER_MAC, board.address)
    with pytest.raises(AnotherBoard):
        await adopt(RUNS)
    assert not passwords(board)
    await board.power_off()
    with pytest.raises(BoardUnreachable):
        await adopt(RUNS)


async def test_it_closes_what_nobody_saw_end(
    home: HomeAssistant, adopt: Adopt, add_board: AddBoard, start_board: StartBoard, offer: Offer
) -> None:
    """The flash is resolved first: its image may be the one that is shown."""
    board = await start_board()
    entry = await add_board(board)
    image = build_sketch(password="sesame", version="2.0")
    await offer(entry, {"garden.bin": image})
    await lose(home, board)
    await find_again(board)
    await adopt(image)
    assert [flash.version for flash in board_of(home).record.history] == ["2.0"]
    assert entry.data[CONF_PASSWORD] == "sesame"
    await look(home)
    assert not issues(home)


async def test_the_health_of_what_was_found_to_run_is_checked(
    home: HomeAssistant, adopt: Adopt, add_board: AddBoard, start_board: StartBoard, offer: Offer
) -> None:
    """Whoever shows the sketch of a board that was lost has not said that it is healthy."""
    board = await start_board()
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: "light.garden", CONF_HEALTH_WITHIN: 0})
    image = build_sketch(password="sesame", version="2.0")
    await offer(entry, {"garden.bin": image})
    await lose(home, board)
    await find_again(board)
    await adopt(image)
    await settled(home)
    assert not board_of(home).record.health_is_due
    assert issues(home).keys() == {"unhealthy"}


@pytest.mark.slow
async def test_what_was_not_installed_and_runs_now_is_not_said_to_be_missing(
    home: HomeAssistant, adopt: Adopt, add_board: AddBoard, offer: Offer, board: VirtualBoard
) -> None:
    await offer(await add_board(board, **{CONF_WAIT: 5}), {"garden.bin": RUNS})
    await board.power_off()
    await install(home)
    await wait_out(home)
    assert issues(home).keys() == {"not_installed"}
    await board.flash_over_usb(RUNS)
    await adopt(RUNS)
    assert not issues(home)


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False])
async def test_what_is_not_healthy_is_not_said_to_run_when_something_else_does(
    home: HomeAssistant, adopt: Adopt, add_board: AddBoard, offer: Offer, board: VirtualBoard, *, is_known: bool
) -> None:
    entry = await add_board(board, **{CONF_HEALTH_ENTITY: "light.garden", CONF_HEALTH_WITHIN: 0})
    await offer(entry, {"garden.bin": build_sketch(password="sesame", version="2.0")})
    with pytest.raises(HomeAssistantError, match="It's still running"):
        await install(home)
    assert issues(home).keys() == {"unhealthy"}
    image = build_sketch(password="password", version="1.0")
    await board.flash_over_usb(image)
    if is_known:
        await adopt(image)
    else:
        await board_of(home).store.update(password_checked=0.0)
        await look(home)
    assert entry.data[CONF_PASSWORD] == "password"
    assert not issues(home)
