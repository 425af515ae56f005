"""Choosing where the updates of a board come from, uploading one, and saying what the board can take."""

from collections.abc import Mapping
from functools import partialmethod
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult, OptionsFlow
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
import voluptuous as vol

from ..arduino_ota.firmware.fetcher import http_url
from ..arduino_ota.firmware.github import DEFAULT_ASSET, repository_named
from ..arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from ..arduino_ota.firmware.release import SourceError
from ..const import CONF_ASSET, CONF_FOLDER, CONF_HEALTH_URL, CONF_PUBLIC_KEY, CONF_REPOSITORY, CONF_SOURCE, SourceKind
from ..errors import FormError, source_error
from ..sources.chosen import prepare_folder, server_of, uploads_of
from . import forms
from .discovered_board import as_markdown
from .forms import Entered
from .upload import Upload, async_receive, async_uploaded, problem


class BoardOptionsFlow(OptionsFlow):
    """Changes the options of a board, which takes them over without a reload: nothing is interrupted."""

    _upload: Upload

    async def async_step_init(self, user_input: Entered = None) -> ConfigFlowResult:
        uploaded = await async_uploaded(self.hass, self.entry)
        uploads = ["upload"] if uploaded is None else ["upload", "remove_upload"]
        return self.async_show_menu(
            step_id="init",
            menu_options=["source", *uploads, "signing", "health", "storage", "waiting"],
            description_placeholders={
                "name": as_markdown(self.entry.title),
                "source": self._source(),
                "upload": uploaded or "",
            },
        )

    async def async_step_source(self, user_input: Entered = None) -> ConfigFlowResult:
        """Choose the kind of source; the current one is marked."""
        current = self.entry.options.get(CONF_SOURCE, SourceKind.FOLDER)
        marks = {kind.value: f"✓ {self._source()}" if kind == current else "" for kind in SourceKind}
        return self.async_show_menu(step_id="source", menu_options=list(marks), description_placeholders=marks)

    async def _subject(self, step: str, user_input: Entered = None) -> ConfigFlowResult:
        """Show what is chosen, and take what is entered instead once it was checked."""
        schema = forms.OPTIONS[step]
        if user_input is None:
            return self.form(step, schema, forms.without_secrets(self.entry.options))
        try:
            chosen = await self._checked(step, forms.checked(user_input))
        except FormError as err:
            return self.form(step, schema, user_input, err)
        except SourceError as err:
            return self.form(step, schema, user_input, problem(self.hass, source_error(err)))
        # A field that was left empty is not chosen anymore.
        return await self.save({str(field): None for field in schema.schema} | chosen)

    async_step_folder = partialmethod(_subject, "folder")
    async_step_manifest = partialmethod(_subject, "manifest")
    async_step_github = partialmethod(_subject, "github")
    async_step_signing = partialmethod(_subject, "signing")
    async_step_health = partialmethod(_subject, "health")
    async_step_storage = partialmethod(_subject, "storage")
    async_step_waiting = partialmethod(_subject, "waiting")

    async def _checked(self, step: str, entered: dict[str, Any]) -> dict[str, Any]:
        """Return what is to be stored of what was entered. Raises FormError and SourceError."""
        entered = forms.with_secrets(entered, self.entry.options)
        match step:
            case "folder":
                base, typed = self.hass.config.config_dir, entered[CONF_FOLDER]
                folder = await self.hass.async_add_executor_job(prepare_folder, base, typed)
                return {CONF_SOURCE: SourceKind.FOLDER.value, CONF_FOLDER: folder}
            case "manifest" | "github":
                chosen = entered | {CONF_SOURCE: SourceKind(step).value}
                if CONF_REPOSITORY in entered:
                    chosen[CONF_REPOSITORY] = repository_named(entered[CONF_REPOSITORY].rstrip("/"))
                    chosen[CONF_ASSET] = entered[CONF_ASSET] or DEFAULT_ASSET
                await server_of(self.hass, chosen).catalog()
                return chosen
            case "signing" if key := entered.get(CONF_PUBLIC_KEY):
                try:
                    return {CONF_PUBLIC_KEY: str(PublicKey.parse(key))}
                except SignatureRefused as err:
                    raise FormError(err.reason, CONF_PUBLIC_KEY) from err
            case "health" if template := entered.get(CONF_HEALTH_URL):
                try:
                    http_url(template.replace("{host}", "192.0.2.1"))
                except SourceError as err:
                    raise problem(self.hass, source_error(err), CONF_HEALTH_URL) from err
        return entered

    async def async_step_upload(self, user_input: Entered = None) -> ConfigFlowResult:
        is_signed = self.entry.options.get(CONF_PUBLIC_KEY)
        schema = forms.SIGNED_UPLOAD_SCHEMA if is_signed else forms.UPLOAD_SCHEMA
        if user_input is None:
            return self.form("upload", schema, {})
        try:
            self._upload = await async_receive(self.hass, self.entry, user_input)
        except FormError as err:
            # The file is gone: the browser has to send it again.
            kept = {name: value for name, value in user_input.items() if name != forms.CONF_SKETCH}
            return self.form("upload", schema, kept, err)
        return await self.async_step_confirm_upload()

    async def async_step_confirm_upload(self, user_input: Entered = None) -> ConfigFlowResult:
        """Show what was found in the file, and keep it once that is what the person meant."""
        error = None
        if user_input is not None:
            try:
                async with self.entry.setup_lock:
                    # Nobody removes the entry, and what is kept for it, in the middle of that.
                    await self._upload.keep(self.hass, self.entry)
                return await self.save({})
            except SourceError as err:
                error = problem(self.hass, source_error(err))
        facts = self._upload.facts(self.hass, self.entry)
        return self.form("confirm_upload", forms.CONFIRM_SCHEMA, {}, error, **facts)

    async def async_step_remove_upload(self, user_input: Entered = None) -> ConfigFlowResult:
        if user_input is None:
            uploaded = await async_uploaded(self.hass, self.entry)
            return self.form("remove_upload", forms.CONFIRM_SCHEMA, {}, file=as_markdown(uploaded or "–"))
        await uploads_of(self.hass, self.entry.entry_id).remove()
        return await self.save({})

    @property
    def entry(self) -> ConfigEntry:
        """The entry, which may have been removed since the dialog was opened."""
        if (entry := self.hass.config_entries.async_get_entry(self.handler)) is None:
            raise AbortFlow("removed")
        return entry

    @callback
    def _source(self) -> str:
        """Return where updates come from, as plain text that is the same in all languages."""
        options = self.entry.options
        if options.get(CONF_SOURCE, SourceKind.FOLDER) == SourceKind.FOLDER:
            return str(options.get(CONF_FOLDER, ""))
        try:
            return server_of(self.hass, dict(options)).server or ""
        except SourceError:
            return ""

    @callback
    def form(
        self, step: str, schema: vol.Schema, shown: Mapping[str, Any], error: FormError | None = None, **facts: str
    ) -> ConfigFlowResult:
        told = {"host_placeholder": "{host}", "config": self.hass.config.config_dir}
        return forms.show_form(self, step, schema, shown, error, **told | facts)

    async def save(self, changes: dict[str, Any]) -> ConfigFlowResult:
        """Change some options, and have the board take them over."""
        async with self.entry.setup_lock:
            # Whoever sets the entry up just now has read the options already; it may be gone by the end of that.
            entry = self.entry
            options = {name: value for name, value in (entry.options | changes).items() if value not in (None, "")}
            # Home Assistant would store the options only when this step is over, and tell nobody.
            self.hass.config_entries.async_update_entry(entry, options=options)
        if entry.state is ConfigEntryState.LOADED:
            await entry.runtime_data.coordinator.sources.async_switch()
        # Another dialog may have saved something meanwhile.
        return self.async_create_entry(data=dict(self.entry.options))
