"""What is checked when a board is there (again), and how often its password is sent for that."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
import pytest

from custom_components.mkr1000_ota.const import CONF_LIBRARY, DOMAIN, UNKNOWN_VERSION
from custom_components.mkr1000_ota.install.reconnect import CHECK_INTERVAL
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard, Welcome
from tests.support.actions import CONNECTIVITY, FIRMWARE, install, shown
from tests.support.looking import leave_unheard, look, passwords, questions, settled
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


def installed(home: HomeAssistant) -> str:
    """Return the version that the update entity shows for what the board runs."""
    return str(shown(home, FIRMWARE).attributes["installed_version"])


async def flash_sesame(home: HomeAssistant, board: VirtualBoard, offer: Offer, entry: ConfigEntry) -> None:
    """Leave a board with the password sesame, and password on its keyring."""
    await offer(entry, {"garden.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    assert board.password == "sesame"
    board.requests.clear()


async def test_the_password_is_sent_once_when_a_board_is_first_there(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear
) -> None:
    await add_board(board)
    assert not passwords(board)
    for _ in range(5):
        await hear(board)
        await settled(home)
        await look(home)
    assert passwords(board) == ["password"]


async def test_it_is_sent_once_more_when_a_board_was_away(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    await welcome(board)
    await leave_unheard(home, board)
    await board.power_on()
    for _ in range(3):
        await hear(board)
        await settled(home)
        await look(home)
    assert passwords(board) == ["password"] * 2


async def test_it_is_sent_once_a_day_to_a_board_that_never_goes_away(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    [entry] = await welcome(board)
    for day in range(1, 3):
        entry.runtime_data.coordinator.password_checked -= CHECK_INTERVAL
        for _ in range(3):
            await hear(board)
            await settled(home)
        assert passwords(board) == ["password"] * (day + 1)


async def test_it_is_sent_once_before_a_flash_and_once_after(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, offer: Offer
) -> None:
    """The upload itself carries it, too: a board knows no other way."""
    [entry] = await welcome(board)
    board.requests.clear()
    entry.runtime_data.coordinator.record.next_passwords["2.0"] = "sesame"
    await offer(entry, {"garden.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    for _ in range(3):
        await hear(board)
        await settled(home)
    assert passwords(board) == ["password", "sesame"]
    assert [request.password for request in board.requests if request.body_bytes] == ["password"]


async def test_a_board_that_calls_itself_another_name_is_asked_and_followed(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp
) -> None:
    """It never seemed to be away: only its name shows that somebody has flashed it."""
    arp(MAC, board.address)
    [entry] = await welcome(board)
    await board.flash_over_usb(build_sketch(name="Garden", password="password", library="ArduinoOTA"))
    for _ in range(3):
        await hear(board)
        await settled(home)
    assert passwords(board) == ["password"] * 2
    assert entry.data[CONF_NAME] == "Garden"


async def test_an_earlier_password_is_found_on_the_keyring(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    offer: Offer,
    nobody_is_heard: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody has flashed last month's sketch from the IDE: nobody is asked for anything."""
    entry = await add_board(board)
    await flash_sesame(home, board, offer, entry)
    assert installed(home) == "2.0"

    await board.power_off()
    await look(home)
    await board.flash_over_usb(build_sketch(password="password"))
    await look(home, 2)

    assert passwords(board) == ["sesame", "password"]
    assert entry.data[CONF_PASSWORD] == "password"
    assert entry.runtime_data.coordinator.record.keyring.passwords == ("password", "sesame")
    assert installed(home) == UNKNOWN_VERSION
    assert not home.config_entries.flow.async_progress()
    assert "somebody else has flashed it" in caplog.text


