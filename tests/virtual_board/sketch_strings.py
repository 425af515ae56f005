"""Strings that a compiled sketch carries besides its own: core, C library, SD and OTA libraries."""

SKETCH = (
    b"SSID: ",
    b"IP Address: ",
    b"signal strength (RSSI):",
    b" dBm",
    b"WiFi shield not present",
    b"Attempting to connect to SSID: ",
)

STORAGE = (b"UPDATE.BIN",)

ANSWER = (b"HTTP/1.1 ", b" ", b"Connection: close")

REQUEST = (
    b"Content-Length: ",
    b"Authorization: ",
    b"POST /sketch HTTP/1.1",
    b"Not Found",
    b"Unauthorized",
    b"Bad Request",
    b"Internal Server Error",
    b"Payload Too Large",
    b"OK",
    b"Payload size wrong",
)

ANSWER_OF_ARDUINOOTA = (b"Content-type: text/plain", b"Content-length: ")

BEGIN = (b"Basic ", b"arduino:")

BASE64 = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", b"==", b"")

CORE = (
    *(b"0123456789abcdef", b"0123456789ABCDEF", b"nan", b"inf", b"ovf", b"\r\n", b"%d", b"%ld", b"%s", b"INF", b"NAN"),
    *(b"0", b"POSIX", b".", b"(null)", b"efgEFG", b"hlL", b"#-0+ ", b"Infinity", b"REENT malloc succeeded"),
    *(b"../../../newlib/libc/stdlib/dtoa.c", b'|<>^+=?/[];,*"\\', b"%d.%d.%d.%d", b"%02x"),
)

_QUESTION = b"\x08_arduino\x04_tcp\x05local\x00\x00\x0c\x00\x01"
_TXT = b"\xc0\x2b\x00\x10\x80\x01\x00\x00\x11\x94\x00%c\x0dssh_upload=no\x0ctcp_check=no\x0fauth_upload=yes%cboard="


def mdns_tables(board: str) -> bytes:
    """The constant bytes from which the sketch puts its mDNS answer together (no C strings: no NUL at the end)."""
    query = b"\0\0\0\0\0\x01\0\0\0\0\0\0" + _QUESTION
    return query + b"\0\0\x84\0\0\0\0\x04\0\0\0\0" + _TXT % (50 + len(board), 6 + len(board))
