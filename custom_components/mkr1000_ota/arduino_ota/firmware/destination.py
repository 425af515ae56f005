"""Where a request really goes: only a person may send one to this system itself."""

import asyncio
from contextvars import ContextVar
from ipaddress import ip_address
from typing import override

import aiohttp
from yarl import URL

from .reasons import Reason
from .release import SourceError


class Hop:
    """One request of a chain of redirects. `is_local` is unknown until its connection was looked at."""

    is_local: bool | None = None

    def __init__(self, url: URL, *, may_be_local: bool) -> None:
        """Watch the next request of this task. Raises SourceError if its address says already that it may not be."""
        self._refusal = None if may_be_local else SourceError(Reason.LOCAL_ADDRESS, host=host(url))
        name = (url.raw_host or "").rstrip(".")
        if self._refusal and (name == "localhost" or name.endswith(".localhost") or leads_here(name)):
            raise self._refusal
        _current.set(self)

    def connected(self, transport: asyncio.Transport | None) -> None:
        """Look at the other end of the connection. Raises SourceError."""
        peer = transport and transport.get_extra_info("peername")
        if not transport or not peer:
            raise aiohttp.ServerDisconnectedError
        # Who connects to an own address is seen to come from it.
        self.is_local = leads_here(peer[0]) or peer[0] == transport.get_extra_info("sockname")[0]
        if self.is_local and self._refusal:
            raise self._refusal


_current: ContextVar[Hop] = ContextVar("_current")


class GuardedRequest(aiohttp.ClientRequest):
    """Nothing is sent before it is known to which address: a name can lead anywhere, and elsewhere the next time."""

    @override
    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        _current.get().connected(conn.transport)
        return await super().send(conn)


def host(url: URL) -> str:
    """Return what may be shown of an address: the host, and the port where it is unusual."""
    return url.host_port_subcomponent or ""


def leads_here(text: str) -> bool:
    """Return whether an address, if the text is one, is never that of another system behind a router."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
