"""What is fetched leads to this system itself only if a person has typed it so."""

from collections.abc import AsyncGenerator, Mapping
import socket
from typing import Any, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
import pytest

from custom_components.mkr1000_ota.arduino_ota.firmware import destination
from custom_components.mkr1000_ota.arduino_ota.firmware.manifest import ManifestSource
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.fetching import fetch, refusal
from tests.web import Web, running

# An address of this machine that stands for the internet.
AWAY = "127.0.0.2"


class Names(AbstractResolver):
    """What knows where the names of a test lead."""

    def __init__(self, hosts: Mapping[str, str]) -> None:
        """Take the address of each name."""
        self.hosts = hosts

    @override
    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=self.hosts[host], port=port, family=socket.AF_INET, proto=0, flags=0)]

    @override
    async def close(self) -> None:
        pass


@pytest.fixture
async def away(loopback: None, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Web]:
    """A web server somewhere on the internet."""
    leads_here = destination.leads_here
    monkeypatch.setattr(destination, "leads_here", lambda address: address != AWAY and leads_here(address))
    async with running(host=AWAY) as site:
        yield site


@pytest.fixture
def names() -> dict[str, str]:
    """The address of each name; a test may change it."""
    return {"files.example": AWAY, "inside.example": "127.0.0.1"}


@pytest.fixture
async def session(names: dict[str, str]) -> AsyncGenerator[aiohttp.ClientSession]:
    """A session that finds these names, every time anew."""
    connector = aiohttp.TCPConnector(resolver=Names(names), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "x.localhost", "localhost.", "inside.example"])
async def test_no_redirect_leads_here(
    away: Web, site: Web, session: aiohttp.ClientSession, names: dict[str, str], host: str
) -> None:
    names |= {"localhost": "127.0.0.1", "localhost.": "127.0.0.1", "x.localhost": "127.0.0.1"}
    url = away.redirect("/", f"http://{host}:{site.url.port}/reset")
    assert (await refusal(session, url)).reason is Reason.LOCAL_ADDRESS
    assert site.requests == []
    assert await fetch(session, site.redirect("/", site.serve("/typed", b"body"))) == b"body"


async def test_who_was_redirected_away_is_not_redirected_back(
    away: Web, site: Web, session: aiohttp.ClientSession
) -> None:
    away.redirect("/", site.serve("/reset"))
    assert (await refusal(session, site.redirect("/typed", away.at("/")))).reason is Reason.LOCAL_ADDRESS
    assert site.asked() == ["/typed"]


async def test_a_kept_connection_is_no_way_around(away: Web, site: Web, session: aiohttp.ClientSession) -> None:
    assert await fetch(session, site.serve("/", b"body")) == b"body"
    away.redirect("/", site.url)
    assert (await refusal(session, away.url)).reason is Reason.LOCAL_ADDRESS
    assert len(site.requests) == 1


async def test_an_own_address_is_as_good_as_loopback(
    away: Web, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destination, "leads_here", lambda _: False)
    async with running() as own:
        assert (await refusal(session, away.redirect("/", own.at("/reset")))).reason is Reason.LOCAL_ADDRESS
        assert own.requests == []


@pytest.mark.parametrize(
    "address",
    [
        *[
            "127.0.0.1",
            "127.8.8.8",
            "169.254.1.1",
            "0.0.0.0",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fe80::1%eth0",
            "ff02::1",
        ]
    ],
)
def test_what_is_here(address: str) -> None:
    assert destination.leads_here(address)


@pytest.mark.parametrize("address", ["192.168.1.5", "10.0.0.1", "1.1.1.1", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1"])
def test_what_is_elsewhere(address: str) -> None:
    assert not destination.leads_here(address)


async def offered(session: aiohttp.ClientSession, typed: Web, **release: str) -> ManifestSource:
    """Serve a manifest of one release, and look at it."""
    source = ManifestSource(session, str(typed.serve_json("/m.json", {"version": "1"} | release)))
    await source.catalog()
    return source


@pytest.mark.parametrize("host", ["127.0.0.1", "inside.example"])
async def test_no_manifest_from_elsewhere_points_here(
    away: Web, site: Web, session: aiohttp.ClientSession, host: str
) -> None:
    here = f"http://{host}:{site.url.port}/a.bin"
    source = await offered(session, away, path=here, signature=here)
    (release,) = (await source.catalog()).releases
    for fetching in (source.image, source.signature):
        with pytest.raises(SourceError) as refused:
            await fetching(release)
        assert refused.value.reason is Reason.LOCAL_ADDRESS
    assert site.requests == []


async def test_a_manifest_from_here_may_point_here(away: Web, site: Web, session: aiohttp.ClientSession) -> None:
    site.serve("/a.bin", b"image")
    source = await offered(session, site, path="a.bin")
    (release,) = (await source.catalog()).releases
    assert await source.image(release) == b"image"


async def test_a_name_that_leads_here_only_later_is_not_followed(
    away: Web, site: Web, session: aiohttp.ClientSession, names: dict[str, str]
) -> None:
    away.serve_json("/m.json", {"version": "1", "path": f"http://files.example:{site.url.port}/reset"})
    source = ManifestSource(session, f"http://files.example:{away.url.port}/m.json")
    (release,) = (await source.catalog()).releases
    names["files.example"] = "127.0.0.1"
    with pytest.raises(SourceError) as refused:
        await source.image(release)
    assert refused.value.reason is Reason.LOCAL_ADDRESS
    assert site.requests == []


async def test_nothing_is_taken_that_went_past_the_guard(
    away: Web, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destination.GuardedRequest, "send", aiohttp.ClientRequest.send)
    assert (await refusal(session, away.serve("/", b"body"))).reason is Reason.UNREACHABLE
