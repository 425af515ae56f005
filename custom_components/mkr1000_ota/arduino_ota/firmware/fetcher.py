"""Fetching over HTTP from servers that need not be well-behaved: bounded in size, time, redirects and destination."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
import re
import time
from typing import Final

import aiohttp
from yarl import URL

from .. import limits
from ..text import words_of
from .destination import GuardedRequest, Hop, host
from .reasons import Reason
from .release import SourceError

JSON: Final = "application/json"
# GitHub hands over a file, whatever is in it, only to who asks for this type.
FILE: Final = "application/octet-stream"

_CHUNK: Final = 16 * 1024
# A name or address, once its letters are encoded: a forgotten placeholder is none.
_HOST: Final = re.compile(r"[\w.:%-]+", re.ASCII)
# Servers label a .bin in many ways. This is the page of a login or of an error.
_WEB_PAGES: Final = ("text/html", "application/xhtml+xml")
# In seconds. Without a stated time, GitHub's documentation asks for a minute at least.
_PAUSE_UNSTATED: Final = 60.0


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent, from which address in the end, and whether that was this system itself."""

    url: URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_local: bool

    def conditions_for(self, url: URL) -> dict[str, str]:
        """Return the headers that make another request for the same conditional.

        A date says nothing about another address, an entity tag nothing about another file; signed
        addresses, which differ in their query each time, lead to the same file.
        """
        tag, date = self.headers.get("ETag", ""), self.headers.get("Last-Modified", "")
        if tag and tag.isascii() and url.with_query(None) == self.url.with_query(None):
            return {"If-None-Match": tag}
        if date and date.isascii() and url == self.url:
            return {"If-Modified-Since": date}
        return {}


class Fetcher:
    """Gets what is at an address. All requests of a source go through one, which also remembers when to keep still.

    An error never carries more of an address than its host, and no credential leaves its origin.
    """

    def __init__(self, session: aiohttp.ClientSession, origin: URL, private: Mapping[str, str]) -> None:
        """Take the session whose connections to use, and headers that are for one origin alone."""
        self._session = session
        self._origin = origin.origin()
        self._private = private
        self._quiet_until: dict[URL, float] = {}

    async def get(
        self, url: URL, accept: str = FILE, *, limit: int, known: Response | None = None, may_be_local: bool = True
    ) -> Response:
        """Get at most `limit` bytes, following redirects; the response that is known if it is still right.

        Raises SourceError, whatever goes wrong.

        Only an address that a person has typed, or that came from this system itself, may lead to this system itself:
        to a loopback, link-local or own address, whatever the name.
        """
        try:
            async with asyncio.timeout(limits.DOWNLOAD), self._guarded_session() as session:
                for _ in range(limits.REDIRECTS + 1):
                    hop = Hop(url, may_be_local=may_be_local)
                    conditions = known.conditions_for(url) if known else {}
                    headers = self._headers(url, accept) | conditions
                    async with session.get(url, headers=headers, allow_redirects=False) as response:
                        if hop.is_local is None:
                            raise RuntimeError("aiohttp has sent a request past its guard")
                        self._check(url, response, conditional=bool(conditions))
                        if response.status == 200:
                            return Response(url, response.headers, await _body(url, response, limit), hop.is_local)
                        if known and response.status == 304:
                            return known
                    url, may_be_local = _redirected(url, response.headers["Location"]), hop.is_local
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001  # aiohttp and yarl let through what servers make happen in them
            raise _explained(url, error) from None
        raise SourceError(Reason.TOO_MANY_REDIRECTS, host=host(url), limit=str(limits.REDIRECTS))

    def _guarded_session(self) -> aiohttp.ClientSession:
        """Return a session that shares the connections and nothing else, above all nothing that follows redirects."""
        if self._session.connector is None:
            raise aiohttp.ServerDisconnectedError
        return aiohttp.ClientSession(
            connector=self._session.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._session.headers,
            request_class=GuardedRequest,
            max_line_size=limits.HEADER_LINE,
            max_field_size=limits.HEADER_LINE,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.CONNECT, sock_read=limits.SILENCE),
        )

    def _headers(self, url: URL, accept: str) -> dict[str, str]:
        """Return the headers of a request. Raises SourceError where the server wants none yet."""
        remaining = self._quiet_until.get(url.origin(), 0.0) - time.monotonic()
        if remaining > 0:
            raise _rate_limited(url, remaining)
        return {"Accept": accept} | (dict(self._private) if url.origin() == self._origin else {})

    def _check(self, url: URL, response: aiohttp.ClientResponse, *, conditional: bool) -> None:
        """Raise unless the response is a body, a redirect or the confirmation that was asked for."""
        if (seconds := pause(response.status, response.headers)) is not None:
            self._quiet_until[url.origin()] = time.monotonic() + seconds
            if response.status != 200:
                raise _rate_limited(url, seconds)
        match response.status:
            case 200 if response.content_type.startswith(_WEB_PAGES):
                raise SourceError(Reason.WRONG_CONTENT_TYPE, host=host(url))
            case 200:
                return
            case 304 if conditional:
                return
            case 301 | 302 | 303 | 307 | 308 if "Location" in response.headers:
                return
            case 404 | 410:
                reason = Reason.NOT_FOUND
            case 401 | 403 | 407:
                reason = Reason.ACCESS_DENIED
            case _:
                reason = Reason.HTTP_STATUS
        raise SourceError(reason, host=host(url), status=str(response.status))


