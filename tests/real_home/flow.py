"""A configuration flow, as its dialog in the frontend drives it."""

import asyncio
from typing import Any, Self

from .client import HomeClient

_FLOWS = "/api/config/config_entries/flow"
# Seconds; the frontend is told when a step that takes time has ended, here it is asked for.
_LOOK = 0.2


class FlowEnded(Exception):
    """A flow has ended without what it was started for; `reason` is its translation key."""

    def __init__(self, reason: str) -> None:
        """Take the reason that Home Assistant gives."""
        super().__init__(reason)
        self.reason = reason


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
        """The name of the step."""
        return str(self._shown["step_id"])

    @property
    def errors(self) -> dict[str, str]:
        """What the form complains of, by field."""
        return self._shown["errors"] or {}

    @property
    def placeholders(self) -> dict[str, str]:
        """What the text of the form names."""
        return self._shown["description_placeholders"] or {}

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

    async def submit(self, **entered: Any) -> None:
        """Fill in the form and send it. Raises FlowEnded if that ends the flow without an entry."""
        self._shown = await self._client.post(f"{_FLOWS}/{self._shown['flow_id']}", **entered)
        await self._wait()

    async def _wait(self) -> None:
        while self._shown["type"] == "progress":
            await asyncio.sleep(_LOOK)
            self._shown = await self._client.get(f"{_FLOWS}/{self._shown['flow_id']}")
        if self._shown["type"] == "abort":
            raise FlowEnded(self._shown["reason"])
