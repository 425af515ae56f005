"""Strings that a compiled MKR1000 sketch carries besides its own: core, C library, Wi-Fi and OTA libraries."""

CORE = (
    b"Arduino LLC",
    b"0123456789ABCDEF",
    b"nan",
    b"inf",
    b"ovf",
    b"/",
    b"\r\n",
    b"%d",
    b"%ld",
    b"%s",
    b"%02X",
    b"INF",
    b"NAN",
    b"0x",
    b"C",
    b"POSIX",
    b".",
    b"0123456789abcdef",
    b"(null)",
    b"efgEFG",
    b"hlL",
    b"#-0+ ",
)

WIFI = (
    b"(APP)(INFO)Wakeup\n",
    b"(APP)(INFO)WiFi module not responding\n",
    b"(APP)(ERR)[%s][%d]Chip wakeup failed\n",
    b"(APP)(ERR)[%s][%d]Failed to receive packet (%d)\n",
    b"(APP)(INFO)Firmware ver   : %u.%u.%u Svnrev %u\n",
    b"(APP)(INFO)Firmware Build %s Time %s\n",
    b"(APP)(INFO)Driver built at %s\t%s\n",
    b"hif_receive",
    b"hif_chip_wake",
    b"nm_drv_init",
    b"nmi_start",
    b"Jun  2 2025",
    b"11:42:17",
    b"19.7.7",
    b"WINC-00-00",
)

SKETCH = (
    b"Attempting to connect to SSID: ",
    b"SSID: ",
    b"IP Address: ",
    b"signal strength (RSSI):",
    b" dBm",
    b"WiFi shield not present",
    b"please upgrade the firmware",
)

REQUEST = (
    b"Content-Length: ",
    b"Authorization: ",
    b"POST /sketch HTTP/1.1",
    b"HTTP/1.1 ",
    b"Connection: close",
    b"Not Found",
    b"Unauthorized",
    b"Bad Request",
    b"Internal Server Error",
    b"Payload Too Large",
    b"Payload size wrong",
    b"OK",
    b" ",
)

ARDUINOOTA_ONLY = (b"Content-type: text/plain", b"Content-length: ")

BEGIN = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=",
    b"Basic ",
    b"arduino:",
    b"",
)

_QUESTION = b"\x08_arduino\x04_tcp\x05local\x00\x00\x0c\x00\x01"
_TXT = b"\xc0\x2b\x00\x10\x80\x01\x00\x00\x11\x94\x00%c\x0dssh_upload=no\x0ctcp_check=no\x0fauth_upload=yes%cboard="


def mdns_tables(board: str) -> bytes:
    """The constant byte tables from which the sketch puts its mDNS answer together (no C strings: no NUL at the end)."""
    query = b"\0\0\0\0\0\x01\0\0\0\0\0\0" + _QUESTION
    header = b"\0\0\x84\0\0\0\0\x04\0\0\0\0"
    pointer = _QUESTION + b"\0\0\x11\x94\0\0\0"
    return (
        query + header + pointer + b"\xc0\x0c" + _TXT % (50 + len(board), 6 + len(board)) + b"\xc0\x2b\x00\x21\x80\x01"
    )
