"""A Home Assistant in a process of its own, which can be stopped, killed and started again."""

import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import time
from typing import Any, Final

import aiohttp

from tests.real_home.client import HomeClient
from tests.real_home.configuration import furnish
from tests.real_home.edition import NEWEST, Edition
from tests.real_home.eventually import eventually
from tests.real_home.network import HomeNetwork
from tests.real_home.onboarding import onboard

# Seconds; a small machine that does something else takes ten times as long as a fast one.
STARTS_WITHIN: Final = 90.0
STOPS_WITHIN: Final = 60.0


class NotStarted(Exception):
    """Home Assistant ended instead of starting; the text is what it wrote."""


class RealHome:
    """One configuration directory, and the Home Assistant that runs with it now and then.

    It is started in the network of the thread that starts it. Whoever starts it has to stop or kill it.
    """

    def __init__(self, folder: Path, network: HomeNetwork, edition: Edition = NEWEST) -> None:
        """Take a directory, which may be new, or have been used before, here or elsewhere."""
        self.folder = folder
        self.edition = edition
        self.starts = 0
        self.port = 0
        """Where it listens; chosen at the first start, and then kept."""
        self._network = network
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its frontend and its API are, in its own network."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        """The access token of its owner. Raises FileNotFoundError before the first start."""
        return self._token_file.read_text()

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._running is not None and self._running.poll() is None

    async def start(self, within: float = STARTS_WITHIN) -> None:
        """Start it, and return when everything is set up; a new one has an owner then.

        `within` is in seconds. Raises NotStarted, or TimeoutError.
        """
        deadline = time.monotonic() + within
        self.launch()
        if not self._token_file.exists():
            await eventually(self._serves, within=deadline - time.monotonic(), what="the start of the HTTP server")
            self._token_file.write_text(await onboard(self.url))
        await eventually(self._is_set_up, within=deadline - time.monotonic(), what="the end of the start-up")

    def launch(self) -> None:
        """Start the process, and wait for nothing."""
        if not self.starts:
            self.port = _free_port()
            furnish(self.folder, self.port, self._network)
        self.starts += 1
        command = [
            str(self.edition.python),
            "-m",
            "homeassistant",
            "--config",
            str(self.folder),
            "--skip-pip",
            "--log-no-color",
        ]
        # Its own folder must not be on the path of another: the integration is imported from where it is installed.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COVERAGE"))}
        # The folder for uploads has one name for the whole machine, and whoever begins or ends to use it empties it.
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment["TMPDIR"] = str(temporary)
        with self._log_file.open("wb") as log:
            self._running = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=environment,
                start_new_session=True,
            )

    async def stop(self, within: float = STOPS_WITHIN) -> None:
        """End it in good order."""
        if (running := self._running) is not None:
            running.send_signal(signal.SIGTERM)
            await eventually(lambda: running.poll() is not None, within=within, what="the end of Home Assistant")
            self._running = None

    def kill(self) -> None:
        """End it at once, as a power cut would; returns when it is gone."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    async def restart(self) -> None:
        """Stop it and start it again."""
        await self.stop()
        await self.start()

    def connect(self) -> HomeClient:
        """Return a new connection of the owner, not opened yet."""
        return HomeClient(self.url, self.token)

    def stored(self, key: str) -> Any:
        """Return what is in a file of its storage now, None if there is no such file."""
        try:
            return json.loads((self.folder / ".storage" / key).read_text())["data"]
        except FileNotFoundError:
            return None

    @property
    def log(self) -> str:
        """What it has written since it was started last, warnings and worse."""
        return self._log_file.read_text(errors="replace")

    @property
    def _token_file(self) -> Path:
        return self.folder / "access_token"

    @property
    def _log_file(self) -> Path:
        return self.folder / f"start-{self.starts}.log"

    async def _serves(self) -> bool:
        return await self._ask("/api/onboarding") is not None

    async def _is_set_up(self) -> bool:
        return await self._ask("/api/config", Authorization=f"Bearer {self.token}") == "RUNNING"

    async def _ask(self, path: str, **headers: str) -> str | None:
        """Return the state that is answered, "" if there is none in it, None while nobody answers."""
        if self._running is None or self._running.poll() is not None:
            raise NotStarted(self.log)
        try:
            async with aiohttp.ClientSession(self.url) as session, session.get(path, headers=headers) as answer:
                match await answer.json() if answer.ok else None:
                    case {"state": str(state)}:
                        return state
                    case None:
                        return None
                    case _:
                        return ""
        except aiohttp.ClientError:
            return None


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
