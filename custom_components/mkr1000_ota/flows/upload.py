"""A sketch that a person uploads in the options, looked at before anything is done with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant

from ..arduino_ota.errors import SketchRefused
from ..arduino_ota.firmware import limits
from ..arduino_ota.firmware.minisign import PublicKey, SignatureRefused
from ..arduino_ota.firmware.versions import VERSION, bare, version_of_file
from ..arduino_ota.sketch.sketch import INTERNAL_STORAGE, LARGE_STORAGE, Sketch
from ..const import CONF_PUBLIC_KEY, CONF_STORAGE
from ..errors import FormError
from ..sources.chosen import uploads_of
from .options_forms import CONF_FILE, CONF_NOTES, CONF_SIGNATURE, CONF_VERSION

_LONGEST = {CONF_PASSWORD: limits.PASSWORD, CONF_NOTES: limits.NOTES, CONF_SIGNATURE: limits.SIGNATURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A sketch that may be offered; `version` is None if nothing says it."""

    file: str
    sketch: Sketch
    version: str | None
    password: str | None = field(repr=False)
    notes: str | None
    signature: str | None

    async def keep(self, hass: HomeAssistant, entry: ConfigEntry, version: str) -> None:
        """Make this the upload of a board. Raises SourceError."""
        await uploads_of(hass, entry.entry_id).store(
            self.sketch.image,
            self.file,
            version=version,
            notes=self.notes,
            password=self.password,
            signature=self.signature,
        )


async def async_receive(hass: HomeAssistant, entry: ConfigEntry, form: Mapping[str, Any]) -> Upload:
    """Take the uploaded file away from Home Assistant, and hold it against all that is asked of it.

    Raises FormError.
    """
    for name, longest in _LONGEST.items():
        if len(form.get(name, "")) > longest or "\0" in form.get(name, ""):
            raise FormError("too_long", name)
    typed = form.get(CONF_VERSION)
    if typed is not None:
        typed = read_version(typed)
    try:
        file, image = await hass.async_add_executor_job(_read, hass, form[CONF_FILE])
    except ValueError:
        raise FormError("upload_gone", CONF_FILE) from None
    storage = INTERNAL_STORAGE if entry.options[CONF_STORAGE] == "internal" else LARGE_STORAGE
    try:
        sketch = await hass.async_add_executor_job(lambda: Sketch.inspect(image, storage_size=storage))
    except SketchRefused as err:
        raise FormError(f"sketch_{err.reason}", CONF_FILE, **{**err.placeholders, "file": file}) from err
    signature = form.get(CONF_SIGNATURE)
    if pinned := entry.options.get(CONF_PUBLIC_KEY):
        if signature is None:
            raise FormError("signature_missing", CONF_SIGNATURE)
        try:
            await hass.async_add_executor_job(PublicKey.parse(pinned).verify, image, signature)
        except SignatureRefused as err:
            raise FormError(f"signature_{err.reason}", CONF_SIGNATURE, **{**err.placeholders, "file": file}) from err
    return Upload(
        file=file,
        sketch=sketch,
        version=bare(sketch.version) if sketch.version else typed or version_of_file(file),
        password=form.get(CONF_PASSWORD),
        notes=form.get(CONF_NOTES),
        signature=signature,
    )


def read_version(typed: str) -> str:
    """Return a version as it will be shown. Raises FormError."""
    if not VERSION.fullmatch(typed.strip()):
        raise FormError("source_bad_version", CONF_VERSION, version=typed)
    return bare(typed.strip())


def _read(hass: HomeAssistant, upload_id: str) -> tuple[str, bytes]:
    with process_uploaded_file(hass, upload_id) as path, path.open("rb") as file:
        return path.name, file.read(limits.FILE)
