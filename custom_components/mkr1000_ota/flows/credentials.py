"""Taking a password, the running sketch or an address from a person for a board that is set up."""

from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import CONNECTION_NETWORK_MAC

from ..arduino_ota.errors import AnotherBoard as WrongBoard, SketchRefused, WrongPassword
from ..arduino_ota.firmware.belonging import STOCK_NAME
from ..arduino_ota.flash.flasher import Flasher
from ..arduino_ota.hardware import MKR1000, Model
from ..arduino_ota.libraries import Library
from ..arduino_ota.protocol.address import read_address, write_address
from ..arduino_ota.protocol.client import BoardClient
from ..arduino_ota.sketch import Sketch
from ..const import CONF_HEARD_NAME, CONF_LIBRARY, CONF_MODEL, CONF_TYPED_HOST
from ..coordinator import BoardCoordinator
from ..data import BoardConfigEntry
from ..errors import FormError, sketch_error
from ..install.adopt import async_adopt_sketch
from ..install.flashing import async_resolve
from ..install.notices import async_raise_notices
from ..install.outcome import async_apply_outcome, async_send_end
from ..install.prepare import ALLOWED_TO_RUN
from ..install.reconnect import async_learn_mac
from ..network.announced_name import AnnouncedName
from ..network.identity import TYPED, Match, async_peer, is_name_of_other, match, name_of, other_entries
from ..presence.tracker import async_get_tracker
from ..sources.sketches import async_inspect
from ..storage.records import BoardRecord
from .discovered_board import DiscoveredBoard, async_look_at_typed, client_for
from .forms import CONF_SKETCH, typed_password
from .upload import async_read_file, problem


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
    # The entry may move while others have the board.
    client = board.client_for(TYPED)
    passwords, sketch = await _given(board, form, board.model)
    if sketch is not None:
        with suppress(WrongBoard):
            if (outcome := await async_resolve(board)) is not None:
                async_send_end(board, await async_apply_outcome(board, outcome))
    async with board.lock:
        library = await client.identify()
        accepted = await _accepted(board, client, library, passwords, sketch)
        if client.host != board.host:
            raise FormError("board_changed", "base")
        if sketch is None:
            peer = await async_peer(board.hass, board.host, entry)
            if match(board.known, peer) is not Match.BOARD:
                name = peer.name if peer.name is not None else board.board_name
                board.update_entry(**{CONF_NAME: name, CONF_HEARD_NAME: peer.name})
                await board.async_note_other_sketch()
            board.update_entry(**{CONF_LIBRARY: library.value})
        # The address is typed by now: a person has seen it, and given the password of what is there.
        board.update_entry(**{CONF_TYPED_HOST: board.host})
        await _store(board, accepted, sketch)
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
        # Anybody in the network can have a name or a lease lead to an address; a person types or sees it.
        is_named, known = read_address(form[CONF_HOST])[0] != found.host, board.known
        if not is_named and found.host not in leased:
            known = replace(known, host=found.host, typed_host=found.host)
        if found.peer.mac in known.other_macs or found.host in (
            one.data.get(CONF_HOST) for one in other_entries(hass, entry)
        ):
            raise WrongBoard(f"The board of another entry responds at {found.host}")
        told = match(known, found.peer)
        if is_named and told is not Match.BOARD:
            raise FormError("password_needed", CONF_PASSWORD, host=write_address(found.host, found.port))
        known_model = entry.data.get(CONF_MODEL, MKR1000.id) if told is Match.BOARD else None
        model = _model(found, form.get(CONF_MODEL, known_model))
        passwords, sketch = await _given(board, form, model)
        if not form.keys().isdisjoint((CONF_PASSWORD, CONF_SKETCH)):
            known = found.known(hass, entry)
        elif told is Match.BOARD:
            # An empty field is also how an empty password is entered.
            passwords = (*board.record.keyring.passwords, *passwords)
        else:
            raise FormError("password_needed", CONF_PASSWORD)
        client = client_for(hass, found, known, entry)
        accepted = await _accepted(board, client, found.library, passwords, sketch)
        if told is not Match.BOARD:
            # What is ordered is for the hardware that was here before; what has waited may have begun meanwhile.
            if entry.state is ConfigEntryState.LOADED and loaded_board(entry).state.is_cancelable:
                await entry.runtime_data.installer.cancel()
            await board.store.note(BoardRecord.replaced)
            board.announced = AnnouncedName(None)
        elif found.peer.name is not None and board.announced.own not in (None, found.peer.name):
            await board.async_note_other_sketch()
            board.announced.own = None
        await _store(board, accepted, sketch)
    kept, data = dict(entry.data), found.data(entry.data[CONF_PASSWORD], model)
    if found.peer.mac is not None:
        kept.pop(CONF_MAC, None)
    if told is Match.BOARD and data[CONF_NAME] is None:
        del data[CONF_NAME]
    data = kept | data
    board.update_device(new_connections={(CONNECTION_NETWORK_MAC, data[CONF_MAC])} if CONF_MAC in data else set())
    return found, data


def _model(found: DiscoveredBoard, wanted: str | None) -> Model:
    match [one for one in found.models if len(found.models) == 1 or one.id == wanted]:
        case [model]:
            return model
    raise FormError("model_needed", CONF_MODEL)


async def _given(board: BoardCoordinator, form: dict[str, Any], model: Model) -> tuple[tuple[str, ...], Sketch | None]:
    """Return the passwords that a form gives, and the sketch that they stand in if it is one. Raises FormError."""
    if CONF_SKETCH not in form:
        return (typed_password(form),), None
    file, image = await async_read_file(board.hass, form)
    try:
        sketch = await async_inspect(board.hass, image, model, None, ALLOWED_TO_RUN)
    except SketchRefused as err:
        raise problem(board.hass, sketch_error(err, file), CONF_SKETCH) from err
    # No guess is needed if it has a password that the board accepted before.
    before = [password for password in board.record.keyring.passwords if password and sketch.has_literal(password)]
    return (*before, *sketch.passwords), sketch


async def _accepted(
    board: BoardCoordinator, client: BoardClient, library: Library, passwords: Iterable[str], sketch: Sketch | None
) -> str:
    """Return which password a board accepts that responds with a library; a sketch must be what it runs."""
    is_other = sketch is not None and (
        sketch.library not in (None, library) or _is_of_other(board.hass, board.config_entry, sketch)
    )
    if is_other:
        raise FormError("not_running", CONF_SKETCH)
    accepted = await Flasher(client, board.store, board.timeouts).accepted_password(*passwords)
    if accepted is None:
        raise FormError("not_running", CONF_SKETCH) if sketch else WrongPassword
    return accepted


def _is_of_other(hass: HomeAssistant, entry: ConfigEntry, sketch: Sketch) -> bool:
    """Return whether a sketch has the name of another board: one of its own, which no sketch puts together at run time."""
    name = sketch.name or ""
    is_own = name.casefold() in (name_of(entry).casefold(), STOCK_NAME.casefold())
    return not is_own and is_name_of_other(hass, entry, name)


async def _store(board: BoardCoordinator, password: str, sketch: Sketch | None) -> None:
    entry = board.config_entry
    async with entry.setup_lock:
        if board.hass.config_entries.async_get_entry(entry.entry_id) is None:
            # Removed while the board was asked: nothing of it is to be on the disk anymore.
            raise FormError("not_loaded", "base")
        if sketch is not None:
            await async_adopt_sketch(board, sketch, password)
        else:
            await board.async_accept_password(password)
            async_raise_notices(board)
