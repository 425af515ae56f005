"""A network of its own for a test: a fresh network namespace that holds nothing but the loopback interface."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import socket
import struct

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_RUNNING = 0x40


@contextmanager
def private_network() -> Iterator[None]:
    """Move this thread, and so every socket it opens inside, to a network of its own.

    Where that is not allowed (it needs CAP_SYS_ADMIN) the thread stays where it is: what a test sends through the
    loopback interface stays on this machine then too.
    """
    with Path("/proc/thread-self/ns/net").open("rb") as outside:
        try:
            os.unshare(os.CLONE_NEWNET)
        except PermissionError:
            yield
            return
        try:
            _bring_up_loopback()
            yield
        finally:
            os.setns(outside.fileno(), os.CLONE_NEWNET)


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as interface:
        request = struct.pack("16sH14x", b"lo", _IFF_UP | _IFF_LOOPBACK | _IFF_RUNNING)
        fcntl.ioctl(interface, _SIOCSIFFLAGS, request)
