"""A pytest plugin with which the test package for one release of Home Assistant runs on a newer one.

To be loaded first: `python -m pytest -p tests.support.newest`. The order of imports below is what it is about.
"""

# Makes every later `import httpx` mean httpx2; respx, which the test package imports first, would get the old one.
import homeassistant  # noqa: F401  # isort: skip

# What has to come before any module of Home Assistant's that it patches.
from pytest_homeassistant_custom_component import patch_json, patch_recorder, patch_time  # noqa: F401  # isort: skip

from homeassistant.components import logger
from homeassistant.components.logger import helpers

if not hasattr(logger, "_clear_logger_overwrites"):
    vars(logger)["_clear_logger_overwrites"] = vars(helpers)["_clear_logger_overwrites"]
