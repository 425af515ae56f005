"""What a board answers, and how to tell it from what any other web server answers."""

from dataclasses import dataclass

from ..libraries import Library

# Status and reason, from WiFi101OTA.cpp and ArduinoOTA's WiFiOTA.cpp.
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    413: "Payload Too Large",
    414: "Payload size wrong",
    500: "Internal Server Error",
}


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it came: headers in their order and spelling, and the beginning of the body.

    There are no headers, not even an empty tuple of them, if the connection ended before they did.
    """

    version: tuple[int, int]
    status: int
    reason: str
    headers: tuple[tuple[bytes, bytes], ...] | None
    body: bytes = b""

    @property
    def library(self) -> Library | None:
        """Which library answers exactly like this; None if no board does."""
        if self.version != (1, 1) or self.reason != REASONS.get(self.status):
            return None
        match self.headers:
            case ((b"Connection", b"close"),) if not self.body:
                return Library.WIFI101OTA
            case ((b"Connection", b"close"), (b"Content-type", b"text/plain"), (b"Content-length", length)) if (
                length == b"%d" % len(self.reason)
            ):
                return Library.ARDUINOOTA
        return None
