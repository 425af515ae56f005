"""Making sure of a board before anything is sent to where it should be."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_NAME, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..arduino_ota.errors import AnotherBoard, BoardError
from ..arduino_ota.hardware import is_own_address
from ..arduino_ota.protocol.client import BoardClient
from ..const import DOMAIN, LOGGER
from ..data import Stage
from .identity import Identity, async_address_of, async_identify, async_mac_of
from .same_board import async_report_same_board

if TYPE_CHECKING:
    from ..coordinator import BoardCoordinator

__all__ = ["AnotherBoard", "Recognition", "async_find", "async_learn", "async_meet", "async_recognise", "other_entries"]


class Recognition:
    """Looks who has accepted a connection that is meant for a board, before a password is sent over it.

    Between a question and a password an address may pass to another board. The peer of a connection stays the same,
    and while it is being connected to, the neighbour table is right about it.
    """

    def __init__(self, board: BoardCoordinator, name: str | None = None) -> None:
        """Look out for a board; `name` is what it calls itself now, for one of which a person says so."""
        self._board = board
        self._name = name
        self.mac: str | None = None

    async def __call__(self, peer: str) -> None:
        """Raise AnotherBoard unless the peer is the board."""
        board = self._board
        self.mac = await async_mac_of(board.hass, peer)
        if board.mac is not None and self.mac is not None:
            if board.mac != self.mac:
                async_meet(board.hass, self.mac, peer)
                raise AnotherBoard(f"{self.mac} answers at {peer}")
        elif not self._is_called_like_it(peer) or (board.mac is not None and self._has_namesakes()):
            raise AnotherBoard(f"Nothing proves that it is the board that answers at {peer}")
        elif self.mac is not None and await self._is_known(self.mac, peer):
            raise AnotherBoard(f"{self.mac}, which is known as another board, answers at {peer}")

    async def _is_known(self, mac: str, peer: str) -> bool:
        """Tell whether a hardware address that was met is that of another entry's board, which has come here.

        Where it answers at the address of that entry, too, a repeater puts it for those of all boards behind it, and it
        says nothing.
        """
        hass = self._board.hass
        entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, mac)
        if entry is None or entry is self._board.config_entry or entry.source == SOURCE_IGNORE:
            return False
        host = entry.data[CONF_HOST]
        if host == peer or _has_no_time(entry):
            return True
        try:
            client = BoardClient(async_get_clientsession(hass), host, entry.data[CONF_PORT])
            there = await async_identify(hass, client, host)
        except BoardError:
            return True
        if there.mac not in (mac, None):
            async_meet(hass, mac, peer)
        return there.mac != mac

    def _is_called_like_it(self, peer: str) -> bool:
        """Tell whether the name that was heard from there, if any was, is that of the board or of its next sketch."""
        board = self._board
        sighting = board.shared.asker.sightings.get(peer)
        if self._name is not None:
            return sighting is not None and sighting.name == self._name
        if sighting is None or sighting.name == board.board_name:
            return True
        if board.awaits_name or board.activity.stage is Stage.RESTARTING:
            # What an image says of its name is not always what its sketch says of itself.
            return True
        pending = board.record.pending
        return pending is not None and pending.name in (None, sighting.name)

    def _has_namesakes(self) -> bool:
        board = self._board
        others = other_entries(board.hass, board.config_entry)
        return any(entry.data[CONF_NAME] == board.board_name for entry in others)


def other_entries(hass: HomeAssistant, entry: ConfigEntry | None) -> list[ConfigEntry]:
    """Return the entries of all boards but one."""
    return [one for one in hass.config_entries.async_entries(DOMAIN, include_ignore=False) if one is not entry]


def _has_no_time(entry: ConfigEntry) -> bool:
    """Tell whether the board of an entry must not be asked anything now."""
    busy = (Stage.CHECKING, Stage.UPLOADING, Stage.RESTARTING)
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.coordinator.activity.stage in busy


async def async_recognise(board: BoardCoordinator) -> Identity:
    """Make sure that what answers at the address of a board is that board; follow it where it is known to have gone.

    A board whose hardware address is known is recognised by it, any other one by its name at that address.

    Raises AnotherBoard, BoardUnreachable, BoardSilent or NotABoard.
    """
    try:
        return await _ask(board)
    except BoardError:
        if not await async_find(board):
            raise
        return await _ask(board)


async def async_find(board: BoardCoordinator) -> bool:
    """Follow a board to the address that the dhcp integration knows for it, and say whether it answers there."""
    if board.mac is None or (host := async_address_of(board.hass, board.mac)) is None or host == board.host:
        return False
    try:
        identity = await async_identify(board.hass, board.client_at(host), host)
    except BoardError:
        return False
    if identity.mac != board.mac:
        return False
    async_meet(board.hass, board.mac, host)
    return True


@callback
def async_meet(hass: HomeAssistant, mac: str, host: str) -> None:
    """Note that a hardware address was seen at an address: if it belongs to an entry, that follows."""
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, mac)
    if entry is None or entry.source == SOURCE_IGNORE or entry.data[CONF_HOST] == host:
        return
    LOGGER.info("%s has moved from %s to %s", entry.title, entry.data[CONF_HOST], host)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: host})


@callback
def async_learn(board: BoardCoordinator, identity: Identity) -> None:
    """Note the hardware address of a board that has just accepted its password."""
    mac = identity.mac
    if mac is None or board.mac is not None or not is_own_address(mac):
        return
    entry = board.config_entry
    entries = board.hass.config_entries
    if (other := entries.async_entry_for_domain_unique_id(DOMAIN, mac)) is not None and other is not entry:
        async_report_same_board(board, other, mac)
        return
    entries.async_update_entry(entry, data={**entry.data, CONF_MAC: mac}, unique_id=mac)
    devices = dr.async_get(board.hass)
    if device := devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id):
        connections = device.connections | {(dr.CONNECTION_NETWORK_MAC, mac)}
        devices.async_update_device(device.id, new_connections=connections)


async def _ask(board: BoardCoordinator) -> Identity:
    recognition = Recognition(board)
    return Identity(await board.client_with(recognition).identify(), recognition.mac)
