"""Taking a password or an address from a person for a board that is set up."""

from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import replace

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant

from ..arduino_ota.errors import AnotherBoard, WrongPassword
from ..arduino_ota.protocol.client import BoardClient
from ..const import CONF_LIBRARY
from ..coordinator import BoardCoordinator
from ..errors import Refused
from ..network.identity import Identity
from ..network.recognition import Recognition, async_learn, async_recognise, other_entries
from ..shared import async_shared
from ..storage.records import BoardRecord
from .discovered_board import Found, async_look_at_typed, client_for


def is_at_home(entry: ConfigEntry, host: str) -> bool:
    """Whether the board of an entry is taken to be at an address, as it is until it was not found there."""
    if entry.data[CONF_HOST] != host:
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    board = _board_of(entry)
    return board.is_being_flashed or board.data.reachable is not False


def refuse_while_flashed(entry: ConfigEntry) -> None:
    """Raise Refused while the board of an entry is being flashed: a reload would break that off."""
    if entry.state is ConfigEntryState.LOADED and _board_of(entry).is_being_flashed:
        raise Refused("already_installing", "base")


async def async_take_password(entry: ConfigEntry, password: str) -> None:
    """Check a password with the board, and store it. It goes to nobody but that board.

    Raises Refused, and a BoardError if the board does not take it.
    """
    board = _idle_board_of(entry)
    async with board.turn:
        identity = await async_recognise(board)
        await board.client.check_password(password)
        await board.accept_password(password)
        async_learn(board, identity)


async def async_take_name(entry: ConfigEntry, name: str, password: str) -> None:
    """Take a person's word that what answers by another name is the board of an entry, if it takes the password.

    Nothing that is stored is sent to it. What it runs is not known any more, because it was not called that from here.

    Raises Refused, and a BoardError if the board does not take the password, or is not called that.
    """
    board = _idle_board_of(entry)
    async with board.turn:
        recognition = Recognition(board, name)
        client = board.client_with(recognition)
        library = await client.identify()
        await client.check_password(password)
        await board.record.flashed_elsewhere()
        board.follow(**{CONF_NAME: name, CONF_LIBRARY: library})
        board.show_version()
        await board.accept_password(password)
        async_learn(board, Identity(library, recognition.mac))
        board.set_reachable(True)
    # It may have been unloaded while the board was asked.
    if entry.state is ConfigEntryState.LOADED:
        entry.runtime_data.homecoming.answered()


async def async_take_address(
    hass: HomeAssistant, entry: ConfigEntry, typed: str, password: str | None
) -> tuple[Found, str]:
    """Return the board of an entry as it answers at an address, and the password that it takes there.

    Without a password those that are known are tried, but only on what is not another board as far as can be told.

    Raises Refused, and a BoardError if there is no board or it does not take the password.
    """
    refuse_while_flashed(entry)
    shared = await async_shared(hass)
    async with _board_of(entry).turn if entry.state is ConfigEntryState.LOADED else nullcontext():
        found = await async_look_at_typed(hass, typed, entry.data[CONF_NAME])
        mac = entry.data.get(CONF_MAC)
        others = other_entries(hass, entry)
        if found.entry(others) is not None or (None not in (mac, found.mac) and mac != found.mac):
            raise AnotherBoard(f"Another board answers at {found.host}")
        record = shared.store.record(entry.entry_id)
        names = _names(entry, record)
        if password is not None:
            wanted = [password]
        elif found.answers_to(mac, names, others):
            # An empty field is also how an empty password is entered.
            wanted = [*record.keyring.passwords, entry.data[CONF_PASSWORD], ""]
        else:
            raise Refused("password_needed", CONF_PASSWORD)
        accepted = await _first_accepted(client_for(hass, found, entry, names), wanted)
        if found.name not in names:
            # It was not called that from here, so nobody knows what it runs.
            await record.flashed_elsewhere()
        await record.accept(accepted)
    return replace(found, mac=found.mac or mac), accepted


def _names(entry: ConfigEntry, record: BoardRecord) -> set[str]:
    """Return what the board of an entry may call itself."""
    pending = record.pending.name if record.pending is not None else None
    return {entry.data[CONF_NAME], *([pending] if pending is not None else [])}


async def _first_accepted(client: BoardClient, passwords: Iterable[str]) -> str:
    for password in dict.fromkeys(passwords):
        with suppress(WrongPassword):
            await client.check_password(password)
            return password
    raise WrongPassword


def _idle_board_of(entry: ConfigEntry) -> BoardCoordinator:
    if entry.state is not ConfigEntryState.LOADED:
        raise Refused("not_loaded")
    refuse_while_flashed(entry)
    return _board_of(entry)


def _board_of(entry: ConfigEntry) -> BoardCoordinator:
    board: BoardCoordinator = entry.runtime_data.coordinator
    return board
