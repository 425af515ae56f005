"""What talks to a Home Assistant the way its frontend does: REST, and the WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp


class CommandFailed(Exception):
    """Home Assistant refused a command; `code` and `key` are stable, the message is what the user sees."""

    def __init__(self, error: dict[str, Any]) -> None:
        """Take what the WebSocket says of it."""
        super().__init__(error["message"])
        self.code: str = error["code"]
        self.key: str | None = error.get("translation_key")
        self.placeholders: dict[str, str] = error.get("translation_placeholders") or {}


class HomeClient:
    """A connection of an administrator; use it as an asynchronous context manager."""

    def __init__(self, url: str, token: str) -> None:
        """Prepare to talk to the Home Assistant at a URL."""
        self._url = url
        self._token = token
        self._number = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, asyncio.Queue[Any]] = {}

    async def __aenter__(self) -> Self:
        """Connect and log in."""
        self._session = aiohttp.ClientSession(self._url, headers={"Authorization": f"Bearer {self._token}"})
        try:
            self._socket = await self._session.ws_connect("/api/websocket", max_msg_size=0)
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self._token})
            if (answer := await self._socket.receive_json())["type"] != "auth_ok":
                raise CommandFailed({"code": answer["type"], "message": answer.get("message", "not logged in")})
        except BaseException:
            await self._session.close()
            raise
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._reader.cancel()
        await asyncio.wait({self._reader})
        await self._socket.close()
        await self._session.close()

    async def get(self, path: str) -> Any:
        """Return what is at a path of the REST API."""
        async with self._session.get(path, raise_for_status=True) as answer:
            return await answer.json()

    async def post(self, path: str, **content: Any) -> Any:
        """Send something to a path of the REST API. Raises CommandFailed when it is refused."""
        async with self._session.post(path, json=content) as answer:
            if not answer.ok:
                raise CommandFailed({"code": str(answer.status), "message": await answer.text()})
            return await answer.json()

    async def delete(self, path: str) -> Any:
        """Delete what is at a path of the REST API."""
        async with self._session.delete(path, raise_for_status=True) as answer:
            return await answer.json()

    async def upload_file(self, name: str, content: bytes) -> str:
        """Upload a file for a form, and return what the form takes for it."""
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="application/octet-stream")
        async with self._session.post("/api/file_upload", data=form, raise_for_status=True) as answer:
            return str((await answer.json())["file_id"])

    async def command(self, kind: str, /, **fields: Any) -> Any:
        """Send a WebSocket command and return its result. Raises CommandFailed; ConnectionError if nobody is there."""
        return await self._send(kind, fields, None)

    @asynccontextmanager
    async def subscribe(self, kind: str, /, **fields: Any) -> AsyncIterator[asyncio.Queue[Any]]:
        """Subscribe to something; the events arrive in the queue."""
        events: asyncio.Queue[Any] = asyncio.Queue()
        await self._send(kind, fields, events)
        yield events

    async def call(self, service: str, /, *, answer: bool = False, **fields: Any) -> Any:
        """Call an action, "update.install" for example, and return its response if there is to be one.

        Raises CommandFailed with what a user would see.
        """
        domain, name = service.split(".")
        target = {key: fields.pop(key) for key in ("entity_id", "device_id") if key in fields}
        result = await self.command(
            "call_service", domain=domain, service=name, target=target, service_data=fields, return_response=answer
        )
        return result.get("response")

    async def state(self, entity_id: str) -> dict[str, Any]:
        """Return the state of an entity, with its attributes."""
        state: dict[str, Any] = await self.get(f"/api/states/{entity_id}")
        return state

    async def issues(self, domain: str) -> list[dict[str, Any]]:
        """Return the repair issues of an integration that the user sees."""
        listed = await self.command("repairs/list_issues")
        return [issue for issue in listed["issues"] if issue["domain"] == domain and not issue["ignored"]]

    async def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the configuration entries of an integration."""
        entries: list[dict[str, Any]] = await self.command("config_entries/get", domain=domain)
        return entries

    async def flows(self, domain: str) -> list[dict[str, Any]]:
        """Return the configuration flows of an integration that wait for the user: discovered boards, lost passwords."""
        flows = await self.command("config_entries/flow/progress")
        return [flow for flow in flows if flow["handler"] == domain]

    async def _send(self, kind: str, fields: dict[str, Any], events: asyncio.Queue[Any] | None) -> Any:
        self._number += 1
        number = self._number
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._reader.done():
            raise ConnectionError("Home Assistant has closed the connection")
        self._answers[number] = answer
        if events is not None:
            self._events[number] = events
        await self._socket.send_json({"id": number, "type": kind, **fields})
        return await answer

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(message.json())
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("Home Assistant has closed the connection"))
                    # Whoever asked may have given up.
                    answer.exception()

    def _take(self, message: dict[str, Any]) -> None:
        number = message["id"]
        match message:
            case {"type": "event", "event": event} if number in self._events:
                self._events[number].put_nowait(event)
            case {"type": "result", "success": success} if not (answer := self._answers.pop(number)).done():
                if success:
                    answer.set_result(message["result"])
                else:
                    answer.set_exception(CommandFailed(message["error"]))
