"""The integration in a fresh Home Assistant, as HACS installs it: it comes, works and goes without leaving a trace."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.real_home.client import HomeClient
from tests.real_home.edition import NEWEST, PINNED, Edition
from tests.real_home.home import RealHome
from tests.real_home.known_board import DOMAIN, KnownBoard
from tests.real_home.network import HomeNetwork
from tests.virtual_board import BoardOptions, VirtualBoard
from tests.virtual_board.sketches import build_sketch

pytestmark = pytest.mark.slow

PASSWORD = "only-here-and-nowhere-else"
NEXT_PASSWORD = "not-even-in-the-journal"


@pytest.mark.parametrize("edition", [PINNED, NEWEST], ids=lambda edition: edition.name)
async def test_it_comes_and_goes_quietly(tmp_path: Path, network: HomeNetwork, sockets: None, edition: Edition) -> None:
    """A board is added, flashed, reloaded, disabled, enabled and removed, across a restart."""
    home = RealHome(tmp_path, network, edition)
    options = BoardOptions(address=network.address(11), port=65280, name="Rose", password=PASSWORD, away=0.5)
    try:
        async with VirtualBoard(options) as board:
            await home.start()
            async with home.connect() as client:
                known = await KnownBoard.add(home, client, board)
                await known.offer("rose.bin", build_sketch("Rose", NEXT_PASSWORD, "1.0.0"), "1.0.0")
                await known.install()
                assert board.password == NEXT_PASSWORD
                await client.post(f"/api/config/config_entries/entry/{known.entry_id}/reload")
                assert await _state_of(known) == "loaded"
            await home.stop()
            assert not _ours(home.log)
            assert _files_with(home, NEXT_PASSWORD)
            _expect_to_be_kept_from_others(home)

            await home.start()
            async with home.connect() as client:
                known = replace(known, client=client)
                assert await _state_of(known) == "loaded"
                await _disable(known, "user")
                assert await _state_of(known) == "not_loaded"
                await _disable(known, None)
                assert await _state_of(known) == "loaded"
                await client.delete(f"/api/config/config_entries/entry/{known.entry_id}")
                assert not await _traces(client, known.entry_id)
            await home.stop()
            assert not _ours(home.log)
            assert not _files_with(home, PASSWORD, NEXT_PASSWORD)
    finally:
        home.kill()


def _ours(log: str) -> list[str]:
    """What the log says of the integration, but for what it says of every custom one."""
    return [line for line in log.splitlines() if DOMAIN in line and "We found a custom integration" not in line]


def _files_with(home: RealHome, *texts: str) -> list[str]:
    """Which files of its storage hold one of some texts; asked when it has stopped, as it replaces files."""
    files = [path for path in (home.folder / ".storage").rglob("*") if path.is_file()]
    return [path.name for path in files if any(text.encode() in path.read_bytes() for text in texts)]


def _expect_to_be_kept_from_others(home: RealHome) -> None:
    """What the integration keeps holds passwords, and images with passwords in them: a folder for each board."""
    storage = home.folder / ".storage"
    kept = [path for path in storage.glob(f"{DOMAIN}.*") if path.is_file()] + [
        *(storage / f"{DOMAIN}.images").iterdir()
    ]
    assert len(kept) == 2
    assert not [path for path in kept if path.stat().st_mode & 0o077]


async def _state_of(known: KnownBoard) -> str:
    return next(
        str(entry["state"]) for entry in await known.client.entries(DOMAIN) if entry["entry_id"] == known.entry_id
    )


async def _disable(known: KnownBoard, by: str | None) -> None:
    await known.client.command("config_entries/disable", entry_id=known.entry_id, disabled_by=by)


async def _traces(client: HomeClient, entry_id: str) -> list[object]:
    """Everything that still belongs to an entry, or to the integration."""
    devices = await client.command("config/device_registry/list")
    entities = await client.command("config/entity_registry/list")
    return [
        *(device for device in devices if entry_id in device["config_entries"]),
        *(entity for entity in entities if entity["platform"] == DOMAIN),
        *await client.entries(DOMAIN),
        *await client.flows(DOMAIN),
        *await client.issues(DOMAIN),
    ]
