"""What an owner was promised holds when Home Assistant is stopped, or killed, and started again."""

from collections.abc import AsyncIterator, Iterator
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.real_home.client import CommandFailed, HomeClient
from tests.real_home.eventually import eventually
from tests.real_home.home import RealHome
from tests.real_home.known_board import KnownBoard
from tests.real_home.network import HomeNetwork
from tests.virtual_board import BoardOptions, VirtualBoard
from tests.virtual_board.sketches import build_sketch
from tests.web import running

pytestmark = pytest.mark.slow

_OPTIONS = "/api/config/config_entries/options/flow"
IMAGE = build_sketch("Fern", "sesame", "3.0")


async def _choose(client: HomeClient, entry_id: str, *steps: dict[str, Any]) -> None:
    """Go through the options of a board."""
    shown = await client.post(_OPTIONS, handler=entry_id)
    for entered in steps:
        shown = await client.post(f"{_OPTIONS}/{shown['flow_id']}", **entered)
    assert shown["type"] == "create_entry", shown


def _images(home: RealHome, entry_id: str) -> list[Path]:
    return list((home.folder / ".storage" / "mkr1000_ota.images" / entry_id).glob("*"))


@pytest.fixture
def home(tmp_path: Path, network: HomeNetwork, sockets: None) -> Iterator[RealHome]:
    """A Home Assistant that a test starts."""
    home = RealHome(tmp_path, network)
    yield home
    home.kill()


@pytest.fixture
async def board(network: HomeNetwork, sockets: None) -> AsyncIterator[VirtualBoard]:
    """A board in its network."""
    options = BoardOptions(address=network.address(11), port=65280, name="Fern", away=0.5)
    async with VirtualBoard(options) as board:
        yield board


async def test_an_offer_outlives_its_server(home: RealHome, board: VirtualBoard) -> None:
    """Stopped while the server is down: what it offered last can still be seen, and not be had."""
    await home.start()
    async with running() as site, home.connect() as client:
        known = await KnownBoard.add(home, client, board)
        manifest = {"version": "3.0", "path": "3.0.bin", "sha256": hashlib.sha256(IMAGE).hexdigest()}
        site.serve("/3.0.bin", IMAGE)
        url = str(site.serve_json("/manifest.json", manifest))
        source = ({"next_step_id": "source"}, {"next_step_id": "manifest"}, {"manifest_url": url})
        await _choose(client, known.entry_id, *source)
        firmware = await known.entity()

        async def offered() -> bool:
            return bool((await known.firmware())["state"] == "on")

        await eventually(offered, what="the offer")
    await home.restart()
    async with home.connect() as client:
        state = await client.state(firmware)
        assert (state["state"], state["attributes"]["latest_version"]) == ("on", "3.0")
        with pytest.raises(CommandFailed) as refused:
            await client.call("update.install", entity_id=firmware)
        assert refused.value.key == "source_unreachable"
    await home.stop()


async def test_an_update_that_was_ordered_outlives_its_file(home: RealHome, board: VirtualBoard) -> None:
    """Killed while it waits for its board, twice."""
    await home.start()
    async with home.connect() as client:
        known = await KnownBoard.add(home, client, board)
        firmware = await known.entity()
        await board.power_off()
        file = home.folder / "www" / "fern.bin"
        file.parent.mkdir()
        file.write_bytes(IMAGE)
        answer = await client.call("mkr1000_ota.flash", answer=True, entity_id=firmware, file=str(file))
        assert answer == {firmware: {"verdict": "waiting"}}
        file.unlink()
        ordered = known.record["order"]
        await eventually(lambda: known.stored_entry, what="the entry on the disk")
    home.kill()

    await home.start()
    async with home.connect() as client:
        status = await KnownBoard(home, client, known.entry_id).entity("status")
        assert (await client.state(status))["state"] == "in_progress"
        assert known.record["order"] == ordered
    home.kill()
    await board.power_on()
    await home.start()
    await eventually(lambda: known.record["version"] == "3.0", what="the end of the flash")
    assert board.flashed == [IMAGE]
    assert known.passwords[0] == "sesame"
    assert known.record["order"] is None
    assert len(_images(home, known.entry_id)) == 1
    await home.stop()
