"""Adding a board: one of those that respond, or one whose address is typed."""

import asyncio

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_USER, ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_MAC
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow

from ..arduino_ota import limits
from ..arduino_ota.discovery.announcements import Sighting
from ..arduino_ota.errors import BoardError
from ..arduino_ota.firmware.belonging import STOCK_NAME
from ..arduino_ota.hardware import MODELS, Model
from ..arduino_ota.text import fit_to_show
from ..const import CONF_FOLDER, CONF_MODEL, DOMAIN
from ..errors import FormError
from ..network.identity import Match, match
from ..presence.tracker import async_get_tracker
from . import forms
from .discovered_board import (
    DiscoveredBoard,
    as_markdown,
    async_look_at,
    async_look_at_typed,
    async_scan,
    client_for,
    entry_of,
    heard_lately,
)
from .forms import Entered, Failure, show_form

# A phone shows no more beside what can be chosen.
NAMED_CONFIGURED = 5


class AddFlow(ConfigFlow):
    """The steps from the scan to the entry of a board."""

    _found: DiscoveredBoard
    _model: Model | None = None
    _scan: asyncio.Task[None] | None = None

    async def async_step_scan(self, user_input: Entered = None) -> ConfigFlowResult:
        if self._scan is None:
            self._scan = self.hass.async_create_background_task(
                async_scan(self.hass, self.async_update_progress), f"{DOMAIN} scan", eager_start=False
            )
        if not self._scan.done():
            return self.async_show_progress(step_id="scan", progress_action="scan", progress_task=self._scan)
        self._scan = None
        return self.async_show_progress_done(next_step_id="pick")

    async def async_step_pick(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take one of the boards that responded and are not set up."""
        error: Failure = None
        if user_input is not None:
            if user_input[CONF_HOST] == forms.SEARCH:
                return await self.async_step_scan()
            if user_input[CONF_HOST] == forms.MANUAL:
                return await self.async_step_address()
            if (error := await self._look_at(user_input[CONF_HOST])) is None:
                return self._ask()
        free, configured = self._heard()
        if free:
            schema = forms.pick_schema(map(_choice, free))
            return show_form(self, "pick", schema, user_input, error, CONF_HOST, configured=_names(configured))
        if error:
            return self._ask_address(user_input, error)
        told = {"configured": _names(configured)}
        return self.async_show_menu(
            step_id="none_found", menu_options=["scan", "address"], description_placeholders=told
        )

    # The same step, shown otherwise where there is nothing to pick from.
    async_step_none_found = async_step_pick

    async def async_step_address(self, user_input: Entered = None) -> ConfigFlowResult:
        if user_input is None:
            return self._ask_address()
        error = await self._look_at(user_input[CONF_HOST])
        return self._ask_address(user_input, error) if error else self._ask()

    async def async_step_model(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take the model of a board, which the form has where nothing proves it."""
        if user_input is None:
            return self._ask()
        if user_input[CONF_MODEL] == forms.OTHER:
            models = "\n".join(f"- {model.name}" for model in MODELS)
            return self.async_abort(reason="not_supported", description_placeholders={"models": models})
        self._model = next(model for model in self._found.models if model.id == user_input[CONF_MODEL])
        return self._ask()

    async def async_step_password(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take the password of the running sketch, and check it with the board."""
        if user_input is None:
            return self._ask()
        try:
            model = await self._verify(password := forms.typed_password(user_input))
        except (BoardError, FormError) as err:
            return self._ask(err)
        options = self._found.options(self.hass)
        return self.async_create_entry(
            title=self._found.title(self.hass),
            data=self._found.data(password, model),
            options=options,
            description_placeholders={"folder": self.hass.config.path(options[CONF_FOLDER])},
        )

    @callback
    def _ask(self, error: Failure = None) -> ConfigFlowResult:
        """Ask for what is missing: the model unless something proves it, then the password."""
        found = self._found
        if self._model not in found.models:
            self._model = found.models[0] if len(found.models) == 1 else None
        shown = {"title": found.name, "name": as_markdown(found.name), "host": found.host, "library": found.library}
        if self._model is not None:
            return show_form(self, "password", forms.PASSWORD_SCHEMA, None, error, **shown)
        schema = forms.model_schema(found.models, forms.OTHER)
        return show_form(self, "model", schema, {CONF_MODEL: found.models[0].id}, error, **shown)

    @callback
    def _ask_address(self, user_input: Entered = None, error: Failure = None) -> ConfigFlowResult:
        return show_form(self, "address", forms.ADDRESS_SCHEMA, user_input, error, CONF_HOST)

    async def _look_at(self, typed: str) -> Failure:
        """Take the board at an address; return what is wrong if there is none to be added."""
        try:
            await self._take(await async_look_at_typed(self.hass, typed))
        except (BoardError, FormError) as err:
            return err
        return None

    async def _verify(self, password: str) -> Model:
        """Check a password with the board that the form shows, and return its model; a card may be days old."""
        shown = self._found
        now = await async_look_at(self.hass, shown.host, shown.port)
        is_shown = match(shown.known(self.hass), now.peer) is Match.BOARD and self._model in now.models
        await self._take(now, raise_on_progress=not is_shown and self.source != SOURCE_USER)
        if not is_shown or self._model is None:
            raise FormError("board_changed")
        await client_for(self.hass, now, now.known(self.hass)).check_password(password)
        return self._model

    async def _take(self, found: DiscoveredBoard, *, raise_on_progress: bool = False) -> None:
        """Go on with a board unless it is set up, or if that counts, is being set up in another flow."""
        if found.mac is not None:
            self._abort_if_known(found.mac, found.host)
        if entry_of(self.hass, found) is not None:
            raise AbortFlow("already_configured")
        entries = self.hass.config_entries
        ignored = entries.async_entry_for_domain_unique_id(DOMAIN, found.fallback_id)
        is_taken = entries.async_entry_for_domain_unique_id(DOMAIN, found.unique_id) is not None
        # Ignored when its MAC address was not known, it stays ignored now that it is.
        if ignored is not None and ignored.source == SOURCE_IGNORE and not is_taken:
            entries.async_update_entry(ignored, unique_id=found.unique_id)
        await self.async_set_unique_id(found.unique_id, raise_on_progress=raise_on_progress)
        self._abort_if_unique_id_configured()
        self._found = found

    def _abort_if_known(self, mac: str, host: str) -> None:
        """End the flow if the board is set up, and have it looked for: it may have another address now."""
        async_get_tracker(self.hass).moves.async_hint(mac, host)
        self._async_abort_entries_match({CONF_MAC: mac})

    def _heard(self) -> tuple[list[Sighting], list[ConfigEntry]]:
        heard = {one.address: one for one in heard_lately(self.hass)}
        entries = self._async_current_entries(include_ignore=False)
        configured = [entry for entry in entries if heard.pop(entry.data.get(CONF_HOST, ""), None)]
        return list(heard.values()), configured


def _choice(board: Sighting) -> tuple[str, str]:
    name = fit_to_show(board.name, limits.NAME) or STOCK_NAME
    return board.address, f"{name} · {board.address} · {board.library}"


def _names(entries: list[ConfigEntry]) -> str:
    names = [as_markdown(entry.title) for entry in entries[:NAMED_CONFIGURED]]
    return ", ".join([*names, "…"] if len(entries) > NAMED_CONFIGURED else names) or "–"
