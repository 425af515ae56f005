"""Fetching from servers on this machine that behave in every bad way."""

import asyncio
from contextlib import ExitStack
import gzip
import socket

import aiohttp
from aiohttp import web
import pytest
from yarl import URL

from custom_components.mkr1000_ota.arduino_ota.firmware.fetcher import Fetcher, http_url
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from tests.firmware.fetching import SECRET, fetch, refusal
from tests.web import Web


async def test_a_body_comes_as_it_is(site: Web, session: aiohttp.ClientSession) -> None:
    assert await fetch(session, site.serve("/a.bin", bytes(range(256)))) == bytes(range(256))
    assert site.requests[0].headers["Accept"] == "application/octet-stream"


async def test_a_body_may_be_as_large_as_the_limit_and_no_larger(site: Web, session: aiohttp.ClientSession) -> None:
    assert len(await fetch(session, site.serve("/1000", bytes(1000)))) == 1000
    error = await refusal(session, site.serve("/1001", bytes(1001)))
    assert error.reason is Reason.ANSWER_TOO_LARGE
    assert error.placeholders == {"host": site.url.host_port_subcomponent, "limit": "1000"}


async def test_an_endless_body_ends_at_the_limit(site: Web, session: aiohttp.ClientSession) -> None:
    assert (await refusal(session, site.endless("/"))).reason is Reason.ANSWER_TOO_LARGE


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    url = site.serve("/bomb.json", gzip.compress(bytes(10_000_000)), Content_Encoding="gzip")
    assert (await refusal(session, url)).reason is Reason.ANSWER_TOO_LARGE


async def test_a_body_that_does_not_unpack_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    url = site.serve("/broken.json", b"this is not gzip", Content_Encoding="gzip")
    assert (await refusal(session, url)).reason is Reason.ANSWER_CUT


async def test_a_body_that_ends_early_is_refused(site: Web, session: aiohttp.ClientSession) -> None:
    assert (await refusal(session, site.cut("/", b"half"))).reason is Reason.ANSWER_CUT


@pytest.mark.parametrize("first", [b"", b"some bytes, and then none"])
async def test_silence_ends_the_wait(site: Web, session: aiohttp.ClientSession, first: bytes) -> None:
    assert (await refusal(session, site.hang("/", first))).reason is Reason.TIMED_OUT


async def test_a_server_that_keeps_us_busy_does_not_keep_us_for_ever(site: Web, session: aiohttp.ClientSession) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not site.closing.is_set():
            await response.write(b".")
            await asyncio.sleep(0.02)
        return response

    site.pages["/"] = drip
    assert (await refusal(session, site.url)).reason is Reason.TIMED_OUT


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
    assert error.reason is Reason.TIMED_OUT


async def test_nobody_there(socket_enabled: None, session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    error = await refusal(session, f"http://127.0.0.1:{unused_tcp_port}/path?token={SECRET}")
    assert error.reason is Reason.UNREACHABLE
    assert str(error) == f"Cannot connect to 127.0.0.1:{unused_tcp_port}: the connection was refused"


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
    assert error.reason is Reason.BAD_CERTIFICATE
    assert error.placeholders["error"] == "self-signed certificate"


async def test_a_server_without_tls(site: Web, session: aiohttp.ClientSession) -> None:
    error = await refusal(session, site.at(f"/{SECRET}").with_scheme("https").with_port(site.url.port))
    assert (error.reason, error.placeholders["error"]) == (Reason.UNREACHABLE, "it does not speak TLS")


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


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/xhtml+xml"])
async def test_a_web_page_is_not_what_is_meant(site: Web, session: aiohttp.ClientSession, content_type: str) -> None:
    error = await refusal(session, site.serve("/", b"{}", Content_Type=content_type))
    assert error.reason is Reason.WRONG_CONTENT_TYPE


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain", "application/json", "nonsense", ""])
async def test_any_other_type_will_do(site: Web, session: aiohttp.ClientSession, content_type: str) -> None:
    assert await fetch(session, site.serve("/", b"body", Content_Type=content_type)) == b"body"


async def test_giving_up_gives_up(site: Web, session: aiohttp.ClientSession) -> None:
    fetcher = Fetcher(session, site.url, {})
    task = asyncio.create_task(fetcher.get(site.hang("/"), limit=10))
    async with asyncio.timeout(5):
        while not site.requests:
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_session_that_is_closed_already(session: aiohttp.ClientSession) -> None:
    await session.close()
    assert (await refusal(session, "http://127.0.0.1/")).reason is Reason.ANSWER_CUT


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


@pytest.mark.parametrize("host", ["999.999.999.999", "a..b", "x" * 64, "xn--a", "."])
async def test_an_address_that_only_looks_like_one(
    socket_enabled: None, session: aiohttp.ClientSession, host: str
) -> None:
    error = await refusal(session, f"http://{host}/{SECRET}")
    assert error.reason in (Reason.BAD_URL, Reason.UNREACHABLE)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: deflate\r\n\r\nxxxx",
        b"HTTP/1.1 999999999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000,
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: \xff/;;=\r\nContent-Length: 9\r\n\r\nx",
        b"\0" * 1000,
    ],
)
async def test_whatever_a_server_sends_is_a_reason(
    socket_enabled: None, session: aiohttp.ClientSession, sent: bytes
) -> None:
    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)
        writer.close()

    async with await asyncio.start_server(send, "127.0.0.1", 0) as server:
        error = await refusal(session, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert str(error)
