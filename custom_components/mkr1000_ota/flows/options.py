"""Choosing where the sketches of a board come from, what it can take, and what keeps a bad one away."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
import voluptuous as vol

from ..arduino_ota.firmware.fetcher import http_url
from ..arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from ..arduino_ota.firmware.release import SourceError
from ..const import CONF_FOLDER, CONF_HEALTH_URL, CONF_PUBLIC_KEY, CONF_SOURCE, CONF_WAIT, SourceKind
from ..coordinator import BoardCoordinator
from ..errors import FormError, source_form_error
from ..sources.chosen import prepare_folder, server_of
from .credentials import refuse_while_installing
from .masking import with_secrets, without_secrets
from .options_forms import (
    BOARD_SCHEMA,
    CONF_FILE,
    CONF_VERSION,
    FOLDER_SCHEMA,
    GITHUB_SCHEMA,
    MANIFEST_SCHEMA,
    SAFETY_SCHEMA,
    UPLOAD_SCHEMA,
    VERSION_SCHEMA,
)
from .upload import Upload, async_receive, read_version

type Entered = dict[str, Any] | None


class BoardOptionsFlow(OptionsFlowWithReload):
    """Changes the options of a board.

    What changes them reloads the entry, which would break off an upload to the board: not while it is flashed.
    """

    _upload: Upload

    async def async_step_init(self, user_input: Entered = None) -> ConfigFlowResult:
        """Show what can be changed."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["source", "upload", "safety", "board"],
        )

    async def async_step_source(self, user_input: Entered = None) -> ConfigFlowResult:
        """Choose the kind of source."""
        return self.async_show_menu(step_id="source", menu_options=["folder", "manifest", "github"])

    async def async_step_folder(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take sketches from a folder below the configuration directory."""
        if user_input is None:
            return self._form("folder", FOLDER_SCHEMA)
        try:
            folder = await self.hass.async_add_executor_job(
                prepare_folder, self.hass.config.config_dir, user_input[CONF_FOLDER]
            )
            return self._save({CONF_SOURCE: SourceKind.FOLDER.value, CONF_FOLDER: folder}, FOLDER_SCHEMA)
        except FormError as err:
            return self._form("folder", FOLDER_SCHEMA, user_input, err)

    async def async_step_manifest(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take sketches from the manifest at an address."""
        return await self._server("manifest", SourceKind.MANIFEST, MANIFEST_SCHEMA, user_input)

    async def async_step_github(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take sketches from the releases of a repository."""
        return await self._server("github", SourceKind.GITHUB, GITHUB_SCHEMA, user_input)

    async def _server(self, step: str, kind: SourceKind, schema: vol.Schema, user_input: Entered) -> ConfigFlowResult:
        """Take sketches from a server that can be asked now."""
        if user_input is None:
            return self._form(step, schema)
        chosen = {CONF_SOURCE: kind.value, **with_secrets(user_input, self.config_entry.options)}
        try:
            await server_of(self.hass, chosen).catalog()
            return self._save(chosen, schema)
        except SourceError as err:
            return self._form(step, schema, user_input, source_form_error(err))
        except FormError as err:
            return self._form(step, schema, user_input, err)

    async def async_step_upload(self, user_input: Entered = None) -> ConfigFlowResult:
        """Take a file, and look at it at once."""
        if user_input is None:
            return self._form("upload", UPLOAD_SCHEMA)
        try:
            refuse_while_installing(self.config_entry)
            self._upload = await async_receive(self.hass, self.config_entry, user_input)
        except FormError as err:
            # The file is gone: the browser has to send it again.
            kept = {name: value for name, value in user_input.items() if name != CONF_FILE}
            return self._form("upload", UPLOAD_SCHEMA, kept, err)
        return await self.async_step_confirm_upload()

    async def async_step_confirm_upload(self, user_input: Entered = None) -> ConfigFlowResult:
        """Show what was found in the file, and keep it once that is what the user meant."""
        upload, error = self._upload, None
        if user_input is not None:
            try:
                refuse_while_installing(self.config_entry)
                await upload.keep(
                    self.hass, self.config_entry, upload.version or read_version(user_input[CONF_VERSION])
                )
                return await self._offer_upload()
            except SourceError as err:
                error = source_form_error(err)
            except FormError as err:
                error = err
        return self._form(
            "upload_without_version" if upload.version is None else "confirm_upload",
            VERSION_SCHEMA if upload.version is None else vol.Schema({}),
            user_input or {},
            error,
            file=upload.file,
            version=upload.version or "",
            size=str(upload.sketch.size),
            library=upload.sketch.library or "-",
            name=upload.sketch.name or "-",
        )

    async_step_upload_without_version = async_step_confirm_upload

    async def _offer_upload(self) -> ConfigFlowResult:
        entry = self.config_entry
        if entry.options.get(CONF_SOURCE) == SourceKind.UPLOAD and entry.state is ConfigEntryState.LOADED:
            # The options stay as they are, so that nothing is reloaded.
            await self._board.sources.uploads.async_refresh()
        return self._save({CONF_SOURCE: SourceKind.UPLOAD.value})

    async def async_step_safety(self, user_input: Entered = None) -> ConfigFlowResult:
        """Pin a key, and say how a sketch shows that it works."""
        error = None
        if user_input is not None:
            try:
                return self._save(_checked(user_input), SAFETY_SCHEMA)
            except FormError as err:
                error = err
        return self._form("safety", SAFETY_SCHEMA, user_input, error, host_placeholder="{host}")

    async def async_step_board(self, user_input: Entered = None) -> ConfigFlowResult:
        """Say what the board can take, and how long an install may wait for it."""
        if user_input is None:
            return self._form("board", BOARD_SCHEMA)
        try:
            return self._save({**user_input, CONF_WAIT: int(user_input[CONF_WAIT])}, BOARD_SCHEMA)
        except FormError as err:
            return self._form("board", BOARD_SCHEMA, user_input, err)

    @property
    def _board(self) -> BoardCoordinator:
        if self.config_entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        board: BoardCoordinator = self.config_entry.runtime_data.coordinator
        return board

    @callback
    def _form(
        self,
        step: str,
        schema: vol.Schema,
        user_input: Entered = None,
        error: FormError | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form with what was entered, else with what is chosen."""
        shown: Mapping[str, Any] = without_secrets(self.config_entry.options) if user_input is None else user_input
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors={error.field or "base": error.key} if error else {},
            description_placeholders=placeholders | (error.placeholders if error else {}),
        )

    @callback
    def _save(self, chosen: dict[str, Any], schema: vol.Schema | None = None) -> ConfigFlowResult:
        """Keep all other options; a field of the form that was left empty is not chosen any more. Raises FormError."""
        refuse_while_installing(self.config_entry)
        fields = {str(key) for key in schema.schema} if schema is not None else set()
        kept = {key: value for key, value in self.config_entry.options.items() if key not in fields}
        return self.async_create_entry(data={**kept, **chosen})


def _checked(entered: dict[str, Any]) -> dict[str, Any]:
    """Return what keeps a bad sketch away, in its stored form. Raises FormError."""
    checked = dict(entered)
    if key := checked.get(CONF_PUBLIC_KEY):
        try:
            checked[CONF_PUBLIC_KEY] = str(PublicKey.parse(key))
        except SignatureRefused:
            raise FormError("bad_public_key", CONF_PUBLIC_KEY) from None
    if template := checked.get(CONF_HEALTH_URL):
        try:
            http_url(template.replace("{host}", "192.0.2.1"))
        except SourceError as err:
            raise source_form_error(err, CONF_HEALTH_URL) from None
    return checked
