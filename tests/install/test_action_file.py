"""A sketch that an action names, by file or by address, with the signature beside it."""

from collections.abc import AsyncIterator
import os
from pathlib import Path
import threading
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest

from custom_components.mkr1000_ota.arduino_ota import limits
from custom_components.mkr1000_ota.arduino_ota.firmware.reasons import Reason
from custom_components.mkr1000_ota.arduino_ota.firmware.release import SourceError
from custom_components.mkr1000_ota.arduino_ota.text import fit_to_show
from custom_components.mkr1000_ota.install import action_file
from custom_components.mkr1000_ota.install.action_file import Fetched, async_fetch


@pytest.fixture
def folder(home: HomeAssistant, tmp_path: Path) -> Path:
    """A folder that Home Assistant may use."""
    folder = tmp_path / "sketches"
    folder.mkdir()
    home.config.allowlist_external_dirs = {str(folder)}
    return folder


async def test_a_file_comes_with_the_signature_beside_it(home: HomeAssistant, folder: Path) -> None:
    path = folder / "garden.bin"
    path.write_bytes(b"image")
    assert await async_fetch(home, {"file": str(path)}) == Fetched("garden.bin", b"image")
    (folder / "garden.bin.minisig").write_text("signature")
    assert await async_fetch(home, {"file": str(path)}) == Fetched("garden.bin", b"image", "signature")


async def test_a_signature_that_cannot_be_one_is_no_missing_one(home: HomeAssistant, folder: Path) -> None:
    (folder / "garden.bin").write_bytes(b"image")
    (folder / "garden.bin.minisig").write_bytes(bytes(1_000_000))
    with pytest.raises(SourceError) as refused:
        await async_fetch(home, {"file": str(folder / "garden.bin")})
    assert refused.value.reason is Reason.FILE_TOO_LARGE


async def test_only_allowed_folders_are_read(home: HomeAssistant, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secrets.yaml")
    for path in (tmp_path / "secrets.yaml", folder / ".." / "secrets.yaml", folder / "link"):
        with pytest.raises(ServiceValidationError) as refused:
            await async_fetch(home, {"file": str(path)})
        assert refused.value.translation_key == "file_not_allowed"


async def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    home: HomeAssistant, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in (inside := folder / "garden", outside := tmp_path / "private"):
        each.mkdir()
        (each / "garden.bin").write_bytes(each.name.encode())
    is_allowed_path = home.config.is_allowed_path

    def check_and_swap(path: str) -> bool:
        is_allowed = is_allowed_path(path)
        inside.rename(folder / "swapped")
        inside.symlink_to(outside)
        return is_allowed

    monkeypatch.setattr(home.config, "is_allowed_path", check_and_swap)
    with pytest.raises(SourceError) as refused:
        await async_fetch(home, {"file": str(inside / "garden.bin")})
    assert refused.value.reason is Reason.FOLDER_UNREADABLE


@pytest.mark.parametrize("name", ["a\0b/garden.bin", "\ud800/garden.bin", "\u202eb\x1b/garden.bin"])
async def test_what_no_folder_is_called_is_not_allowed(home: HomeAssistant, folder: Path, name: str) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await async_fetch(home, {"file": str(folder.parent / name)})
    [shown] = (refused.value.translation_placeholders or {}).values()
    assert fit_to_show(shown, limits.LINE) == shown


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.bin", Reason.FILE_GONE), ("pipe", Reason.FILE_UNREADABLE), ("", Reason.FILE_UNREADABLE)],
)
async def test_what_is_no_file_is_said_to_be_none(home: HomeAssistant, folder: Path, name: str, reason: Reason) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(SourceError) as refused:
        await async_fetch(home, {"file": str(folder / name)})
    assert refused.value.reason is reason


async def test_a_folder_that_hangs_is_given_up(
    home: HomeAssistant, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network drive, for example: the thread that reads it cannot be stopped, whoever waits for it can."""
    is_back = threading.Event()
    monkeypatch.setattr(action_file, "_read", lambda *_: is_back.wait(10))
    monkeypatch.setattr(limits, "FOLDER", 0.1)
    with pytest.raises(SourceError) as refused:
        await async_fetch(home, {"file": str(folder / "garden.bin")})
    is_back.set()
    assert refused.value.reason is Reason.FOLDER_SILENT


async def test_a_sketch_has_to_be_named(home: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await async_fetch(home, {})
    assert refused.value.translation_key == "no_sketch_named"


@pytest.fixture
async def site(loopback: None) -> AsyncIterator[tuple[str, dict[str, web.Response | bytes], list[Any]]]:
    """A web server: its address, what it has at which path and query, and who asked."""
    pages: dict[str, web.Response | bytes] = {}
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request)
        page = pages.get(request.path_qs)
        return web.Response(status=403) if page is None else web.Response(body=page)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application, host="127.0.0.1") as server:
        yield str(server.make_url("/")).rstrip("/"), pages, requests


async def test_a_download_comes_with_the_signature_beside_it(home: HomeAssistant, site: Any) -> None:
    url, pages, requests = site
    pages["/a%2Fb/garden.bin?token=1"] = b"image"
    address = f"{url.replace('//', '//me:secret@')}/a%2Fb/garden.bin?token=1#top"
    assert await async_fetch(home, {"url": address}) == Fetched("garden.bin", b"image")
    pages["/a%2Fb/garden.bin.minisig?token=1"] = b"signature"
    assert await async_fetch(home, {"url": address}) == Fetched("garden.bin", b"image", "signature")
    assert {request.headers["Authorization"] for request in requests} == {"Basic bWU6c2VjcmV0"}


async def test_a_download_without_a_name_is_called_after_its_server(home: HomeAssistant, site: Any) -> None:
    url, pages, _ = site
    pages["/"] = b"image"
    assert (await async_fetch(home, {"url": url})).name == "127.0.0.1"


async def test_a_name_is_fit_to_be_shown(home: HomeAssistant, folder: Path, site: Any) -> None:
    url, pages, _ = site
    pages["/gar%1B%E2%80%AEden.bin"] = b"image"
    (folder / "gar\x1b\u202eden.bin").write_bytes(b"image")
    for where in ({"file": str(folder / "gar\x1b\u202eden.bin")}, {"url": f"{url}/gar%1B%E2%80%AEden.bin"}):
        assert (await async_fetch(home, where)).name == "gar den.bin"


async def test_what_cannot_be_downloaded_is_said_to_be_so(home: HomeAssistant, site: Any) -> None:
    url, _, _ = site
    with pytest.raises(SourceError) as refused:
        await async_fetch(home, {"url": f"{url}/garden.bin"})
    assert refused.value.reason is Reason.ACCESS_DENIED
