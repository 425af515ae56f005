"""What a person does in the forms of a flow, one function for each thing."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import CONF_HOST, CONF_PASSWORD
from homeassistant.core import HomeAssistant, State
from homeassistant.data_entry_flow import FlowResultType

from custom_components.mkr1000_ota.const import CONF_MODEL, DOMAIN
from custom_components.mkr1000_ota.flows.forms import MANUAL, SEARCH
from tests.virtual_board import VirtualBoard

MAC = "f8:f0:05:00:00:01"
OTHER_MAC = "f8:f0:05:00:00:02"
# Whose own MAC address stands for all boards behind it.
REPEATER = "a4:2b:b0:00:00:01"

# The update entity of a board with the name of the stock example.
UPDATE = "update.arduino_firmware"

# What the frontend gets, as JSON.
type Result = Any


async def begin(home: HomeAssistant) -> Result:
    """Add an integration, and wait for the end of the scan."""
    result = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await home.async_block_till_done(wait_background_tasks=True)
    return await home.config_entries.flow.async_configure(result["flow_id"])


def choices(result: Result) -> dict[str, str]:
    """Return what can be chosen in the only field of a form: labels by values."""
    [field] = result["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in field.config["options"]}


def offered(result: Result) -> dict[str, str]:
    """Return the boards that a form offers: labels by addresses."""
    assert result["step_id"] == "pick"
    return {value: label for value, label in choices(result).items() if value not in (SEARCH, MANUAL)}


async def pick(home: HomeAssistant, result: Result, host: str) -> Result:
    """Choose a board, or type its address where it is not offered."""
    flow = home.config_entries.flow
    if result["type"] is FlowResultType.MENU:
        result = await flow.async_configure(result["flow_id"], {"next_step_id": "address"})
    elif result["step_id"] == "pick" and host not in offered(result):
        result = await flow.async_configure(result["flow_id"], {CONF_HOST: MANUAL})
    return await flow.async_configure(result["flow_id"], {CONF_HOST: host})


async def choose_model(home: HomeAssistant, result: Result, model: str) -> Result:
    """Choose a model, where it is asked for."""
    assert result["step_id"] == "model"
    return await home.config_entries.flow.async_configure(result["flow_id"], {CONF_MODEL: model})


async def enter_password(home: HomeAssistant, result: Result, password: str) -> Result:
    """Submit the form that asks for a password, as the frontend does: it leaves out what is empty."""
    entered = {CONF_PASSWORD: password} if password else {}
    return await home.config_entries.flow.async_configure(result["flow_id"], entered)


def typed(board: VirtualBoard) -> str:
    """Return what a person types to reach a board."""
    return f"{board.address}:{board.port}"


def passwords_sent_to(board: VirtualBoard) -> list[str]:
    """Return the passwords that a board was sent, in their order."""
    return [request.password for request in board.requests if request.password is not None]


def update_state(home: HomeAssistant) -> State:
    """Return the state of that update entity."""
    state = home.states.get(UPDATE)
    assert state is not None
    return state
