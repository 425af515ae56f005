"""The address of a board, as a person types it."""

from ipaddress import IPv4Address
import re

from ..libraries import OTA_PORT

_TYPED = re.compile(r"(?P<host>[^\s:/]+?)\.?(?::(?P<port>[0-9]{1,5}))?", re.ASCII)
_HOST_NAME = re.compile(r"[0-9a-z_.-]+", re.ASCII | re.IGNORECASE)


def read_address(typed: str) -> tuple[str, int | None]:
    """Return host and port; the port is None where none was typed.

    Raises ValueError for what cannot lead to a board: boards know IPv4 only.
    """
    if (match := _TYPED.fullmatch(typed.strip())) is None:
        raise ValueError("Neither a host nor host:port")
    host = match["host"]
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise ValueError("There is no such port")
    if host.rpartition(".")[2].isdecimal():
        if not 0 < IPv4Address(host).packed[0] < 224:
            raise ValueError("Not the address of one host")
    # The codec refuses empty and overlong labels.
    elif not _HOST_NAME.fullmatch(host.encode("idna").decode()):
        raise ValueError("No host is called that")
    return host, port


def write_address(host: str, port: int) -> str:
    """Return what a person would type."""
    return host if port == OTA_PORT else f"{host}:{port}"
