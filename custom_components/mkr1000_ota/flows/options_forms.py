"""The forms of the options flow."""

from homeassistant.const import CONF_PASSWORD
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

from ..const import (
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
    CONF_STORAGE,
    CONF_TOKEN,
    CONF_WAIT,
    StorageKind,
)
from .forms import SECRET

CONF_FILE = "file"
CONF_VERSION = "version"
CONF_NOTES = "notes"
CONF_SIGNATURE = "signature"

# A week: longer than that, and nobody remembers having asked for it.
LONGEST_WAIT = 7 * 24 * 60
LONGEST_HEALTH_CHECK = 3600

TEXT = TextSelector()
LINES = TextSelector(TextSelectorConfig(multiline=True))
URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

FOLDER_SCHEMA = vol.Schema({vol.Required(CONF_FOLDER): TEXT})
MANIFEST_SCHEMA = vol.Schema({vol.Required(CONF_MANIFEST_URL): URL})
GITHUB_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_REPOSITORY): TEXT,
        vol.Required(CONF_ASSET, default="*.bin"): TEXT,
        vol.Required(CONF_PRERELEASES, default=False): bool,
        vol.Optional(CONF_TOKEN): SECRET,
        vol.Optional(CONF_BASE_URL): URL,
    }
)
UPLOAD_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_FILE): FileSelector(FileSelectorConfig(accept=".bin")),
        vol.Optional(CONF_VERSION): TEXT,
        vol.Optional(CONF_PASSWORD): SECRET,
        vol.Optional(CONF_NOTES): LINES,
        vol.Optional(CONF_SIGNATURE): LINES,
    }
)
VERSION_SCHEMA = vol.Schema({vol.Required(CONF_VERSION): TEXT})
NEXT_PASSWORD_SCHEMA = vol.Schema({vol.Optional(CONF_PASSWORD): SECRET})
SAFETY_SCHEMA = vol.Schema(
    {
        vol.Optional(CONF_PUBLIC_KEY): TEXT,
        vol.Optional(CONF_HEALTH_URL): TEXT,
        vol.Optional(CONF_HEALTH_ENTITY): EntitySelector(),
        vol.Required(CONF_HEALTH_WITHIN, default=60): NumberSelector(
            NumberSelectorConfig(min=1, max=LONGEST_HEALTH_CHECK, mode=NumberSelectorMode.BOX, unit_of_measurement="s")
        ),
    }
)
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
