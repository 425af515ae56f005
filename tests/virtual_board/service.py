"""One request to a board and what becomes of it, in the order in which the board's libraries decide."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
import re
from typing import Protocol

from tests.virtual_board.behavior import Behavior
from tests.virtual_board.firmware import Firmware
from tests.virtual_board.options import BoardOptions, Fault
from tests.virtual_board.peer import Peer
from tests.virtual_board.records import Request
from tests.virtual_board.storage import Staging

REQUEST_LINE = b"POST /sketch HTTP/1.1"
CONTENT_LENGTH = b"Content-Length: "
AUTHORIZATION = b"Authorization: "
REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    413: b"Payload Too Large",
    414: b"Payload size wrong",
    500: b"Internal Server Error",
}
LARGEST_LONG = 2**31 - 1
EACH_SLEEP = 0.02
"""Seconds: the board is slowed down in steps of about this size."""
LARGEST_PIECE = 1024


class PowerLostError(Exception):
    """The board is dead from here on."""


class WifiLostError(Exception):
    """The board is off the network from here on, and its server is gone until a reset."""


class StandstillError(Exception):
    """The processor has stopped, until somebody resets it or takes its power."""


class ConnectionCutError(Exception):
    """The connection was reset by the board's side; the sketch runs on."""


class Serving(Protocol):
    """The board that serves. Its options may change at any time; a fault that has happened is taken out of them."""

    options: BoardOptions
    behavior: Behavior


class Service:
    """A sketch's poll(), once it has found a connection."""

    def __init__(self, firmware: Firmware, board: Serving) -> None:
        self._firmware = firmware
        self._board = board

    async def hear(self, peer: Peer) -> Request:
        """Read a request line and heads, as far as they come."""
        line = await peer.line()
        authorization: bytes | None = None
        content_length = -1
        while head := await peer.line():
            if head.startswith(CONTENT_LENGTH):
                content_length = _to_int(head.removeprefix(CONTENT_LENGTH))
            elif head.startswith(AUTHORIZATION):
                authorization = head.removeprefix(AUTHORIZATION)
        return Request(
            peer.address, _text(line), None if authorization is None else _text(authorization), content_length
        )

    async def answer(self, peer: Peer, request: Request) -> bytes | None:
        """Take the body, answer and close; what has to be flashed, if anything.

        Raises PowerLostError, WifiLostError and ConnectionCutError where a fault of the options says so, and
        StandstillError if the sketch does not survive an upload.
        """
        status = self._refusal(request)
        if status is None:
            return await self._store(peer, request)
        if status != 400:
            await self._take_body(peer, request, lambda piece: None)
        await peer.surplus()
        await self._send(peer, request, status)
        return None

    def _refusal(self, request: Request) -> int | None:
        options = self._board.options
        if _octets(request.line) != REQUEST_LINE:
            return 404
        if _octets(request.authorization or "") != self._expected_authorization():
            return 401
        if request.content_length <= 0:
            return 400
        too_large = request.content_length > options.storage_size
        if not options.storage_opens or (too_large and options.opening_checks_size):
            return 500
        return 413 if too_large else None

    async def _store(self, peer: Peer, request: Request) -> bytes | None:
        staging = Staging(self._board.options.storage_size)
        if self._board.behavior.crashes_at_upload:
            await peer.take(1)
            raise StandstillError
        await self._take_body(peer, request, staging.write)
        surplus = await peer.surplus()
        image = staging.close()
        if surplus or request.body_bytes < request.content_length:
            await self._send(peer, request, 414)
            await asyncio.sleep(self._board.options.pause)
            return None
        await self._confirm(peer, request)
        return image

    async def _take_body(self, peer: Peer, request: Request, keep: Callable[[bytes], None]) -> None:
        """Take what was announced, or what comes of it, no faster than the board can."""
        loop = asyncio.get_running_loop()
        free_at = loop.time()
        while peer.connected and request.body_bytes < request.content_length:
            options = self._board.options
            due = min(request.content_length, await self._suffer(peer, request, options.fault))
            piece, waited = await peer.take(min(due - request.body_bytes, _piece_size(options)))
            keep(piece)
            request.body_bytes += len(piece)
            if options.seconds_per_byte:
                free_at = max(free_at, loop.time()) if waited else free_at
                free_at += len(piece) * options.seconds_per_byte
                await asyncio.sleep(max(0.0, free_at - loop.time()))
        await self._suffer(peer, request, self._board.options.fault)

    async def _suffer(self, peer: Peer, request: Request, fault: Fault | None) -> int:
        """Have the fault if its byte is reached; up to which byte all is well otherwise."""
        if fault is None:
            return request.content_length
        if request.body_bytes < fault.at:
            return fault.at
        self._board.options = replace(self._board.options, fault=None)
        match fault.kind:
            case "reset":
                raise ConnectionCutError
            case "power_loss":
                raise PowerLostError
            case "wifi_drop":
                raise WifiLostError
            case "stall":
                try:
                    async with asyncio.timeout(fault.seconds):
                        await peer.until_gone()
                except TimeoutError:
                    pass
        return request.content_length

    async def _confirm(self, peer: Peer, request: Request) -> None:
        """Answer 200, unless it shall get lost on its way."""
        match self._board.options.lose_answer:
            case None:
                await self._send(peer, request, 200)
                return
            case "reset":
                peer.reset()
            case "closed":
                peer.close()
            case "silent":
                pass
        self._board.options = replace(self._board.options, lose_answer=None)

    async def _send(self, peer: Peer, request: Request, status: int) -> None:
        """Answer and close. Each print() of the library becomes a segment of its own."""
        arduino_ota = self._firmware.library == "ArduinoOTA"
        if peer.send(_segments(status, described=arduino_ota)):
            request.status = status
        if arduino_ota:
            await asyncio.sleep(self._board.options.pause)
        peer.close()

    def _expected_authorization(self) -> bytes:
        return b"Basic " + b64encode(b"arduino:" + _octets(self._firmware.password))


def _segments(status: int, *, described: bool) -> list[bytes]:
    """The pieces that the libraries print; ArduinoOTA describes a body and sends the reason as such."""
    reason = REASONS[status]
    pieces = [b"HTTP/1.1 ", b"%d" % status, b" ", reason, b"\r\n", b"Connection: close", b"\r\n"]
    if described:
        pieces += [b"Content-type: text/plain", b"\r\n", b"Content-length: ", b"%d" % len(reason), b"\r\n"]
    return [*pieces, b"\r\n", reason] if described else [*pieces, b"\r\n"]


def _piece_size(options: BoardOptions) -> int:
    if not options.seconds_per_byte:
        return LARGEST_PIECE
    return max(1, min(LARGEST_PIECE, int(EACH_SLEEP / options.seconds_per_byte)))


def _to_int(digits: bytes) -> int:
    """String::toInt(), which is atol(): the number it begins with, 0 if with none, bounded by what a long holds."""
    number = re.match(rb"\s*([+-]?\d+)", digits)
    return max(-LARGEST_LONG - 1, min(LARGEST_LONG, int(number[1]))) if number else 0


def _text(octets: bytes) -> str:
    return octets.decode(errors="surrogateescape")


def _octets(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
