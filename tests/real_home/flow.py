"""A configuration flow, as its dialog in the frontend drives it."""

import asyncio
from typing import Any, Self

from tests.real_home.client import HomeClient

_FLOWS = "/api/config/config_entries/flow"
# Seconds; the frontend is told when a step that takes time has ended, here it is asked for.
_LOOK = 0.2


class Flow:
    """A dialog that was opened: the step it is at, and what it shows there."""

    def __init__(self, client: HomeClient, shown: dict[str, Any]) -> None:
        """Take over a flow that shows something."""
        self._client = client
        self._shown = shown

    @classmethod
    async def start(cls, client: HomeClient, domain: str) -> Self:
        """Add an integration, up to the first form."""
        flow = cls(client, await client.post(_FLOWS, handler=domain, show_advanced_options=False))
        await flow._wait()
        return flow

    @classmethod
    async def resume(cls, client: HomeClient, flow_id: str) -> Self:
        """Open a flow that waits for the user: a discovered board, a lost password."""
        flow = cls(client, await client.get(f"{_FLOWS}/{flow_id}"))
        await flow._wait()
        return flow

    @property
    def step(self) -> str:
        """The name of the step, empty at the end."""
        return str(self._shown.get("step_id", ""))

    @property
    def errors(self) -> dict[str, str]:
        """What the form complains of, by field."""
        return self._shown.get("errors") or {}

    @property
    def placeholders(self) -> dict[str, str]:
        """What the text of the form names."""
        return self._shown.get("description_placeholders") or {}

    @property
    def reason(self) -> str | None:
        """Why the flow has ended without an entry, None if it has not."""
        return self._shown.get("reason")

    @property
    def entry_id(self) -> str | None:
        """The entry that the flow has made, None if it has not."""
        match self._shown:
            case {"type": "create_entry", "result": {"entry_id": str(entry_id)}}:
                return entry_id
            case _:
                return None

    @property
    def choices(self) -> list[str]:
        """What the selects of the form offer, by value."""
        return [
            option["value"]
            for field in self._shown["data_schema"]
            for option in field.get("selector", {}).get("select", {}).get("options", [])
        ]

    async def enter_address(self, typed: str) -> None:
        """Type an address, as the last choice where boards are offered."""
        if self._shown["type"] == "menu":
            await self.submit(next_step_id="address")
        elif self.choices:
            await self.submit(host=self.choices[-1])
        await self.submit(host=typed)

    async def submit(self, **entered: Any) -> None:
        """Fill in the form and send it."""
        self._shown = await self._client.post(f"{_FLOWS}/{self._shown['flow_id']}", **entered)
        await self._wait()

    async def _wait(self) -> None:
        while self._shown["type"] == "progress":
            await asyncio.sleep(_LOOK)
            self._shown = await self._client.get(f"{_FLOWS}/{self._shown['flow_id']}")
