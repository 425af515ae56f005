"""Fetching over HTTP from servers that need not be well-behaved: bounded in size, time and redirects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from http import HTTPStatus
import time
from typing import Self

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from . import rate_limit
from .reasons import Reason
from .release import SourceError

_CHUNK = 16 * 1024
_MOST_REDIRECTS = 5


class Kind(Enum):
    """What is fetched: what to ask for, what to call it, and the content types that it certainly is not.

    Servers label a .bin or a .json in many ways, so a label alone refuses only what cannot be meant,
    above all the HTML page of a login or of an error.
    """

    JSON = ("application/json", "JSON", ("text/html", "application/xhtml+xml", "image/", "audio/", "video/"))
    IMAGE = (
        "application/octet-stream",
        "a sketch",
        ("text/html", "application/xhtml+xml", "application/json", "image/", "audio/", "video/"),
    )
    # GitHub hands over a file, whatever is in it, only to who asks for this type.
    TEXT = (
        "application/octet-stream",
        "plain text",
        ("text/html", "application/xhtml+xml", "image/", "audio/", "video/"),
    )

    def __init__(self, accept: str, title: str, refused: tuple[str, ...]) -> None:
        """Name the parts of a member's value."""
        self.accept = accept
        self.title = title
        self.refused = refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for a connection, for the next byte, and for the whole of it."""

    connect: float = 10.0
    silence: float = 15.0
    total: float = 60.0


DEFAULT_PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Validators:
    """By what a server recognises the copy that is here already."""

    url: URL
    etag: str | None
    last_modified: str | None

    def headers_for(self, url: URL) -> dict[str, str]:
        """Return what makes a request for this address conditional.

        A date says nothing about another address, an entity tag nothing about another file; signed
        addresses, which differ in their query each time, lead to the same file.
        """
        if url.with_query(None) != self.url.with_query(None):
            return {}
        if self.etag:
            return {"If-None-Match": self.etag}
        if self.last_modified and url == self.url:
            return {"If-Modified-Since": self.last_modified}
        return {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent, and from which address in the end."""

    url: URL = field(repr=False)
    headers: CIMultiDictProxy[str] = field(repr=False)
    body: bytes = field(repr=False)
    # The copy that was described by validators is still right; there is no body then.
    unchanged: bool = False

    @property
    def validators(self) -> Validators:
        """What to show the server next time."""
        return Validators(self.url, self.headers.get("ETag"), self.headers.get("Last-Modified"))


@dataclass(frozen=True, slots=True)
class OriginHeaders:
    """Headers that only one origin may see."""

    origin: URL
    headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def of_url(cls, url: URL) -> Self | None:
        """Return what the user:password@ of an address asks for."""
        if url.user is None:
            return None
        return cls(url.origin(), {"Authorization": aiohttp.encode_basic_auth(url.user, url.password or "")})


