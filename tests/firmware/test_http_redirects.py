"""Where a server sends us, and what we take along."""

import aiohttp
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import credentials_of
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from tests.firmware.fetching import SECRET, fetch, refusal
from tests.web import Web


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(site: Web, other_site: Web, session: aiohttp.ClientSession, status: int) -> None:
    site.redirect("/old", "new?x=1#part", status)
    site.redirect("/new", other_site.serve("/there", b"found"), status)
    assert await fetch(session, site.at("/old")) == b"found"
    assert site.asked() == ["/old", "/new?x=1"]
    assert other_site.asked() == ["/there"]


async def test_a_redirect_loop_ends(site: Web, session: aiohttp.ClientSession) -> None:
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    error = await refusal(session, site.at("/a"))
    assert error.reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "https:///x",
        "http://host:99999/",
        "http://[::1",
        "//[::1/",
        "http://[",
        "http://a]b/",
        "http://host:port/",
    ],
)
async def test_redirects_to_no_web_address_are_not_followed(
    site: Web, session: aiohttp.ClientSession, target: str
) -> None:
    assert (await refusal(session, site.redirect("/", target))).reason is Reason.REDIRECT_REFUSED


async def test_no_redirect_leads_out_of_tls(site: Web, tls_site: Web, trusting_session: aiohttp.ClientSession) -> None:
    url = tls_site.redirect("/a.bin", site.serve("/a.bin", b"tampered with"))
    assert (await refusal(trusting_session, url)).reason is Reason.REDIRECT_REFUSED
    assert site.requests == []
    into_tls = site.redirect("/b.bin", tls_site.serve("/b.bin", b"genuine"))
    assert await fetch(trusting_session, into_tls) == b"genuine"


async def test_a_credential_stays_with_its_origin(site: Web, other_site: Web, session: aiohttp.ClientSession) -> None:
    site.redirect("/start", "/here")
    site.redirect("/here", other_site.redirect("/there", site.serve("/back", b"found")))
    assert await fetch(session, site.at("/start"), origin=site.url) == b"found"
    assert site.came_with() == [SECRET] * 3
    assert other_site.came_with() == [None]


async def test_a_redirect_cannot_make_us_log_in_elsewhere(
    site: Web, other_site: Web, session: aiohttp.ClientSession
) -> None:
    target = other_site.serve("/there", b"found").with_user("user").with_password("password")
    await fetch(session, site.redirect("/", target))
    assert "Authorization" not in other_site.requests[0].headers


def test_the_password_of_an_address_becomes_a_header() -> None:
    assert credentials_of(URL("http://user:pä ss@host:8080/path")) == {"Authorization": "Basic dXNlcjpww6Qgc3M="}
    assert credentials_of(URL("http://user@host/")) == {"Authorization": "Basic dXNlcjo="}
    assert credentials_of(URL("http://host/")) == {}
