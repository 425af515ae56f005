"""Choosing where the sketches of a board come from, what it can take, and what keeps a bad one away."""

from pathlib import Path
from typing import Any

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    EntitySelector,
    FileSelector,
    FileSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .board.errors import SketchRefused
from .board.sketch import INTERNAL_STORAGE, LARGE_STORAGE, Sketch
from .const import (
    CONF_ASSET,
    CONF_BASE_URL,
    CONF_FOLDER,
    CONF_HEALTH_ENTITY,
    CONF_HEALTH_URL,
    CONF_HEALTH_WITHIN,
    CONF_MANIFEST_URL,
    CONF_PRERELEASES,
    CONF_PUBLIC_KEY,
    CONF_REPOSITORY,
    CONF_SOURCE,
    CONF_STORAGE,
    CONF_TOKEN,
    CONF_WAIT,
    SourceKind,
    StorageKind,
)
from .coordinator import BoardCoordinator
from .firmware.local_sketch import LARGEST_FILE
from .firmware.minisign import PublicKey, SignatureRefused
from .firmware.release import Release, SourceError
from .flash.candidates import candidates
from .runtime import Board
from .sources import server_of, uploads_of

CONF_FILE = "file"
CONF_VERSION = "version"
CONF_NOTES = "notes"
CONF_SIGNATURE = "signature"

# A week: longer than that, and nobody remembers having asked for it.
LONGEST_WAIT = 7 * 24 * 60
LONGEST_HEALTH_CHECK = 3600

SECRET = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

MANIFEST_SCHEMA = vol.Schema({vol.Required(CONF_MANIFEST_URL): URL})
GITHUB_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_REPOSITORY): TextSelector(),
        vol.Required(CONF_ASSET, default="*.bin"): TextSelector(),
        vol.Required(CONF_PRERELEASES, default=False): bool,
        vol.Optional(CONF_TOKEN): SECRET,
        vol.Optional(CONF_BASE_URL): URL,
    }
)
FOLDER_SCHEMA = vol.Schema({vol.Required(CONF_FOLDER): TextSelector()})
BOARD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STORAGE): SelectSelector(
            SelectSelectorConfig(options=[kind.value for kind in StorageKind], translation_key="storage")
        ),
        vol.Required(CONF_WAIT, default=0): NumberSelector(
            NumberSelectorConfig(min=0, max=LONGEST_WAIT, mode=NumberSelectorMode.BOX, unit_of_measurement="min")
        ),
    }
)
SAFETY_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_PUBLIC_KEY): TextSelector(),
        vol.Optional(CONF_HEALTH_URL): TextSelector(),
        vol.Optional(CONF_HEALTH_ENTITY): EntitySelector(),
        vol.Required(CONF_HEALTH_WITHIN, default=60): NumberSelector(
            NumberSelectorConfig(min=1, max=LONGEST_HEALTH_CHECK, mode=NumberSelectorMode.BOX, unit_of_measurement="s")
        ),
    }
)
UPLOAD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".bin")),
        vol.Optional(CONF_VERSION): TextSelector(),
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Optional(CONF_NOTES): TextSelector(TextSelectorConfig(multiline=True)),
        vol.Optional(CONF_SIGNATURE): TextSelector(TextSelectorConfig(multiline=True)),
    }
)
NEXT_PASSWORD_SCHEMA = vol.Schema({vol.Optional(CONF_PASSWORD): SECRET})


