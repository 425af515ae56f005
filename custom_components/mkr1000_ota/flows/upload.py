"""A sketch that a person hands over in a form, inspected before anything is done with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from ..arduino_ota import limits
from ..arduino_ota.errors import SketchRefused
from ..arduino_ota.firmware.minisign import SignatureRefused
from ..arduino_ota.firmware.release import SourceError
from ..arduino_ota.firmware.versions import VERSION, bare, version_of_file
from ..arduino_ota.sketch import Sketch
from ..arduino_ota.text import fit_to_show
from ..const import CONF_PUBLIC_KEY
from ..errors import FormError, sketch_error, validation_error
from ..issues import sentence
from ..network.identity import name_of, names_of_others
from ..sources.chosen import uploads_of
from ..sources.sketches import async_inspect, async_verify, model_of, storage_of
from .discovered_board import as_markdown
from .forms import CONF_NOTES, CONF_SIGNATURE, CONF_SKETCH, CONF_VERSION, checked


@dataclass(frozen=True, slots=True)
class Upload:
    """A sketch that may be offered, and what was entered with it: version, password, notes and signature."""

    file: str
    sketch: Sketch
    told: Mapping[str, str | None] = field(repr=False)

    async def keep(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        await uploads_of(hass, entry.entry_id).store(self.sketch.image, self.file, **self.told)

    @callback
    def facts(self, hass: HomeAssistant, entry: ConfigEntry) -> dict[str, str]:
        """Return what is known of it, as Markdown; an en dash for what is not."""
        sketch = self.sketch
        version = sketch.version or self.told[CONF_VERSION] or version_of_file(self.file)
        built = f"{sketch.built:%Y-%m-%d %H:%M}" if sketch.built else "–"
        return {
            "file": as_markdown(self.file),
            "version": as_markdown(version or built),
            "name": as_markdown(sketch.name or "–"),
            "library": sketch.library or "–",
            "model": sketch.model.name if sketch.model else "–",
            "size": str(sketch.size),
            "findings": "\n".join(f"- {each}" for each in self._findings(hass, entry)),
        }

    def _findings(self, hass: HomeAssistant, entry: ConfigEntry) -> Iterator[str]:
        sketch, own = self.sketch, entry.data.get(CONF_NAME)
        if own and sketch.name is not None and sketch.name != own:
            yield sentence(hass, "upload_renames", {"old": as_markdown(own), "new": as_markdown(sketch.name)})
        known = {entry.data[CONF_PASSWORD], self.told[CONF_PASSWORD]} - {None}
        if sketch.stated_password is not None or any(map(sketch.has_literal, known)):
            yield sentence(hass, "upload_password_found", {})
        elif self.told[CONF_PASSWORD] is None:
            yield sentence(hass, "upload_password_unknown", {})
        for warning in sketch.warnings:
            yield sentence(hass, f"warning_{warning.code}", warning.placeholders)


async def async_receive(hass: HomeAssistant, entry: ConfigEntry, form: dict[str, Any]) -> Upload:
    """Take an uploaded sketch away from Home Assistant, and check it against all requirements. Raises FormError."""
    form = checked(form)
    told = {name: form.get(name) or None for name in (CONF_VERSION, CONF_PASSWORD, CONF_NOTES, CONF_SIGNATURE)}
    if (version := told[CONF_VERSION]) is not None and not VERSION.fullmatch(version):
        raise problem(hass, validation_error("source_bad_version", version=version), CONF_VERSION)
    file, image = await async_read_file(hass, form)
    try:
        sketch = await async_inspect(hass, image, model_of(entry), storage_of(entry))
    except SketchRefused as err:
        raise problem(hass, sketch_error(err, file), CONF_SKETCH) from err
    if sketch.name is not None and (owner := _owner(hass, entry, sketch.name)) is not None:
        names = {"sketch_name": sketch.name, "owner": owner}
        raise FormError(
            "other_board", CONF_SKETCH, **{key: fit_to_show(name, limits.NAME) for key, name in names.items()}
        )
    upload = Upload(file, sketch, told | {CONF_VERSION: bare(version) if version else None})
    if entry.options.get(CONF_PUBLIC_KEY):
        try:
            # What is signed is all that counts: neither a file name nor what is typed does.
            await async_verify(hass, entry, sketch, told[CONF_SIGNATURE] or "", upload.told[CONF_VERSION])
        except SignatureRefused as err:
            raise problem(hass, sketch_error(err, file), CONF_SIGNATURE) from err
    return upload


async def async_uploaded(hass: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return what the upload of a board is called, None if there is none."""
    try:
        catalog = await uploads_of(hass, entry.entry_id).catalog()
    except SourceError:
        return "–"
    files = [*(one.file for one in catalog.releases), *(one.file for one in catalog.findings)]
    return files[0] if files else None


async def async_read_file(hass: HomeAssistant, form: dict[str, Any]) -> tuple[str, bytes]:
    """Take the file of a form away from Home Assistant; return its name and its content, which may be cut off.

    Raises FormError.
    """

    def read() -> tuple[str, bytes]:
        with process_uploaded_file(hass, form[CONF_SKETCH]) as path, path.open("rb") as file:
            return fit_to_show(path.name, limits.LINE), file.read(limits.FILE)

    try:
        return await hass.async_add_executor_job(read)
    except ValueError, OSError:
        raise problem(hass, validation_error("upload_gone"), CONF_SKETCH) from None


def problem(hass: HomeAssistant, error: HomeAssistantError, field: str | None = None) -> FormError:
    """Return what a form says of an error that other places show as well, in the language of the server."""
    placeholders = error.translation_placeholders or {}
    facts = {name: fit_to_show(value, limits.LINE) for name, value in placeholders.items()}
    return FormError("problem", field, problem=sentence(hass, error.translation_key or "", facts))


def _owner(hass: HomeAssistant, entry: ConfigEntry, name: str) -> str | None:
    """Return another board with the name that a sketch states, unless the board has that name as well."""
    owners = {known.casefold(): title for known, title in names_of_others(hass, entry).items()}
    return None if name.casefold() == name_of(entry).casefold() else owners.get(name.casefold())
