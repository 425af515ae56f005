"""What scripts/demo tells of its boards is true of a board of each model, and of four at the same time."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.demo.screen import Screen
from tests.demo.story import Story
from tests.real_home.client import HomeClient
from tests.real_home.home import RealHome
from tests.real_home.network import HomeNetwork
from tests.virtual_board import BoardOptions, VirtualBoard
from tests.virtual_board.firmware import LibraryName
from tests.virtual_board.wifi_module import ModelName

pytestmark = pytest.mark.slow

BOARDS: list[tuple[str, ModelName, LibraryName]] = [
    ("Garden", "mkr1000", "WiFi101OTA"),
    ("Porch", "mkr1000", "ArduinoOTA"),
    ("Cellar", "mkrwifi1010", "ArduinoOTA"),
    ("Attic", "nano_33_iot", "ArduinoOTA"),
]


async def test_from_nothing_to_builds_that_prove_themselves(
    tmp_path: Path, network: HomeNetwork, sockets: None
) -> None:
    """Each is added, flashed twice, kept from a wrong sketch, flashed by cable, and flashed again."""
    home = RealHome(tmp_path, network)
    try:
        await home.start()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(home.connect())
            boards = [
                BoardOptions(
                    address=network.address(number),
                    port=65280,
                    name=name,
                    model=model,
                    library=library,
                    seconds_per_byte=50e-6,
                    away=0.5,
                )
                for number, (name, model, library) in enumerate(BOARDS, 11)
            ]
            running = [await stack.enter_async_context(VirtualBoard(board)) for board in boards]
            screens = await asyncio.gather(*(_tell(home, client, board) for board in running))
    finally:
        home.kill()
    assert [screen.failed for screen in screens] == [[]] * len(BOARDS)
    assert [len(screen.passed) for screen in screens] == [26] * len(BOARDS)


async def _tell(home: RealHome, client: HomeClient, board: VirtualBoard) -> Screen:
    story = Story(screen := Screen(), home, client, board)
    await story.from_nothing_to_two_flashes()
    await story.flashed_by_cable()
    await story.builds_that_prove_themselves()
    return screen
