"""Taking a password or an address from a person for a board that is set up."""

from dataclasses import replace

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant

from .board.errors import WrongPassword
from .const import DOMAIN
from .coordinator import BoardCoordinator
from .found import Found, async_look_at_typed, client_for
from .problems import Refused
from .recognition import AnotherBoard, async_learn, async_recognise
from .shared import async_shared


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
    if entry.state is not ConfigEntryState.LOADED:
        raise Refused("not_loaded")
    refuse_while_flashed(entry)
    board = _board_of(entry)
    try:
        identity = await async_recognise(board)
    except AnotherBoard:
        raise Refused("another_board") from None
    await board.client.check_password(password)
    await board.accept_password(password)
    async_learn(board, identity)


async def async_take_address(
    hass: HomeAssistant, entry: ConfigEntry, typed: str, password: str | None
) -> tuple[Found, str]:
    """Return the board of an entry as it answers at an address, and the password that it takes there.

    Without a password those that are known are tried, but only on what is not another board as far as can be told.

    Raises Refused, and a BoardError if there is no board or it does not take the password.
    """
    refuse_while_flashed(entry)
    shared = await async_shared(hass)
    record = shared.store.record(entry.entry_id)
    mac = entry.data.get(CONF_MAC)
    names = {entry.data[CONF_NAME]}
    if record.pending is not None and record.pending.name is not None:
        names.add(record.pending.name)

    found = await async_look_at_typed(hass, typed, entry.data[CONF_NAME])
    other = found.entry(one for one in hass.config_entries.async_entries(DOMAIN, include_ignore=False) if one != entry)
    if other is not None or (None not in (mac, found.mac) and mac != found.mac):
        raise Refused("another_board")
    if password is None and not found.answers_to(mac, names):
        raise Refused("password_needed", CONF_PASSWORD)

    client = client_for(hass, found.host, found.port)
    # An empty field is also how an empty password is entered.
    wanted = (password,) if password is not None else (*record.keyring.passwords, entry.data[CONF_PASSWORD], "")
    for one in dict.fromkeys(wanted):
        try:
            await client.check_password(one)
        except WrongPassword:
            continue
        await record.accept(one)
        return replace(found, mac=found.mac or mac), one
    raise WrongPassword


def _board_of(entry: ConfigEntry) -> BoardCoordinator:
    board: BoardCoordinator = entry.runtime_data.coordinator
    return board
