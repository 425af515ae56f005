"""Fetching something once, in a hurry."""

from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import Answer, Fetcher, Kind
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.conftest import SHORT

SECRET = "s3cret"


async def fetch(
    session: aiohttp.ClientSession, url: URL | str, kind: Kind = Kind.IMAGE, limit: int = 1000, **options: Any
) -> Answer:
    """Fetch something once, in a hurry."""
    return await Fetcher(session, patience=SHORT, **options).get(URL(url), kind, limit=limit)


async def refusal(
    session: aiohttp.ClientSession, url: URL | str, kind: Kind = Kind.IMAGE, **options: Any
) -> SourceError:
    """Fetch something that cannot be had, and return why."""
    with pytest.raises(SourceError) as refused:
        await fetch(session, url, kind, **options)
    assert SECRET not in str(refused.value) + repr(refused.value.placeholders)
    return refused.value
