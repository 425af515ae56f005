"""Taking a password, the running sketch or an address from a person for a board that is set up."""

from collections.abc import Container
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant

from ..arduino_ota.errors import AnotherBoard as WrongBoard, SketchRefused, WrongPassword
from ..arduino_ota.flash.flasher import Flasher
from ..arduino_ota.hardware import MKR1000, Model
from ..arduino_ota.protocol.address import read_address, write_address
from ..arduino_ota.protocol.client import BoardClient
from ..const import CONF_HEARD_NAME, CONF_LIBRARY, CONF_MODEL, CONF_TYPED_HOST
from ..coordinator import BoardCoordinator
from ..data import BoardConfigEntry
from ..errors import FormError
from ..install.adopt import async_adopt_sketch
from ..install.notices import async_raise_notices
from ..install.reconnect import async_learn_mac
from ..network.identity import TYPED, Match, async_peer, known_board, match, other_entries
from ..presence.tracker import async_get_tracker
from ..storage.records import BoardRecord
from .discovered_board import DiscoveredBoard, async_look_at_typed, client_for
from .forms import CONF_SKETCH, typed_password
from .upload import async_read_file, refused


def is_at_home(entry: BoardConfigEntry, host: str) -> bool:
    """Return whether the board of an entry is taken to be at an address, as it is until it was not found there."""
    if entry.data.get(CONF_HOST) != host:
        return False
    if entry.state is not ConfigEntryState.LOADED:
        return True
    board = entry.runtime_data.coordinator
    return board.state.has_the_board or board.data is not False


def loaded_board(entry: BoardConfigEntry) -> BoardCoordinator:
    """Return the board of an entry if it can be asked something. Raises FormError."""
    if entry.state is not ConfigEntryState.LOADED:
        raise FormError("not_loaded", "base")
    board = entry.runtime_data.coordinator
    if board.state.has_the_board:
        raise FormError("already_installing", "base")
    return board


async def async_update_password(entry: BoardConfigEntry, form: dict[str, Any]) -> None:
    """Check with the board the password, or the sketch, that was given for the address that the form shows; store it.

    It goes to nothing that is certainly another board. What accepts it is the board, whatever it announces.

    Raises FormError, and a BoardError if the board does not accept it.
    """
    board = loaded_board(entry)
    if CONF_SKETCH in form:
        await _adopt(board, form)
        return
    # The entry may move while others have the board.
    password, client = typed_password(form), board.client_for(TYPED)
    async with board.lock:
        library = await client.identify()
        await client.check_password(password)
        if client.host != board.host:
            raise FormError("board_changed", "base")
        peer = await async_peer(board.hass, board.host, entry)
        if match(board.known, peer) is not Match.BOARD:
            name = peer.name if peer.name is not None else board.board_name
            board.update_entry(**{CONF_NAME: name, CONF_HEARD_NAME: peer.name})
            await board.store.note(BoardRecord.flashed_elsewhere)
        # The address is typed by now: a person has seen it, and typed the password of what is there.
        board.update_entry(**{CONF_LIBRARY: library.value, CONF_TYPED_HOST: board.host})
        await board.async_accept_password(password)
        async_raise_notices(board)
        await async_learn_mac(board)
    async_get_tracker(board.hass).note_response(board)


async def async_reconfigure(
    hass: HomeAssistant, entry: BoardConfigEntry, form: dict[str, Any], leased: Container[str]
) -> tuple[DiscoveredBoard, dict[str, Any]]:
    """Look for the board of an entry at a typed address, find out which password it accepts there, and store that.

    If nothing is given, the passwords that are known are tried, but only on what is the board; else other hardware may
    take the place of the board, unless it is that of another entry. `leased` are addresses that the form has proposed
    because a lease speaks of them. Returns the board, and the data that the entry gets.

    Raises FormError, with the address where a name leads to one that may be another board's, and a BoardError if there
    is no board or it does not accept the password.
    """
    board = loaded_board(entry)
    async with board.lock:
        found = await async_look_at_typed(hass, form[CONF_HOST], entry)
        pending = board.record.pending
        # Anybody in the network can have a name or a lease lead to an address; a person types or sees it.
        is_named = read_address(form[CONF_HOST])[0] != found.host
        host = None if is_named or found.host in leased else found.host
        known = known_board(hass, entry, host=host, new_names=[pending.name] if pending else [])
        if found.peer.mac in known.other_macs or found.host in (
            one.data.get(CONF_HOST) for one in other_entries(hass, entry)
        ):
            raise WrongBoard(f"The board of another entry responds at {found.host}")
        told = match(known, found.peer)
        if is_named and told is not Match.BOARD:
            raise FormError("password_needed", CONF_PASSWORD, host=write_address(found.host, found.port))
        known_model = entry.data.get(CONF_MODEL, MKR1000.id) if told is Match.BOARD else None
        model = _model(found, form.get(CONF_MODEL, known_model))
        accepted, typed = None, client_for(hass, found, found.known(hass, entry), entry)
        if CONF_PASSWORD in form:
            accepted = await _accepted(board, typed, typed_password(form))
        elif CONF_SKETCH not in form:
            if told is not Match.BOARD:
                raise FormError("password_needed", CONF_PASSWORD)
            # An empty field is also how an empty password is entered.
            accepted = await _accepted(
                board, client_for(hass, found, known, entry), *board.record.keyring.passwords, ""
            )
    if accepted is None:
        await _adopt(board, form, typed, model)
    else:
        if told is not Match.BOARD:
            await board.store.note(BoardRecord.flashed_elsewhere)
        await board.async_accept_password(accepted)
    if told is not Match.BOARD:
        await board.store.note(BoardRecord.without_pending)
        if board.state.is_cancelable:
            # It was ordered for the hardware that was here before.
            await entry.runtime_data.installer.cancel()
    async_raise_notices(board)
    kept, data = dict(entry.data), found.data(entry.data[CONF_PASSWORD], model)
    if found.peer.mac is not None:
        kept.pop(CONF_MAC, None)
    if told is Match.BOARD and data[CONF_NAME] is None:
        del data[CONF_NAME]
    return found, kept | data


def _model(found: DiscoveredBoard, wanted: str | None) -> Model:
    match [one for one in found.models if len(found.models) == 1 or one.id == wanted]:
        case [model]:
            return model
    raise FormError("model_needed", CONF_MODEL)


async def _adopt(
    board: BoardCoordinator, form: dict[str, Any], client: BoardClient | None = None, model: Model | None = None
) -> None:
    # For the address that the form shows: the entry may move while others have the board.
    client = client or board.client_for(TYPED)
    file, image = await async_read_file(board.hass, form)
    try:
        await async_adopt_sketch(board, image, client, model)
    except SketchRefused as err:
        raise refused(board.hass, err, file) from err
    except WrongPassword as err:
        raise FormError("not_running", CONF_SKETCH) from err
    except WrongBoard as err:
        if client.host != board.host and model is None:
            raise FormError("board_changed", "base") from err
        raise


async def _accepted(board: BoardCoordinator, client: BoardClient, *passwords: str) -> str:
    accepted = await Flasher(client, board.store, board.timeouts).accepted_password(*passwords)
    if accepted is None:
        raise WrongPassword
    return accepted
