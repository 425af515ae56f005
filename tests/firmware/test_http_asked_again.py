"""Asking a server again: what has not changed, and when it wants rest."""

from datetime import UTC, datetime, timedelta
import time

import aiohttp
from multidict import CIMultiDict
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import Fetcher, Response, pause
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.web import Web


@pytest.fixture
def fetcher(site: Web, session: aiohttp.ClientSession) -> Fetcher:
    """What asks the server."""
    return Fetcher(session, site.url, {})


async def test_an_unchanged_copy_is_not_sent_again(site: Web, fetcher: Fetcher) -> None:
    url = site.serve("/a", b"body", etag='"1"')
    first = await fetcher.get(url, limit=10)
    assert first.body == b"body"
    assert await fetcher.get(url, limit=10, known=first) is first
    site.serve("/a", b"changed", etag='"2"')
    assert (await fetcher.get(url, limit=10, known=first)).body == b"changed"


ETAG, DATE = '"1"', "Sun, 22 Nov 2026 07:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "url", "conditions"),
    [
        ({"etag": ETAG, "last-modified": DATE}, "http://host/a.json?signed=1", {"If-None-Match": ETAG}),
        ({"etag": ETAG, "last-modified": DATE}, "http://host/a.json?signed=2", {"If-None-Match": ETAG}),
        ({"etag": ETAG, "last-modified": DATE}, "http://host/b.json", {}),
        ({"last-modified": DATE}, "http://host/a.json?signed=1", {"If-Modified-Since": DATE}),
        ({"last-modified": DATE}, "http://host/a.json?signed=2", {}),
        ({}, "http://host/a.json?signed=1", {}),
        ({"etag": '"\udcff"'}, "http://host/a.json?signed=1", {}),
    ],
)
def test_a_request_is_conditional_where_that_means_something(
    headers: dict[str, str], url: str, conditions: dict[str, str]
) -> None:
    first = Response(URL("http://host/a.json?signed=1"), CIMultiDict(headers), b"{}", is_local=False)
    assert first.conditions_for(URL(url)) == conditions


async def test_a_server_that_wants_rest_gets_it(site: Web, other_site: Web, fetcher: Fetcher) -> None:
    url = site.serve("/", status=429, Retry_After="120")
    asked = datetime.now(UTC)
    for _ in range(2):
        with pytest.raises(SourceError) as refused:
            await fetcher.get(url, limit=10)
        assert refused.value.reason is Reason.RATE_LIMITED
        until = datetime.fromisoformat(refused.value.placeholders["until"])
        # Told in whole seconds.
        assert asked + timedelta(seconds=119) < until <= datetime.now(UTC) + timedelta(seconds=120)
    assert len(site.requests) == 1
    assert (await fetcher.get(other_site.serve("/", b"{}"), limit=10)).body == b"{}"


async def test_a_server_that_has_rested_is_asked_again(
    site: Web, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site.serve("/", status=503, Retry_After="5")
    with pytest.raises(SourceError):
        await fetcher.get(url, limit=10)
    site.serve("/", b"{}")
    later = time.monotonic() + 6
    monkeypatch.setattr("custom_components.mkr1000_ota.arduino_ota.firmware.fetcher.time.monotonic", lambda: later)
    assert (await fetcher.get(url, limit=10)).body == b"{}"


async def test_the_last_response_before_a_limit_counts(site: Web, fetcher: Fetcher) -> None:
    reset = int(datetime.now(UTC).timestamp()) + 600
    url = site.serve("/", b"{}", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(reset))
    assert (await fetcher.get(url, limit=10)).body == b"{}"
    with pytest.raises(SourceError) as refused:
        await fetcher.get(url, limit=10)
    assert refused.value.reason is Reason.RATE_LIMITED
    assert len(site.requests) == 1


NOW = "Sun, 22 Nov 2026 12:00:00 GMT"
IN_AN_HOUR = str(int(datetime(2026, 11, 22, 13, tzinfo=UTC).timestamp()))
SPENT = {"X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 60),
        (429, {"Retry-After": "90"}, 90),
        (429, {"Retry-After": "0"}, 1),
        (429, {"Retry-After": "9" * 400}, 24 * 3600),
        (429, {"Retry-After": "soon"}, 60),
        (403, {"Retry-After": "90"}, 90),
        (403, {"X-RateLimit-Remaining": "17"}, None),
        (403, {}, None),
        (503, {"Retry-After": "90"}, 90),
        (503, {}, None),
        (500, {"Retry-After": "90"}, None),
        (200, {"Retry-After": "90"}, None),
        (200, {"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": IN_AN_HOUR}, None),
        (200, SPENT | {"X-RateLimit-Reset": IN_AN_HOUR, "Date": NOW}, 3600),
        (403, SPENT | {"X-RateLimit-Reset": IN_AN_HOUR, "Date": NOW}, 3600),
        (403, SPENT | {"X-RateLimit-Reset": IN_AN_HOUR, "Date": NOW, "Retry-After": "90"}, 90),
        (403, SPENT | {"X-RateLimit-Reset": "soon"}, 60),
        (403, SPENT | {"X-RateLimit-Reset": "99999999999", "Date": "today"}, 24 * 3600),
        (403, SPENT | {"X-RateLimit-Reset": "9" * 400}, 24 * 3600),
    ],
)
def test_when_a_server_wants_to_be_left_alone(status: int, headers: dict[str, str], seconds: float | None) -> None:
    """Its times of day are compared with its own clock: the one here may be wrong."""
    assert pause(status, CIMultiDict(headers)) == seconds
