"""Names and numbers that more than one module needs."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "mkr1000_ota"
LOGGER: Final = logging.getLogger(__package__)

# In the data of an entry
CONF_LIBRARY: Final = "library"
# The id of its model in arduino_ota/hardware.py; an MKR1000 where there is none.
CONF_MODEL: Final = "model"
# The address that a person has typed, or picked when the password was typed.
CONF_TYPED_HOST: Final = "typed_host"
# What was announced last from the address of the board; None since its last flash.
CONF_HEARD_NAME: Final = "heard_name"
# When the sketch was flashed that name and library are of, in seconds since the epoch.
CONF_FLASHED: Final = "flashed"

# In the options of an entry
CONF_STORAGE: Final = "storage"
CONF_WAIT: Final = "wait_minutes"
# A day, in minutes: what users of sleeping devices expect.
DEFAULT_WAIT: Final = 24 * 60
CONF_SOURCE: Final = "source"
CONF_FOLDER: Final = "folder"
CONF_MANIFEST_URL: Final = "manifest_url"
CONF_REPOSITORY: Final = "repository"
CONF_ASSET: Final = "asset"
CONF_PRERELEASES: Final = "prereleases"
CONF_TOKEN: Final = "token"
CONF_PUBLIC_KEY: Final = "public_key"
CONF_HEALTH_URL: Final = "health_url"
CONF_HEALTH_ENTITY: Final = "health_entity"
CONF_HEALTH_WITHIN: Final = "health_within"
DEFAULT_HEALTH_WITHIN: Final = 60  # seconds

# In what a discovery flow is started with
CONF_BOARD: Final = "board"
# In what reauthentication is started with: the version whose password is not known
LOCKED_BY: Final = "locked_by"

# What the update entity shows for a sketch that was not flashed from here. It can be compared with nothing, so
# everything that is offered counts as new.
# It is written as Home Assistant writes the state: the frontend shows an attribute as it is, and automations compare it.
UNKNOWN_VERSION: Final = "unknown"


class SourceKind(StrEnum):
    """Where the sketches of a board come from."""

    FOLDER = "folder"
    MANIFEST = "manifest"
    GITHUB = "github"
