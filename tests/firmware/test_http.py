"""Fetching from servers on this machine that behave in every bad way."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
import gzip
import socket
from typing import Any

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.mkr1000_ota.firmware.http import (
    Answer,
    Fetcher,
    Kind,
    OriginHeaders,
    Patience,
    Validators,
    http_url,
)
from custom_components.mkr1000_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.firmware.release import SourceError
from tests.web import Web

from .conftest import SHORT

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


async def test_a_body_comes_as_it_is(site: Web, session: aiohttp.ClientSession) -> None:
    answer = await fetch(session, site.serve("/a.bin", bytes(range(256))))
    assert answer.body == bytes(range(256))
    assert not answer.unchanged
    assert site.requests[0].headers["Accept"] == "application/octet-stream"


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(site: Web, session: aiohttp.ClientSession) -> None:
    assert len((await fetch(session, site.serve("/1000", bytes(1000)))).body) == 1000
    error = await refusal(session, site.serve("/1001", bytes(1001)))
    assert error.reason is Reason.ANSWER_TOO_LARGE
    assert error.placeholders == {"host": site.url.host_port_subcomponent, "limit": "1000"}


async def test_an_endless_body_ends_at_the_limit(site: Web, session: aiohttp.ClientSession) -> None:
    assert (await refusal(session, site.endless("/"))).reason is Reason.ANSWER_TOO_LARGE


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    url = site.serve("/bomb.json", gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")
    assert (await refusal(session, url, Kind.JSON)).reason is Reason.ANSWER_TOO_LARGE


async def test_a_body_that_does_not_unpack_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    url = site.serve("/broken.json", b"this is not gzip", Content_Encoding="gzip")
    assert (await refusal(session, url, Kind.JSON)).reason is Reason.ANSWER_CUT


async def test_a_body_that_ends_early_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    assert (await refusal(session, site.cut("/", b"half"))).reason is Reason.ANSWER_CUT


@pytest.mark.parametrize("first", [b"", b"some bytes, and then none"])
async def test_silence_ends_the_wait(site: Web, session: aiohttp.ClientSession, first: bytes) -> None:
    error = await refusal(session, site.hang("/", first))
    assert error.reason is Reason.TIMED_OUT
    assert error.placeholders["seconds"] == "0.3"


async def test_a_server_that_keeps_us_busy_does_not_keep_us_for_ever(site: Web, session: aiohttp.ClientSession) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not site.closing.is_set():
            await response.write(b".")
            await asyncio.sleep(0.02)
        return response

    site.pages["/"] = drip
    error = await refusal(session, site.url)
    assert (error.reason, error.placeholders["seconds"]) == (Reason.TIMED_OUT, "0.6")


async def test_a_connection_that_is_not_accepted_times_out(
    socket_enabled: None, session: aiohttp.ClientSession
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # A listening socket whose queue is full answers no further connection.
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        error = await refusal(session, f"http://127.0.0.1:{server.getsockname()[1]}/")
    assert (error.reason, error.placeholders["seconds"]) == (Reason.TIMED_OUT, "0.3")


async def test_nobody_there(socket_enabled: None, session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    error = await refusal(session, f"http://127.0.0.1:{unused_tcp_port}/path?token={SECRET}")
    assert error.reason is Reason.UNREACHABLE
    assert error.placeholders["host"] == f"127.0.0.1:{unused_tcp_port}"


async def test_a_server_that_speaks_something_else(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await refusal(session, f"http://127.0.0.1:{port}/")).reason is Reason.NOT_HTTP


async def test_a_server_that_hangs_up(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await refusal(session, f"http://127.0.0.1:{port}/")).reason is Reason.ANSWER_CUT


async def test_a_server_whose_certificate_nobody_vouches_for(tls_site: Web, session: aiohttp.ClientSession) -> None:
    error = await refusal(session, tls_site.at(f"/{SECRET}"))
    assert error.reason is Reason.UNREACHABLE
    assert "certificate" in error.placeholders["error"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (404, Reason.NOT_FOUND),
        (410, Reason.NOT_FOUND),
        (401, Reason.ACCESS_DENIED),
        (403, Reason.ACCESS_DENIED),
        (500, Reason.HTTP_STATUS),
        (503, Reason.HTTP_STATUS),
        (204, Reason.HTTP_STATUS),
        (304, Reason.HTTP_STATUS),
        (301, Reason.HTTP_STATUS),
    ],
)
async def test_every_other_status_is_an_error(
    site: Web, session: aiohttp.ClientSession, status: int, reason: Reason
) -> None:
    error = await refusal(session, site.serve("/", status=status))
    assert error.reason is reason
    assert error.placeholders == {"host": site.url.host_port_subcomponent, "status": str(status)}


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        (Kind.JSON, "text/html; charset=utf-8"),
        (Kind.JSON, "image/png"),
        (Kind.IMAGE, "text/html"),
        (Kind.IMAGE, "application/json"),
        (Kind.TEXT, "application/xhtml+xml"),
    ],
)
async def test_a_type_that_cannot_be_meant_is_refused(
    site: Web, session: aiohttp.ClientSession, kind: Kind, content_type: str
) -> None:
    error = await refusal(session, site.serve("/", b"{}", Content_Type=content_type), kind)
    assert error.reason is Reason.WRONG_CONTENT_TYPE
    assert error.placeholders["content_type"] == content_type.partition(";")[0]


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", "binary/octet-stream", "nonsense"])
async def test_any_other_type_will_do(site: Web, session: aiohttp.ClientSession, content_type: str) -> None:
    assert (await fetch(session, site.serve("/", b"body", Content_Type=content_type))).body == b"body"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(site: Web, other_site: Web, session: aiohttp.ClientSession, status: int) -> None:
    site.redirect("/old", "new?x=1#part", status)
    site.redirect("/new", other_site.serve("/there", b"found"), status)
    answer = await fetch(session, site.at("/old"))
    assert answer.body == b"found"
    assert answer.url == other_site.at("/there")
    assert site.asked() == ["/old", "/new?x=1"]


async def test_a_redirect_loop_ends(site: Web, session: aiohttp.ClientSession) -> None:
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")
    error = await refusal(session, site.at("/a"))
    assert error.reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://host/x", "https:///x", "http://host:99999/", "//[::1/"]
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
    assert (await fetch(trusting_session, into_tls)).body == b"genuine"


async def test_a_credential_stays_with_its_origin(site: Web, other_site: Web, session: aiohttp.ClientSession) -> None:
    private = OriginHeaders(site.url.origin(), {"Authorization": f"Bearer {SECRET}"})
    site.redirect("/start", "/here")
    site.redirect("/here", other_site.redirect("/there", site.serve("/back", b"found")))
    answer = await fetch(session, site.at("/start"), private=private)
    assert answer.body == b"found"
    assert [request.headers.get("Authorization") for request in site.requests] == [f"Bearer {SECRET}"] * 3
    assert [request.headers.get("Authorization") for request in other_site.requests] == [None]
    assert SECRET not in repr(private)


async def test_a_redirect_cannot_make_us_log_in_elsewhere(
    site: Web, other_site: Web, session: aiohttp.ClientSession
) -> None:
    target = other_site.serve("/there", b"found").with_user("user").with_password("password")
    await fetch(session, site.redirect("/", target))
    assert "Authorization" not in other_site.requests[0].headers


def test_the_password_of_an_address_becomes_a_header() -> None:
    private = OriginHeaders.of_url(URL("http://user:pä ss@host:8080/path"))
    assert private == OriginHeaders(URL("http://host:8080"), {"Authorization": "Basic dXNlcjpww6Qgc3M="})
    assert OriginHeaders.of_url(URL("http://user@host/")) == OriginHeaders(
        URL("http://host"), {"Authorization": "Basic dXNlcjo="}
    )
    assert OriginHeaders.of_url(URL("http://host/")) is None


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


async def test_giving_up_gives_up(site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, patience=Patience())
    task = asyncio.create_task(fetcher.get(site.hang("/"), Kind.JSON, limit=10))
    async with asyncio.timeout(5):
        while not site.requests:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host/path",
        "/path",
        "file:///etc/passwd",
        "ftp://host/",
        "http://",
        "http:///path",
        "http://h:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(SourceError) as refused:
        http_url(text)
    assert refused.value.reason is Reason.BAD_URL


def test_a_web_address_may_have_spaces_around_it() -> None:
    assert http_url(" https://host/manifest.json\n") == URL("https://host/manifest.json")


async def test_an_address_that_only_looks_like_one(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    assert (await refusal(session, f"http://999.999.999.999/{SECRET}")).reason is Reason.BAD_URL
