"""What a person does to mend a board that is set up, and what has come of it."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_MAC, CONF_PASSWORD
from homeassistant.core import HomeAssistant

from custom_components.mkr1000_ota.const import LOCKED_BY
from tests.support.steps import Result
from tests.virtual_board import VirtualBoard


async def settle(home: HomeAssistant, *boards: VirtualBoard) -> None:
    """Let what is due at set-up happen, and forget what boards were asked for that."""
    await home.async_block_till_done(wait_background_tasks=True)
    for board in boards:
        board.requests.clear()


async def reauthenticate(home: HomeAssistant, entry: ConfigEntry, locked_by: str | None = None) -> Result:
    """Let Home Assistant ask for the password of a board."""
    entry.async_start_reauth(home, data={LOCKED_BY: locked_by} if locked_by else None)
    await home.async_block_till_done()
    [flow] = entry.async_get_active_flows(home, {SOURCE_REAUTH})
    return await home.config_entries.flow.async_configure(flow["flow_id"])


async def reconfigure(home: HomeAssistant, entry: ConfigEntry, host: str | None = None, password: str = "") -> Result:
    """Open the form, and submit it with an address as the frontend does: it leaves out what is empty."""
    result: Result = await entry.start_reconfigure_flow(home)  # type: ignore[attr-defined]  # a MockConfigEntry
    assert result["step_id"] == "reconfigure"
    if host is None:
        return result
    return await submit(home, result, host, password)


async def submit(home: HomeAssistant, result: Result, host: str, password: str = "", **others: str) -> Result:
    """Submit the form with an address, a password and what else was entered."""
    entered = {CONF_HOST: host, **others} | ({CONF_PASSWORD: password} if password else {})
    return await home.config_entries.flow.async_configure(result["flow_id"], entered)


def know(home: HomeAssistant, entry: ConfigEntry, mac: str) -> None:
    """Let the hardware address of a board be known."""
    home.config_entries.async_update_entry(entry, unique_id=mac, data={**entry.data, CONF_MAC: mac})


async def stored_password(home: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return the password in the store, and make sure that the entry has the same."""
    current: str | None = entry.runtime_data.coordinator.record.keyring.current
    assert entry.data[CONF_PASSWORD] == current
    return current
