"""What is checked when a board is there (again), and how often its password is sent for that."""

import asyncio
from dataclasses import replace
import json

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.mkr1000_ota.const import CONF_LIBRARY, DOMAIN, UNKNOWN_VERSION
from custom_components.mkr1000_ota.install.reconnect import CHECK_INTERVAL, CHECK_INTERVAL_AFTER_ABSENCE
from tests.conftest import AddBoard, Arp, Hear, Offer, StartBoard, Welcome
from tests.support.actions import CONNECTIVITY, FIRMWARE, FLASH, board_of, install, reauths, restart, shown
from tests.support.looking import look, passwords, questions, settled
from tests.support.mending import know
from tests.support.steps import MAC, OTHER_MAC
from tests.virtual_board import VirtualBoard
from tests.virtual_board.sketches import build_sketch


def device_version(home: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return what the device page says that the board runs."""
    [device] = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    return device.sw_version


def installed(home: HomeAssistant) -> str:
    """Return the version that the update entity shows for what the board runs."""
    return str(shown(home, FIRMWARE).attributes["installed_version"])


async def let_pass(home: HomeAssistant, seconds: float) -> None:
    """Let the last time that the board said which password it accepts be longer ago."""
    store = board_of(home).store
    await store.save(lambda record: replace(record, password_checked=record.password_checked - seconds))


async def flash_sesame(home: HomeAssistant, board: VirtualBoard, offer: Offer, entry: ConfigEntry) -> None:
    """Leave a board with the password sesame, and password on its keyring."""
    await offer(entry, {"garden.bin": build_sketch(password="sesame", version="2.0")})
    await install(home)
    assert board.password == "sesame"
    board.requests.clear()


async def test_the_password_of_a_board_that_was_just_added_is_not_sent_again(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, hear: Hear
) -> None:
    await add_board(board)
    for _ in range(3):
        await hear(board)
        await settled(home)
        await look(home)
    assert not passwords(board)


@pytest.mark.parametrize("ago", [CHECK_INTERVAL_AFTER_ABSENCE - 60, CHECK_INTERVAL_AFTER_ABSENCE + 60])
async def test_it_is_sent_once_an_hour_at_most_when_a_board_was_away(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, nobody_is_heard: None, ago: float
) -> None:
    await add_board(board)
    await let_pass(home, ago)
    for _ in range(3):
        await board.power_off()
        await look(home)
        assert home.states.is_state(CONNECTIVITY, "off")
        await board.power_on()
        await look(home, 2)
        assert home.states.is_state(CONNECTIVITY, "on")
    assert passwords(board) == ["password"] * (ago > CHECK_INTERVAL_AFTER_ABSENCE)


async def test_it_is_sent_once_a_day_to_a_board_that_never_goes_away(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    await welcome(board)
    for day in range(1, 3):
        await let_pass(home, CHECK_INTERVAL)
        for _ in range(3):
            await hear(board)
            await settled(home)
            await look(home)
        assert passwords(board) == ["password"] * day


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"], ids=["cut", "nonsense"])
async def test_an_answer_that_is_none_is_no_reason_to_send_it_again(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, answer: bytes
) -> None:
    """Whoever can disturb a connection could read it as often as they like."""
    await welcome(board)
    await let_pass(home, CHECK_INTERVAL)
    await board.power_off()
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        is_question = heads[-1].startswith(b"GET ")
        writer.write(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n" if is_question else answer)
        writer.close()

    async with await asyncio.start_server(serve, board.address, board.port):
        for _ in range(3):
            await hear(board)
            await settled(home)
            await look(home)
    assert [b"Authorization" in head for head in heads].count(True) == 1
    assert len(heads) > 3


async def test_restarts_of_home_assistant_are_no_reason_to_send_it(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear
) -> None:
    [entry] = await welcome(board)
    for _ in range(3):
        await restart(home, entry)
        await hear(board)
        await settled(home)
    assert not passwords(board)


async def test_it_is_sent_once_before_a_flash_and_once_after(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, hear: Hear, offer: Offer
) -> None:
    """The upload itself carries it, too: a board knows no other way."""
    [entry] = await welcome(board)
    description = json.dumps({"password": "sesame"}).encode()
    await offer(entry, {"garden.bin": build_sketch(password="sesame", version="2.0"), "garden.json": description})
    await install(home)
    for _ in range(3):
        await hear(board)
        await settled(home)
    assert passwords(board) == ["password", "sesame"]
    assert [request.password for request in board.requests if request.body_bytes] == ["password"]


@pytest.mark.slow
async def test_an_earlier_password_is_found_on_the_keyring(
    home: HomeAssistant,
    add_board: AddBoard,
    board: VirtualBoard,
    offer: Offer,
    nobody_is_heard: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Somebody has flashed last month's sketch from the IDE: nobody is asked, and nobody says that 2.0 still runs."""
    entry = await add_board(board)
    await flash_sesame(home, board, offer, entry)
    assert installed(home) == "2.0"
    await let_pass(home, CHECK_INTERVAL_AFTER_ABSENCE + 60)

    await board.power_off()
    await look(home)
    await board.flash_over_usb(build_sketch(password="password"))
    await look(home, 2)

    assert passwords(board) == ["sesame", "password"]
    assert entry.data[CONF_PASSWORD] == "password"
    assert board_of(home).record.keyring.passwords == ("password", "sesame")
    assert installed(home) == UNKNOWN_VERSION
    assert device_version(home, entry) is None
    assert not home.config_entries.flow.async_progress()
    assert "it was flashed with another tool" in caplog.text

    await offer(entry, {"newer.bin": build_sketch(password="password", version="3.0")})
    await install(home)
    assert shown(home, FLASH).attributes["from"] is None
    assert board_of(home).record.history[0].previous_version is None


@pytest.mark.slow
async def test_another_library_tells_that_another_sketch_runs(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, offer: Offer, nobody_is_heard: None
) -> None:
    """Its password is the same, and is not sent for that; no automation replaces the sketch of the owner."""
    entry = await add_board(board)
    await flash_sesame(home, board, offer, entry)
    await board.flash_over_usb(build_sketch(password="sesame", library="ArduinoOTA"))
    await offer(entry, {"newer.bin": build_sketch(password="sesame", version="3.0")})
    board.requests.clear()
    await look(home)
    assert installed(home) == UNKNOWN_VERSION
    assert device_version(home, entry) is None
    assert entry.data[CONF_LIBRARY] == "ArduinoOTA"
    assert not shown(home, FIRMWARE).attributes["unattended"]
    assert passwords(board) == []


@pytest.mark.slow
async def test_an_unknown_password_is_asked_for_and_not_guessed_at_every_minute(
    home: HomeAssistant,
    welcome: Welcome,
    offer: Offer,
    board: VirtualBoard,
    hear: Hear,
    texts: None,
) -> None:
    """Reauthentication opens by itself, through restarts, and says what has happened; the keyring is tried once."""
    [entry] = await welcome(board)
    await flash_sesame(home, board, offer, entry)
    await board.flash_over_usb(build_sketch(password="nobody knows"))
    await let_pass(home, CHECK_INTERVAL)
    for _ in range(4):
        await hear(board)
        await settled(home)
        await look(home)
    assert passwords(board) == ["sesame", "password"]
    for _ in range(2):
        [flow] = reauths(home, entry)
        assert flow["step_id"] == "reauth_confirm"
        assert home.states.is_state(CONNECTIVITY, "on")
        assert installed(home) == UNKNOWN_VERSION
        assert device_version(home, entry) is None
        await restart(home, entry)
        await hear(board)
        await settled(home)
        await look(home)
    assert passwords(board) == ["sesame", "password"]

    [flow] = reauths(home, entry)
    await home.config_entries.flow.async_configure(flow["flow_id"], {CONF_PASSWORD: "nobody knows"})
    await settled(home)
    assert entry.data[CONF_PASSWORD] == "nobody knows"
    assert installed(home) == UNKNOWN_VERSION
    assert not home.config_entries.flow.async_progress()
    await restart(home, entry)
    assert not home.config_entries.flow.async_progress()


async def test_a_password_that_is_accepted_again_asks_nobody_anymore(
    home: HomeAssistant, add_board: AddBoard, board: VirtualBoard, nobody_is_heard: None
) -> None:
    """The dialog closes by itself when the board is flashed back."""
    entry = await add_board(board)
    await let_pass(home, CHECK_INTERVAL)
    await board.flash_over_usb(build_sketch(password="nobody knows"))
    await look(home, 2)
    assert reauths(home, entry)
    await let_pass(home, CHECK_INTERVAL)
    await board.flash_over_usb(build_sketch(password="password"))
    await look(home, 2)
    assert not reauths(home, entry)
    assert not board_of(home).record.password_rejected


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
    know(home, entry, MAC)
    address, port = board.address, board.port
    await board.stop()
    stranger = await start_board(address=address, port=port, password="of the stranger")
    arp(None, address)
    arp(MAC, "127.0.1.99")
    arp(OTHER_MAC, address)

    await let_pass(home, CHECK_INTERVAL)
    for _ in range(4):
        await hear(stranger)
        await settled(home)
        await look(home)

    assert questions(stranger)
    assert not any(request.password for request in stranger.requests)
    assert home.states.is_state(CONNECTIVITY, "off")
    assert entry.data[CONF_HOST] == address
    assert sum("does not respond" in message for message in caplog.messages) == 1


@pytest.mark.parametrize("known", [True, False], ids=["hardware address", "no hardware address"])
async def test_the_name_of_a_new_sketch_is_followed(
    home: HomeAssistant, welcome: Welcome, board: VirtualBoard, arp: Arp, offer: Offer, known: bool
) -> None:
    if known:
        arp(MAC, board.address)
    [entry] = await welcome(board)
    image = build_sketch(name="Garden", password="sesame", version="2.0", library="ArduinoOTA")
    await offer(entry, {"garden.bin": image})
    await install(home)
    assert entry.data[CONF_NAME] == "Garden"
    assert entry.data[CONF_LIBRARY] == "ArduinoOTA"
    assert entry.data.get(CONF_MAC) == (MAC if known else None), "learned from whoever accepts the password"
    assert home.states.is_state(CONNECTIVITY, "on")
    assert home.config_entries.async_entries(DOMAIN) == [entry]
