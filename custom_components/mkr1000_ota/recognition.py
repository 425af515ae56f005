"""Making sure of a board before anything secret is sent to where it should be."""

from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr

from .board.errors import BoardError
from .const import DOMAIN, LOGGER
from .coordinator import BoardCoordinator
from .identity import Identity, async_address_of, async_identify


class AnotherBoard(Exception):
    """What answers at the address of a board is, or may be, another one."""


async def async_recognise(board: BoardCoordinator) -> Identity:
    """Make sure that what answers at the address of a board is that board; look for it elsewhere if it is not.

    A board whose hardware address is known is recognised by it, any other one by its name at that address.

    Raises AnotherBoard, and BoardUnreachable, BoardSilent or NotABoard when it is not found anywhere.
    """
    try:
        identity = await async_identify(board.hass, board.client, board.host)
    except BoardError:
        if await async_find(board) is None:
            raise
        return await async_identify(board.hass, board.client, board.host)
    if _is(board, identity):
        return identity
    LOGGER.info("Another board answers at %s, where %s was: looking for it", board.host, board.name)
    if (found := await async_find(board)) is None:
        raise AnotherBoard
    return found


async def async_find(board: BoardCoordinator) -> Identity | None:
    """Look for a board that has moved, and follow it; only one whose hardware address is known can be found."""
    if board.mac is None:
        return None
    heard = [sighting.address for sighting in board.shared.asker.sightings]
    for host in dict.fromkeys(filter(None, (async_address_of(board.hass, board.mac), *heard))):
        if host == board.host:
            continue
        try:
            identity = await async_identify(board.hass, board.client_at(host), host)
        except BoardError:
            continue
        if identity.mac == board.mac:
            LOGGER.info("%s has moved from %s to %s", board.name, board.host, host)
            board.follow(**{CONF_HOST: host})
            return identity
    return None


@callback
def async_learn(board: BoardCoordinator, identity: Identity) -> None:
    """Note the hardware address of a board that has just accepted its password."""
    if identity.mac is None or board.mac is not None:
        return
    entry = board.config_entry
    entries = board.hass.config_entries
    if entries.async_entry_for_domain_unique_id(DOMAIN, identity.mac) is not None:
        LOGGER.warning("%s and another entry are the same board; delete one of them", board.name)
        return
    board.follow(**{CONF_MAC: identity.mac})
    entries.async_update_entry(entry, unique_id=identity.mac)
    devices = dr.async_get(board.hass)
    if device := devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id):
        devices.async_update_device(device.id, merge_connections={(dr.CONNECTION_NETWORK_MAC, identity.mac)})


def _is(board: BoardCoordinator, identity: Identity) -> bool:
    if board.mac is not None and identity.mac is not None:
        return board.mac == identity.mac
    sighting = board.shared.asker.sightings.get(board.host)
    names = {board.board_name}
    if (pending := board.record.pending) is not None and pending.name is not None:
        names.add(pending.name)
    return sighting is None or sighting.name in names
