"""Names and numbers that more than one module needs."""

import logging
from typing import Final

DOMAIN: Final = "mkr1000_ota"
LOGGER: Final = logging.getLogger(__package__)

DEFAULT_PORT: Final = 65280  # 0xFF00, fixed in the board libraries

CONF_BOARD: Final = "board"
CONF_LIBRARY: Final = "library"
CONF_STORAGE: Final = "storage"
CONF_FOLDER: Final = "folder"
CONF_WAIT: Final = "wait_minutes"

# What the update entity shows for a sketch that was not flashed from here. It can be compared with nothing, so
# everything that is offered counts as new.
UNKNOWN_VERSION: Final = "unknown"

# In what reauthentication is started with: the version whose password is not known.
LOCKED_BY: Final = "locked_by"