def credentials_of(url: URL) -> dict[str, str]:
    """Return the headers that the user:password@ of an address asks for."""
    if url.user is None:
        return {}
    return {"Authorization": aiohttp.encode_basic_auth(url.user, url.password or "")}


def http_url(text: str) -> URL:
    """Return an address that can be fetched. Raises SourceError; its text is not repeated, it may hold a password."""
    if (url := joined(URL(), text.strip())) is None:
        raise SourceError(Reason.BAD_URL)
    return url


def joined(url: URL, location: str) -> URL | None:
    """Return where an address, seen from another, leads on the web; None if it does not."""
    try:
        target = url.join(URL(location))
        is_web = target.scheme in ("http", "https") and _HOST.fullmatch(target.raw_host or "")
    except ValueError, IndexError:
        return None
    return target if is_web else None


def is_downgrade(url: URL, target: URL) -> bool:
    """Return whether following leaves the protection of TLS."""
    return url.scheme == "https" and target.scheme != "https"


def pause(status: int, headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds a server wants no further request, None if it says nothing of that.

    GitHub says so with 429, or with 403 and either of two headers, and before with the second; others with 503 and
    Retry-After. Its times of day are compared with its own clock: the one here may be wrong.
    """
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    is_spent = headers.get("X-RateLimit-Remaining") == "0"
    if not (status == 429 or (status in (200, 403) and is_spent) or (status in (403, 503) and after)):
        return None
    seconds = _PAUSE_UNSTATED
    if after.isdecimal():
        seconds = float(after)
    elif reset.isdecimal() and is_spent:
        seconds = float(reset) - _moment(headers.get("Date", "")).timestamp()
    return min(max(seconds, 1.0), limits.PAUSE)


def _moment(http_date: str) -> datetime:
    try:
        return parsedate_to_datetime(http_date)
    except ValueError:
        return datetime.now(UTC)


def _redirected(url: URL, location: str) -> URL:
    target = joined(url, location)
    if target is None or is_downgrade(url, target):
        raise SourceError(Reason.REDIRECT_REFUSED, host=host(url))
    return target.with_user(None).with_fragment(None)


async def _body(url: URL, response: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise SourceError(Reason.ANSWER_TOO_LARGE, host=host(url), limit=str(limit))
    return bytes(body)


def _explained(url: URL, error: Exception) -> SourceError:
    reason, words = Reason.UNREACHABLE, words_of(error)
    match error:
        case TimeoutError():
            reason = Reason.TIMED_OUT
        case aiohttp.ClientConnectorCertificateError():
            reason, cause = Reason.BAD_CERTIFICATE, error.certificate_error
            words = str(getattr(cause, "verify_message", words))
        case aiohttp.ClientConnectorSSLError():
            words = "it does not speak TLS"
        case aiohttp.ClientConnectorDNSError():
            words = "there is no host of this name"
        case aiohttp.ClientConnectorError():
            words = words_of(error.os_error)
        case ValueError():
            reason = Reason.BAD_URL
        case aiohttp.ClientResponseError():
            reason = Reason.NOT_HTTP
        case aiohttp.ClientError():
            reason = Reason.ANSWER_CUT
    return SourceError(reason, host=host(url), error=words)


def _rate_limited(url: URL, seconds: float) -> SourceError:
    until = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    return SourceError(Reason.RATE_LIMITED, host=host(url), until=until.isoformat())
