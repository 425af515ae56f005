"""Fetching something once, in a hurry."""

from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import Fetcher
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError

SECRET = "s3cret"


async def fetch(session: aiohttp.ClientSession, url: URL | str, *, origin: URL | str = "", **options: Any) -> bytes:
    """Fetch at most 1000 bytes once, in a hurry; a secret is for one origin."""
    private = {"Authorization": SECRET} if origin else {}
    fetcher = Fetcher(session, URL(origin or url), private)
    return (await fetcher.get(URL(url), limit=1000, **options)).body


async def refusal(session: aiohttp.ClientSession, url: URL | str, **options: Any) -> SourceError:
    """Fetch something that cannot be had, and return why."""
    with pytest.raises(SourceError) as refused:
        await fetch(session, url, **options)
    assert SECRET not in str(refused.value) + repr(refused.value.placeholders)
    return refused.value
