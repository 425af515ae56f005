"""Repairs that act: what is wrong, and a menu of what can be done. Each issue is found again by its id."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .arduino_ota.errors import BoardUnreachable
from .arduino_ota.text import escape_markdown, words_of
from .const import DOMAIN
from .coordinator import IDLE
from .data import BoardConfigEntry, BoardData
from .errors import board_error, translated_error
from .install.notices import async_close_notice
from .install.prepare import async_request_for_notice
from .issues import ACTIONS, Kind, sentence, split_id

type Entered = dict[str, str] | None


def _action(act: Callable[[MenuRepairFlow], Awaitable[None]]) -> Callable[..., Awaitable[RepairsFlowResult]]:
    """Return a step that does something at once, and says above the menu if that cannot be done."""

    async def step(self: MenuRepairFlow, user_input: Entered = None) -> RepairsFlowResult:
        try:
            await act(self)
        except HomeAssistantError as err:
            return self.menu(err)
        return self.async_create_entry(data={})

    return step


class MenuRepairFlow(RepairsFlow):
    """Does one of several things at once; what hinders it is said above the same menu."""

    def __init__(self, kind: Kind, key: str, folder: str) -> None:
        self._kind = kind
        self._key = key
        self._folder = Path(folder)

    async def async_step_init(self, user_input: Entered = None) -> RepairsFlowResult:
        return self.menu()

    async def async_step_reconfigure(self, user_input: Entered = None) -> RepairsFlowResult:
        """Open the form that takes another address, or other hardware."""
        if self.hass.config_entries.async_get_entry(self._key) is None:
            return self.menu(translated_error("not_loaded"))
        form = await self.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": self._key}
        )
        return self.async_abort(reason="reconfigure", next_flow=(FlowType.CONFIG_FLOW, form["flow_id"]))

    @_action
    async def async_step_check(self) -> None:
        board = self._board.coordinator
        await board.async_refresh()
        if board.data is not True:
            raise board_error(BoardUnreachable(), board.name, board.host)

    @_action
    async def async_step_install(self) -> None:
        """Install again what may not have been installed, or is not healthy; or what failed to take its place."""
        board = self._board.coordinator
        if self._kind is Kind.UNHEALTHY and board.record.rollback_to is not None:
            if board.state != IDLE:
                raise translated_error("already_installing", board=board.name)
            self._board.installer.resume()
            return
        request = await async_request_for_notice(board, self._kind)
        # The notice goes when that has succeeded: its image is what is installed.
        self._board.installer.order(request)

    @_action
    async def async_step_close(self) -> None:
        async with self._board.coordinator.config_entry.setup_lock:
            # Nobody unloads the board, and takes back what is told of it, in the middle of that.
            await async_close_notice(self._board.coordinator, self._kind)

    @_action
    async def async_step_create_folder(self) -> None:
        def create() -> None:
            self._folder.mkdir(parents=True, exist_ok=True)
            next(self._folder.iterdir(), None)

        try:
            await self.hass.async_add_executor_job(create)
        except OSError as err:
            facts = {"folder": str(self._folder), "error": words_of(err)}
            raise translated_error("source_folder_unwritable", **facts) from err

    @property
    def _board(self) -> BoardData:
        """What the entry holds. Raises HomeAssistantError if it is not loaded, or not there anymore."""
        entry: BoardConfigEntry | None = self.hass.config_entries.async_get_entry(self._key)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            raise translated_error("not_loaded")
        return entry.runtime_data

    def menu(self, error: HomeAssistantError | None = None) -> RepairsFlowResult:
        problem = ""
        if error is not None:
            words = sentence(self.hass, error.translation_key or "", error.translation_placeholders or {})
            problem = f"**{escape_markdown(words)}**\n\n"
        return self.async_show_menu(
            step_id="init", menu_options=ACTIONS[self._kind], description_placeholders={"problem": problem}
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that fixes an issue."""
    return MenuRepairFlow(*split_id(issue_id), str((data or {}).get("folder", "")))