class BoardOptionsFlow(OptionsFlowWithReload):
    """Changes the options of a board."""

    _upload: dict[str, Any]
    _file: str = ""
    _image: bytes
    _sketch: Sketch

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what can be changed."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["source", "upload", "next_password", "safety", "board"],
        )

    async def async_step_source(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the kind of source."""
        return self.async_show_menu(step_id="source", menu_options=["folder", "manifest", "github"])

    async def async_step_folder(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take sketches from a folder below the configuration directory."""
        errors: dict[str, str] = {}
        if user_input is not None:
            folder = user_input[CONF_FOLDER].strip().strip("/")
            path = Path(self.hass.config.path(folder)).resolve()
            if folder and path.is_relative_to(Path(self.hass.config.config_dir).resolve()):
                return self._save({CONF_SOURCE: SourceKind.FOLDER.value, CONF_FOLDER: folder}, FOLDER_SCHEMA)
            errors[CONF_FOLDER] = "folder_outside"
        return self._form("folder", FOLDER_SCHEMA, user_input, errors)

    async def async_step_manifest(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take sketches from the manifest at an address."""
        return await self._server("manifest", SourceKind.MANIFEST, MANIFEST_SCHEMA, user_input)

    async def async_step_github(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take sketches from the releases of a repository."""
        return await self._server("github", SourceKind.GITHUB, GITHUB_SCHEMA, user_input)

    async def _server(
        self, step: str, kind: SourceKind, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Take sketches from a server that can be asked now."""
        if user_input is None:
            return self._form(step, schema, None, {})
        chosen = {CONF_SOURCE: kind.value, **user_input}
        try:
            await server_of(self.hass, chosen).catalog()
        except SourceError as err:
            return self._form(step, schema, user_input, {"base": f"source_{err.reason}"}, err.placeholders)
        return self._save(chosen, schema)

    async def async_step_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take a file, and look at it at once."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            self._upload = user_input
            try:
                self._file, self._image = await self.hass.async_add_executor_job(self._read, user_input[CONF_FILE])
                self._sketch = await self._inspect(self._image)
            except SketchRefused as err:
                errors[CONF_FILE] = f"sketch_{err.reason}"
                placeholders = {**err.placeholders, "file": self._file}
            else:
                if self._sketch.version or CONF_VERSION in user_input:
                    return await self.async_step_confirm_upload()
                errors[CONF_VERSION] = "version_missing"
        return self._form("upload", UPLOAD_SCHEMA, user_input, errors, placeholders)

    async def async_step_confirm_upload(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what was found in the file, and keep it once that is what the user meant."""
        version = self._sketch.version or self._upload[CONF_VERSION]
        if user_input is None:
            return self.async_show_form(
                step_id="confirm_upload",
                data_schema=vol.Schema({}),
                description_placeholders={
                    "file": self._file,
                    "version": version,
                    "size": str(self._sketch.size),
                    "library": self._sketch.library or "-",
                    "name": self._sketch.name or "-",
                },
            )
        try:
            await uploads_of(self.hass, self.config_entry.entry_id).store(
                self._image,
                self._file,
                version=version,
                notes=self._upload.get(CONF_NOTES),
                password=self._upload.get(CONF_PASSWORD),
                signature=self._upload.get(CONF_SIGNATURE),
            )
        except SourceError as err:
            return self._form("upload", UPLOAD_SCHEMA, self._upload, {"base": f"source_{err.reason}"}, err.placeholders)
        # The same choice as before would not reload the entry, and the new file would not be seen.
        self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        return self._save({CONF_SOURCE: SourceKind.UPLOAD.value}, None)

    async def async_step_next_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Tell how the password of the offered release will be known, and take a better answer."""
        board = self._board
        offered = board.offered_version
        release = next((one for one in board.releases if one.version == offered), None)
        if release is None:
            return self.async_abort(reason="nothing_offered")
        if user_input is not None:
            board.record.next_passwords.pop(release.version, None)
            if CONF_PASSWORD in user_input:
                board.record.next_passwords[release.version] = user_input[CONF_PASSWORD]
            await board.record.save()
            return self._save({}, None)
        return self.async_show_form(
            step_id=f"next_password_{await self._password_origin(release)}",
            data_schema=NEXT_PASSWORD_SCHEMA,
            description_placeholders={"version": release.version},
        )

    # One text for each way in which a password can be known.
    async_step_next_password_declared = async_step_next_password
    async_step_next_password_typed = async_step_next_password
    async_step_next_password_found = async_step_next_password
    async_step_next_password_unknown = async_step_next_password

    async def _password_origin(self, release: Release) -> str:
        board = self._board
        if release.password is not None:
            return "declared"
        if release.version in board.record.next_passwords:
            return "typed"
        try:
            sketch = await board.catalog.sketch(release, board.storage_size)
        except SourceError, SketchRefused:
            return "unknown"
        keyring = board.record.keyring
        return "found" if candidates(sketch, keyring, keyring.current or "", None).expected else "unknown"

    async def async_step_safety(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Pin a key, and say how a sketch shows that it works."""
        placeholders = {"host_placeholder": "{host}"}
        if user_input is None:
            return self._form("safety", SAFETY_SCHEMA, None, {}, placeholders)
        try:
            if key := user_input.get(CONF_PUBLIC_KEY):
                user_input[CONF_PUBLIC_KEY] = str(PublicKey.parse(key))
        except SignatureRefused:
            return self._form("safety", SAFETY_SCHEMA, user_input, {CONF_PUBLIC_KEY: "bad_public_key"}, placeholders)
        return self._save(user_input, SAFETY_SCHEMA)

    async def async_step_board(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Say what the board can take, and how long an install may wait for it."""
        if user_input is None:
            return self._form("board", BOARD_SCHEMA, None, {})
        return self._save({**user_input, CONF_WAIT: int(user_input[CONF_WAIT])}, BOARD_SCHEMA)

    @property
    def _board(self) -> BoardCoordinator:
        if self.config_entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        board: Board = self.config_entry.runtime_data
        return board.coordinator

    async def _inspect(self, image: bytes) -> Sketch:
        storage = INTERNAL_STORAGE if self.config_entry.options[CONF_STORAGE] == "internal" else LARGE_STORAGE
        return await self.hass.async_add_executor_job(lambda: Sketch.inspect(image, storage_size=storage))

    def _read(self, upload_id: str) -> tuple[str, bytes]:
        with process_uploaded_file(self.hass, upload_id) as path, path.open("rb") as file:
            return path.name, file.read(LARGEST_FILE)

    @callback
    def _form(
        self,
        step: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        errors: dict[str, str],
        placeholders: dict[str, str] | None = None,
    ) -> ConfigFlowResult:
        suggested = self.config_entry.options if user_input is None else user_input
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    @callback
    def _save(self, chosen: dict[str, Any], schema: vol.Schema | None) -> ConfigFlowResult:
        """Keep all other options; a field of the form that was left empty is not chosen any more."""
        fields = {str(key) for key in schema.schema} if schema is not None else set()
        kept = {key: value for key, value in self.config_entry.options.items() if key not in fields}
        return self.async_create_entry(data={**kept, **chosen})
