"""A network in this machine: a host and boards, each in a network namespace with an address and a MAC of its own.

It needs root and `ip netns`. The host has 10.77.0.1, the boards from 10.77.0.2 on.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from ipaddress import IPv4Interface
from itertools import count
import os
from pathlib import Path
import re
import subprocess
from types import TracebackType
from typing import Self

from tests.virtual_board.fleet import Fleet

IP = "ip"
HOST = IPv4Interface("10.77.0.1/24")
FIRST_MAC = 0xF8F0_0500_0001
NAMESPACES = Path("/run/netns")
NAME = re.compile(r"mkr1000-(?P<pid>\d+)-")


class BoardNetwork:
    """The network; use it as an asynchronous context manager. Boards are known by their number, from 0 on."""

    _numbers = count()

    def __init__(self, boards: int) -> None:
        """Nothing is built yet."""
        prefix = f"mkr1000-{os.getpid()}-{next(self._numbers)}"
        self.host = f"{prefix}-host"
        """The namespace of the host, whose own address is HOST."""
        self.addresses = [str(HOST.ip + 1 + number) for number in range(boards)]
        """The address that each board has now."""
        self.macs = [(FIRST_MAC + number).to_bytes(6).hex(":") for number in range(boards)]
        self.fleets: dict[int, Fleet] = {}
        """The boards that run, each alone in its namespace."""
        self._names = [f"{prefix}-board{number}" for number in range(boards)]

    async def __aenter__(self) -> Self:
        """Build it. Raises CalledProcessError if that is not allowed."""
        try:
            await asyncio.to_thread(self._build)
        except BaseException:
            self._tear_down()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the boards and take the network away."""
        try:
            await asyncio.gather(*(fleet.stop() for fleet in self.fleets.values()))
        finally:
            self._tear_down()

    def on_host(self, *command: str) -> list[str]:
        """The command line that runs a command on the host."""
        return [IP, "netns", "exec", self.host, *command]

    @contextmanager
    def entered_host(self) -> Iterator[None]:
        """Move this thread to the host: its sockets, and those of threads that it starts, belong to that network."""
        with Path("/proc/thread-self/ns/net").open("rb") as outside, (NAMESPACES / self.host).open("rb") as host:
            os.setns(host.fileno(), os.CLONE_NEWNET)
            try:
                yield
            finally:
                os.setns(outside.fileno(), os.CLONE_NEWNET)

    async def start_board(self, number: int, **options: object) -> Fleet:
        """Start a board with these options, as JSON has them; it ends with the network."""
        where = {"address": self.addresses[number], "mac": self.macs[number], "mdns": True, "interface": "eth0"}
        fleet = Fleet(where | options, within=(IP, "netns", "exec", self._names[number]))
        await fleet.start()
        self.fleets[number] = fleet
        return fleet

    async def renumber(self, addresses: Mapping[int, str]) -> None:
        """Give boards other addresses, all at once as a router with an empty memory does; each of them restarts."""
        moving = {number: fleet for number, fleet in self.fleets.items() if number in addresses}
        await asyncio.gather(*(fleet.command(power="off") for fleet in moving.values()))
        for number, address in addresses.items():
            self.addresses[number] = address
        await asyncio.to_thread(self._give_addresses)
        await asyncio.gather(*(fleet.command(renumber=addresses[number]) for number, fleet in moving.items()))

    async def unplug(self, number: int) -> None:
        """Take a board off the network, so that nothing at all answers for its address."""
        await asyncio.to_thread(_run, "-n", self._names[number], "link", "set", "eth0", "down")

    async def plug(self, number: int) -> None:
        """Put it back."""
        await asyncio.to_thread(_run, "-n", self._names[number], "link", "set", "eth0", "up")

    async def route(self, target: str, number: int) -> None:
        """Have the host send what is for a target to the address of a number, as to a router."""
        await asyncio.to_thread(_run, "-n", self.host, "route", "add", target, "via", self.addresses[number])

    def _build(self) -> None:
        _sweep()
        _run("netns", "add", self.host)
        # Without snooping a bridge passes multicast on to everybody, as a simple access point does.
        _run("-n", self.host, "link", "add", "lan", "type", "bridge", "mcast_snooping", "0")
        _batch(
            self.host,
            f"address add {HOST} brd + dev lan",
            "link set lo up",
            "link set lan up",
            "route add default dev lan",
        )
        for number, name in enumerate(self._names):
            _run("netns", "add", name)
            _batch(
                name,
                f"link add eth0 address {self.macs[number]} type veth peer name port{number} netns {self.host}",
                "link set lo up",
            )
            _batch(self.host, f"link set port{number} master lan", f"link set port{number} up")
        self._give_addresses()

    def _give_address(self, number: int) -> None:
        interface = f"{self.addresses[number]}/{HOST.network.prefixlen}"
        _batch(
            self._names[number],
            "address flush dev eth0",
            f"address add {interface} brd + dev eth0",
            "link set eth0 up",
            "route replace default dev eth0",
        )

    def _give_addresses(self) -> None:
        """Change them; the host hears of it at once, as each board announces what DHCP has given it."""
        for number in range(len(self._names)):
            self._give_address(number)
        _run("-n", self.host, "neighbour", "flush", "all")

    def _tear_down(self) -> None:
        """Not in a thread of its own, so that it happens even where the event loop is being shut down."""
        for name in (*self._names, self.host):
            if (NAMESPACES / name).exists():
                _run("netns", "delete", name)


def _sweep() -> None:
    """Take away what somebody has left who was killed."""
    if not NAMESPACES.exists():
        return
    for namespace in NAMESPACES.iterdir():
        match = NAME.match(namespace.name)
        if match and not Path("/proc", match["pid"]).exists():
            with suppress(subprocess.CalledProcessError):
                _run("netns", "delete", namespace.name)


def _run(*arguments: str) -> None:
    subprocess.run([IP, *arguments], check=True)


def _batch(namespace: str, *lines: str) -> None:
    subprocess.run([IP, "-n", namespace, "-batch", "-"], check=True, input="\n".join(lines), text=True)


def all_permuted(addresses: Sequence[str]) -> dict[int, str]:
    """Every address to the next board, and the last one to the first: nobody keeps theirs."""
    return {number: addresses[number - 1] for number in range(len(addresses))}