async def test_an_unknown_password_is_asked_for_and_not_guessed_at_every_minute(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp, texts: None
) -> None:
    """Reauthentication opens by itself, once, and says what has happened; the keyring is tried once, too."""
    arp(MAC, board.address)
    [entry] = await welcome(board)
    board.requests.clear()
    await board.flash_over_usb(build_sketch(name="Garden", password="nobody knows"))
    for _ in range(4):
        await hear(board)
        await settled(home)
        await look(home)

    assert passwords(board) == ["password"]
    [flow] = home.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert flow["context"]["entry_id"] == entry.entry_id
    assert flow["step_id"] == "reauth_confirm"
    assert home.states.is_state(CONNECTIVITY, "on")
    assert installed(home) == UNKNOWN_VERSION

    await home.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: "nobody knows"})
    await settled(home)
    assert entry.data[CONF_PASSWORD] == "nobody knows"
    assert not home.config_entries.flow.async_progress()


async def test_another_board_at_the_address_gets_no_password(
    home: HomeAssistant,
    welcome: Welcome,
    board: VirtualBoard,
    start_board: StartBoard,
    hear: Hear,
    arp: Arp,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It bears the same name, and is told from the right one by its hardware address alone."""
    arp(MAC, board.address)
    [entry] = await welcome(board)
    address, port = board.address, board.port
    await board.stop()
    stranger = await start_board(address=address, port=port, password="of the stranger")
    arp(MAC, "127.0.1.99")
    arp(OTHER_MAC, address)

    entry.runtime_data.coordinator.password_checked -= CHECK_INTERVAL
    for _ in range(4):
        await hear(stranger)
        await settled(home)
        await look(home)

    assert questions(stranger)
    assert not any(request.password for request in stranger.requests)
    assert home.states.is_state(CONNECTIVITY, "off")
    assert entry.data[CONF_HOST] == address
    assert sum("does not answer" in message for message in caplog.messages) == 1
    assert "answers again" not in caplog.text


async def test_a_board_without_a_known_hardware_address_is_not_followed_to_another_name(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    """At the same address, under another name: it may be another board."""
    [entry] = await welcome(board)
    await board.flash_over_usb(build_sketch(name="Garden", password="password"))
    board.requests.clear()
    for _ in range(3):
        await hear(board)
        await settled(home)
        await look(home)
    assert questions(board)
    assert not any(request.password for request in board.requests)
    assert home.states.is_state(CONNECTIVITY, "off")
    assert entry.data[CONF_NAME] == "Arduino"


@pytest.mark.parametrize("known", [True, False], ids=["hardware address", "no hardware address"])
async def test_the_name_of_a_new_sketch_is_followed(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, arp: Arp, offer: Offer, known: bool
) -> None:
    """As its image says, and as it then says itself."""
    if known:
        arp(MAC, board.address)
    [entry] = await welcome(board)
    image = build_sketch(name="Garden", password="sesame", version="2.0", library="ArduinoOTA")
    await offer(entry, {"garden.bin": image})
    flash = home.async_create_task(install(home))
    await board.next_event("listening")
    await hear(board, name="Garden by itself")
    await flash
    assert entry.data[CONF_NAME] == "Garden"
    assert entry.data[CONF_LIBRARY] == "ArduinoOTA"

    await hear(board, name="Garden by itself")
    await settled(home)
    assert entry.data[CONF_NAME] == "Garden by itself"
    await look(home)
    assert home.states.is_state(CONNECTIVITY, "on")
    assert home.config_entries.async_entries(DOMAIN) == [entry]


async def test_only_the_first_name_of_a_new_sketch_is_followed(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear, offer: Offer
) -> None:
    """Whoever calls itself otherwise later may be another board."""
    entry = await add_board(board)
    await offer(entry, {"garden.bin": build_sketch(name="Garden", version="2.0")})
    await install(home)
    for name in ("Garden by itself", "Pump"):
        await hear(board, name=name)
        await settled(home)
    assert entry.data[CONF_NAME] == "Garden by itself"
    assert home.states.is_state(CONNECTIVITY, "off")


async def test_a_board_that_was_away_is_there_as_soon_as_it_is_heard(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    await welcome(board)
    await leave_unheard(home, board)
    assert home.states.is_state(CONNECTIVITY, "off")
    await board.power_on()
    await hear(board)
    await settled(home)
    assert home.states.is_state(CONNECTIVITY, "on")
