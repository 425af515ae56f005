"""A web server on this machine that does whatever a test wants of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from ssl import SSLContext
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Web:
    """A server with one handler a path; it remembers what it was asked."""

    url: URL = field(init=False)
    pages: dict[str, Handler] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def origin(self) -> str:
        """The address of the server as a person types it."""
        return str(self.url.origin())

    def serve(
        self, path: str, body: bytes | str = b"", *, status: int = 200, etag: str | None = None, **headers: str
    ) -> URL:
        """Answer with a body; keyword arguments are headers, with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(request: web.Request) -> web.Response:
            if etag and request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            content = body.encode() if isinstance(body, str) else body
            return web.Response(body=content, status=status, headers=sent | ({"ETag": etag} if etag else {}))

        self.pages[path] = answer
        return self.at(path)

    def serve_json(self, path: str, document: Any, *, etag: str | None = None, **headers: str) -> URL:
        """Answer with JSON."""
        headers["Content_Type"] = "application/json"
        return self.serve(path, json.dumps(document), status=200, etag=etag, **headers)

    def redirect(self, path: str, target: URL | str, status: int = 302) -> URL:
        """Send whoever asks somewhere else."""
        return self.serve(path, status=status, Location=str(target))

    def hang(self, path: str, first: bytes = b"") -> URL:
        """Answer with a few bytes or with nothing, and then never go on."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": "1000"})
            if first:
                await response.prepare(request)
                await response.write(first)
            await self.closing.wait()
            return response

        self.pages[path] = answer
        return self.at(path)

    def endless(self, path: str) -> URL:
        """Answer with a body that never ends."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while not self.closing.is_set():
                await response.write(bytes(64 * 1024))
            return response

        self.pages[path] = answer
        return self.at(path)

    def cut(self, path: str, body: bytes) -> URL:
        """End the connection before as much has come as was announced."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Length": str(len(body) + 1)})
            await response.prepare(request)
            await response.write(body)
            assert request.transport
            request.transport.close()
            return response

        self.pages[path] = answer
        return self.at(path)

    def at(self, path: str) -> URL:
        """Return the address of a path."""
        return self.url.join(URL(path))

    def asked(self) -> list[str]:
        """Return the paths that were asked for, with their queries."""
        return [request.path_qs for request in self.requests]

    def came_with(self) -> list[str | None]:
        """Return the credentials that each request came with."""
        return [request.headers.get("Authorization") for request in self.requests]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Do what the test wants at this path."""
        self.requests.append(request)
        page = self.pages.get(request.path)
        return await page(request) if page else web.Response(status=404, text="There is nothing here")


@asynccontextmanager
async def running(tls: SSLContext | None = None, host: str = "127.0.0.1") -> AsyncGenerator[Web]:
    """Run a server that has no pages yet."""
    site = Web()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", site.answer)
    server = TestServer(application, host=host, scheme="https" if tls else "http")
    await server.start_server(shutdown_timeout=0.1, ssl=tls)
    site.url = server.make_url("/")
    yield site
    site.closing.set()
    await server.close()
