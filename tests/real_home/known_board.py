"""A board as a Home Assistant knows it."""

from dataclasses import dataclass
import os
from pathlib import Path
import time
from typing import Any, Self

from tests.real_home.client import HomeClient
from tests.real_home.edition import INTEGRATION
from tests.real_home.eventually import eventually
from tests.real_home.flow import Flow
from tests.real_home.home import RealHome
from tests.virtual_board import VirtualBoard

DOMAIN = INTEGRATION.name


class Refused(Exception):
    """The config flow complains, or has ended without an entry; the text is the translation key of the reason."""


@dataclass(frozen=True, slots=True)
class KnownBoard:
    """A configuration entry of the integration, and a connection to the Home Assistant that has it."""

    home: RealHome
    client: HomeClient
    entry_id: str

    @classmethod
    async def add(cls, home: RealHome, client: HomeClient, board: VirtualBoard) -> Self:
        """Add a board through the config flow, its address typed. Raises Refused."""
        flow = await Flow.start(client, DOMAIN)
        await flow.enter_address(f"{board.address}:{board.port}")
        if flow.step == "model":
            await flow.submit(model=board.options.model)
        if flow.step == "password":
            await flow.submit(password=board.password)
        if flow.entry_id is None:
            raise Refused(flow.reason or "".join(flow.errors.values()))
        return cls(home, client, flow.entry_id)

    @classmethod
    async def all(cls, home: RealHome, client: HomeClient) -> dict[str, Self]:
        """Return the boards that a Home Assistant knows, by title."""
        return {entry["title"]: cls(home, client, entry["entry_id"]) for entry in await client.entries(DOMAIN)}

    @property
    def record(self) -> dict[str, Any]:
        """What is kept of the board on the disk now: keyring, pending, history and so on."""
        record: dict[str, Any] = self.home.stored(f"{DOMAIN}.{self.entry_id}") or {}
        return record

    @property
    def passwords(self) -> list[str]:
        """The passwords that are on the disk for the board, the one that it accepted last first."""
        return [str(password) for password in self.record["keyring"]["passwords"]]

    @property
    def stored_entry(self) -> dict[str, Any] | None:
        """The configuration entry as it is on the disk now, with address and password; None for a very new one."""
        stored = self.home.stored("core.config_entries") or {"entries": []}
        return next((entry for entry in stored["entries"] if entry["entry_id"] == self.entry_id), None)

    async def folder(self) -> Path:
        """Return the folder that it takes sketches from."""
        entry = await eventually(lambda: self.stored_entry, what="the entry on the disk")
        assert entry is not None
        return self.home.folder / str(entry["options"]["folder"])

    async def entity(self, key: str = "firmware") -> str:
        """Return the id of one of its entities."""

        async def registered() -> str | None:
            entities = await self.client.command("config/entity_registry/list")
            unique_id = f"{self.entry_id}_{key}"
            return next((str(each["entity_id"]) for each in entities if each["unique_id"] == unique_id), None)

        return str(await eventually(registered, what=f"the entity {key}"))

    async def firmware(self) -> dict[str, Any]:
        """Return the state of its update entity, with the attributes."""
        return await self.client.state(await self.entity())

    async def drop(self, file: str, content: bytes) -> None:
        """Drop a file into its folder, as if it had lain there for some seconds."""
        path = await self.folder() / file
        path.write_bytes(content)
        os.utime(path, (time.time() - 10,) * 2)

    async def offer(self, file: str, image: bytes, version: str | None = None) -> str:
        """Drop a sketch into its folder, wait until that version, or any other than now, is offered, and return it."""
        before = (await self.firmware())["attributes"]["latest_version"]
        await self.drop(file, image)

        async def offered() -> str | None:
            latest = str((await self.firmware())["attributes"]["latest_version"])
            return latest if latest == version or (version is None and latest != before) else None

        return str(await eventually(offered, every=0.2, what=f"the offer of {version or file}"))

    async def install(self, version: str | None = None) -> None:
        """Install through update.install. Raises CommandFailed with what the user would see."""
        chosen: dict[str, Any] = {} if version is None else {"version": version}
        await self.client.call("update.install", entity_id=await self.entity(), **chosen)
