"""Files that a browser has sent."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import FormData
from aiohttp.test_utils import TestClient
from homeassistant.components import file_upload
from homeassistant.core import HomeAssistant
import pytest

type Upload = Callable[[bytes, str], Awaitable[str]]


@pytest.fixture
async def upload(
    home: HomeAssistant,
    hass_client: Callable[..., Awaitable[TestClient[Any, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Upload:
    """Upload a file as the frontend does, and return what the flow is given for it."""
    # The folder for uploads is one for the whole machine, and whoever begins or ends to use it empties it.
    monkeypatch.setattr(file_upload, "TEMP_DIR_NAME", str(tmp_path / "uploads"))

    async def upload(content: bytes, name: str) -> str:
        client = await hass_client()
        form = FormData()
        form.add_field("file", content, filename=name)
        answer = await client.post("/api/file_upload", data=form)
        assert answer.status == 200
        file_id: str = (await answer.json())["file_id"]
        return file_id

    return upload
