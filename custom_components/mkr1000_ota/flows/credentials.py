"""Taking a password or an address from a person for a board that is set up."""

from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
import time

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..arduino_ota.errors import AnotherBoard as WrongBoard, WrongPassword
from ..arduino_ota.protocol.client import BoardClient
from ..const import CONF_HEARD_NAME, CONF_LIBRARY
from ..coordinator import BoardCoordinator
from ..errors import FormError
from ..install.reconnect import async_learn_mac
from ..network.identity import STORED, TYPED, Match, async_peer, known_board, match, other_entries, verifier
from ..presence.tracker import async_get_tracker
from ..storage.records import BoardRecord
from ..storage.store import RecordStore
from .discovered_board import DiscoveredBoard, async_look_at_typed, client_for


def is_at_home(entry: ConfigEntry, host: str) -> bool:
    """Return whether the board of an entry is taken to be at an address, as it is until it was not found there."""
    if entry.data.get(CONF_HOST) != host:
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    board = _board_of(entry)
    return board.state.has_the_board or board.data is not False


def refuse_while_installing(entry: ConfigEntry) -> None:
    """Raise FormError while something is being installed on the board of an entry."""
    if entry.state is ConfigEntryState.LOADED and _board_of(entry).state.has_the_board:
        raise FormError("already_installing", "base")


async def async_update_password(entry: ConfigEntry, password: str) -> None:
    """Check a password that a person has typed for the address that the form shows, and store it.

    It goes to nothing that is certainly another board. What accepts it is the board, whatever it announces.

    Raises FormError, and a BoardError if the board does not accept it.
    """
    if entry.state is not ConfigEntryState.LOADED:
        raise FormError("not_loaded")
    refuse_while_installing(entry)
    board = _board_of(entry)
    async with board.lock:
        client = board.client_for(TYPED)
        library = await client.identify()
        await client.check_password(password)
        peer = await async_peer(board.hass, board.host, entry)
        if match(board.known, peer) is not Match.BOARD and peer.name is not None:
            board.update_entry(**{CONF_NAME: peer.name, CONF_HEARD_NAME: peer.name})
            await board.store.note(BoardRecord.flashed_elsewhere)
        board.update_entry(**{CONF_LIBRARY: library.value})
        await board.async_accept_password(password)
        await async_learn_mac(board)
    async_get_tracker(board.hass).note_response(board)


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """A board as it responds at an address that a person has typed, and the password that it accepts there."""

    board: DiscoveredBoard
    password: str
    mac: str | None
    is_replaced: bool


async def async_update_address(
    hass: HomeAssistant, entry: ConfigEntry, typed: str, password: str | None
) -> Reconfigured:
    """Look for the board of an entry at a typed address, and find out which password it accepts there.

    Without a password those that are known are tried, but only on what is the board; with one, other hardware may take
    the place of the board, unless it is that of another entry.

    Raises FormError, and a BoardError if there is no board or it does not accept the password.
    """
    refuse_while_installing(entry)
    is_loaded = entry.state is ConfigEntryState.LOADED
    async with _board_of(entry).lock if is_loaded else nullcontext():
        found = await async_look_at_typed(hass, typed)
        store = _board_of(entry).store if is_loaded else RecordStore(hass, entry.entry_id)
        if not is_loaded:
            await store.load()
        names = [store.record.pending.name] if store.record.pending else []
        others = other_entries(hass, entry)
        known = known_board(hass, entry, host=found.host, names=names)
        if found.peer.mac in known.other_macs or found.host in (one.data.get(CONF_HOST) for one in others):
            raise WrongBoard(f"The board of another entry responds at {found.host}")
        told = match(known, found.peer)
        if password is None and told is not Match.BOARD:
            raise FormError("password_needed", CONF_PASSWORD)
        if password is None:
            # An empty field is also how an empty password is entered.
            client = BoardClient(
                async_get_clientsession(hass),
                found.host,
                found.port,
                verifier(hass, entry, lambda: known, accepts=STORED),
            )
            accepted = await _first_accepted(client, [*store.keyring.passwords, entry.data[CONF_PASSWORD], ""])
        else:
            accepted = await _first_accepted(client_for(hass, found, entry), [password])
        if told is not Match.BOARD:
            await store.note(BoardRecord.flashed_elsewhere)
        await store.note(lambda record: record.accepted(accepted, time.time()))
    own = entry.data.get(CONF_MAC)
    return Reconfigured(found, accepted, found.mac if found.peer.mac is not None else own, told is Match.WRONG_BOARD)


async def _first_accepted(client: BoardClient, passwords: Iterable[str]) -> str:
    for password in dict.fromkeys(passwords):
        with suppress(WrongPassword):
            await client.check_password(password)
            return password
    raise WrongPassword


def _board_of(entry: ConfigEntry) -> BoardCoordinator:
    board: BoardCoordinator = entry.runtime_data.coordinator
    return board