class Fetcher:
    """Gets what is at an address. All requests of a source go through one, which also remembers when to keep still.

    An error never carries more of an address than its host, and no credential leaves its origin.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        private: OriginHeaders | None = None,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        """Take the session to use, and the headers that are for one origin alone."""
        self._session = session
        self._private = private
        self._patience = patience
        self._quiet_until: dict[URL, float] = {}

    async def get(self, url: URL, kind: Kind, *, limit: int, known: Validators | None = None) -> Answer:
        """Get at most `limit` bytes, following redirects. Raises SourceError."""
        try:
            async with asyncio.timeout(self._patience.total):
                for _ in range(_MOST_REDIRECTS + 1):
                    answer = await self._get_once(url, kind, limit, known)
                    if isinstance(answer, Answer):
                        return answer
                    url = _follow(url, answer)
        except aiohttp.ConnectionTimeoutError:
            raise _timed_out(url, self._patience.connect) from None
        except aiohttp.SocketTimeoutError:
            raise _timed_out(url, self._patience.silence) from None
        except TimeoutError:
            raise _timed_out(url, self._patience.total) from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise SourceError(Reason.BAD_CERTIFICATE, host=host(url), error=str(error.certificate_error)) from None
        except aiohttp.ClientConnectorError as error:
            cause = error.os_error
            raise SourceError(Reason.UNREACHABLE, host=host(url), error=cause.strerror or str(cause)) from None
        except aiohttp.InvalidURL:
            raise SourceError(Reason.BAD_URL) from None
        except aiohttp.ClientResponseError:
            raise SourceError(Reason.NOT_HTTP, host=host(url)) from None
        except aiohttp.ClientError:
            raise SourceError(Reason.ANSWER_CUT, host=host(url)) from None
        raise SourceError(Reason.TOO_MANY_REDIRECTS, host=host(url), limit=str(_MOST_REDIRECTS))

    async def _get_once(self, url: URL, kind: Kind, limit: int, known: Validators | None) -> Answer | str:
        """Return the answer, or the address that it redirects to."""
        self._keep_still(url)
        conditions = known.headers_for(url) if known else {}
        async with self._session.get(
            url,
            headers=self._headers(url, kind) | conditions,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._patience.connect, sock_read=self._patience.silence
            ),
        ) as response:
            self._judge(url, response, conditional=bool(conditions))
            match response.status:
                case HTTPStatus.NOT_MODIFIED:
                    return Answer(url, response.headers, b"", unchanged=True)
                case HTTPStatus.OK:
                    return Answer(url, response.headers, await _body(url, response, kind, limit))
            return response.headers["Location"]

    def _headers(self, url: URL, kind: Kind) -> dict[str, str]:
        headers = {"Accept": kind.accept}
        if kind is Kind.IMAGE:
            headers["Accept-Encoding"] = "identity"
        if self._private and self._private.origin == url.origin():
            headers |= self._private.headers
        return headers

    def _keep_still(self, url: URL) -> None:
        """Raise where the server has said that it wants no request yet."""
        remaining = self._quiet_until.get(url.origin(), 0.0) - time.monotonic()
        if remaining > 0:
            raise _rate_limited(url, remaining)

    def _judge(self, url: URL, response: aiohttp.ClientResponse, *, conditional: bool) -> None:
        """Raise unless the answer is a body, a redirect or the confirmation that was asked for."""
        status, headers = response.status, response.headers
        limited = rate_limit.is_limit(status, headers)
        if limited or rate_limit.is_exhausted(headers):
            seconds = rate_limit.pause(headers, datetime.now(UTC))
            self._quiet_until[url.origin()] = time.monotonic() + seconds
            if limited:
                raise _rate_limited(url, seconds)
        match status:
            case 200:
                return
            case 304 if conditional:
                return
            case 301 | 302 | 303 | 307 | 308 if "Location" in headers:
                return
            case 404 | 410:
                raise SourceError(Reason.NOT_FOUND, host=host(url), status=str(status))
            case 401 | 403 | 407:
                raise SourceError(Reason.ACCESS_DENIED, host=host(url), status=str(status))
        raise SourceError(Reason.HTTP_STATUS, host=host(url), status=str(status))


def http_url(text: str) -> URL:
    """Return an address that can be fetched. Raises SourceError; its text is not repeated, it may hold a password."""
    try:
        url = URL(text.strip())
    except ValueError:
        raise SourceError(Reason.BAD_URL) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SourceError(Reason.BAD_URL)
    return url


def host(url: URL) -> str:
    """Return what may be shown of an address: the host, and the port where it is unusual."""
    return url.host_port_subcomponent or ""


def is_downgrade(url: URL, target: URL) -> bool:
    """Return whether following leaves the protection of TLS."""
    return url.scheme == "https" and target.scheme != "https"


def _follow(url: URL, location: str) -> URL:
    try:
        target = url.join(URL(location))
    except ValueError:
        raise SourceError(Reason.REDIRECT_REFUSED, host=host(url)) from None
    if target.scheme not in ("http", "https") or not target.host or is_downgrade(url, target):
        raise SourceError(Reason.REDIRECT_REFUSED, host=host(url))
    return target.with_user(None).with_fragment(None)


async def _body(url: URL, response: aiohttp.ClientResponse, kind: Kind, limit: int) -> bytes:
    if response.content_type.startswith(kind.refused):
        raise SourceError(
            Reason.WRONG_CONTENT_TYPE, host=host(url), content_type=response.content_type, expected=kind.title
        )
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise SourceError(Reason.ANSWER_TOO_LARGE, host=host(url), limit=str(limit))
    return bytes(body)


def _timed_out(url: URL, seconds: float) -> SourceError:
    return SourceError(Reason.TIMED_OUT, host=host(url), seconds=f"{seconds:g}")


def _rate_limited(url: URL, seconds: float) -> SourceError:
    until = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    return SourceError(Reason.RATE_LIMITED, retry_at=until, host=host(url), until=until.isoformat())
