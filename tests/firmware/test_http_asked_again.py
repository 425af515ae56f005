"""Asking a server again: what has not changed, and when it wants rest."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import Fetcher, Kind, Validators
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.conftest import SHORT
from tests.web import Web


async def test_an_unchanged_copy_is_not_sent_again(site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, patience=SHORT)
    url = site.serve("/a", b"body", etag='"1"')
    first = await fetcher.get(url, Kind.TEXT, limit=10)
    again = await fetcher.get(url, Kind.TEXT, limit=10, known=first.validators)
    assert (again.unchanged, again.body) == (True, b"")
    site.serve("/a", b"changed", etag='"2"')
    assert (await fetcher.get(url, Kind.TEXT, limit=10, known=first.validators)).body == b"changed"


def test_validators_are_shown_only_where_they_mean_something() -> None:
    url = URL("http://host/manifest.json?signed=1")
    both = Validators(url, '"1"', "Sun, 22 Nov 2026 07:00:00 GMT")
    dated = Validators(url, None, "Sun, 22 Nov 2026 07:00:00 GMT")
    assert both.headers_for(url) == {"If-None-Match": '"1"'}
    assert both.headers_for(URL("http://host/manifest.json?signed=2")) == {"If-None-Match": '"1"'}
    assert both.headers_for(URL("http://host/other.json")) == {}
    assert dated.headers_for(url) == {"If-Modified-Since": "Sun, 22 Nov 2026 07:00:00 GMT"}
    assert dated.headers_for(URL("http://host/manifest.json?signed=2")) == {}
    assert Validators(url, None, None).headers_for(url) == {}


async def test_a_server_that_wants_rest_gets_it(site: Web, other_site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, patience=SHORT)
    url = site.serve("/", status=429, Retry_After="120")
    for _ in range(2):
        with pytest.raises(SourceError) as refused:
            await fetcher.get(url, Kind.JSON, limit=10)
        assert refused.value.reason is Reason.RATE_LIMITED
        assert refused.value.retry_at
        assert timedelta(seconds=117) < refused.value.retry_at - datetime.now(UTC) <= timedelta(seconds=120)
        assert refused.value.placeholders["until"] == refused.value.retry_at.isoformat()
    assert len(site.requests) == 1
    assert (await fetcher.get(other_site.serve("/", b"{}"), Kind.JSON, limit=10)).body == b"{}"


async def test_a_server_that_has_rested_is_asked_again(site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, patience=SHORT)
    url = site.serve("/", status=503, Retry_After="0")
    with pytest.raises(SourceError):
        await fetcher.get(url, Kind.JSON, limit=10)
    site.serve("/", b"{}")
    async with asyncio.timeout(5):
        while True:
            try:
                answer = await fetcher.get(url, Kind.JSON, limit=10)
            except SourceError:
                await asyncio.sleep(0.05)
            else:
                break
    assert answer.body == b"{}"


async def test_the_last_answer_before_a_limit_counts(site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, patience=SHORT)
    reset = int(datetime.now(UTC).timestamp()) + 600
    url = site.serve("/", b"{}", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(reset))
    assert (await fetcher.get(url, Kind.JSON, limit=10)).body == b"{}"
    with pytest.raises(SourceError) as refused:
        await fetcher.get(url, Kind.JSON, limit=10)
    assert refused.value.reason is Reason.RATE_LIMITED
    assert len(site.requests) == 1
