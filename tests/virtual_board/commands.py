"""What can be told to running boards, one JSON object a line."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
import json
from pathlib import Path

from tests.virtual_board.board import VirtualBoard
from tests.virtual_board.settings import SettingError, changed


async def obey(boards: Sequence[VirtualBoard], line: str) -> None:
    """Carry out one command; raises SettingError if it cannot be understood.

    {"set": {"away": 5}}, {"power": "off"}, {"power": "on"}, {"drop_wifi": true}, {"flash_over_usb": "sketch.bin"},
    {"renumber": "127.0.0.9"}, each with "board": index, or for all boards without.
    {"renumber": ["127.0.0.3", "127.0.0.2"]} gives every board an address at once.
    """
    try:
        command = json.loads(line)
    except ValueError as error:
        raise SettingError(f"not JSON: {line.strip()!r}") from error
    match command:
        case {"board": int(number), **rest} if 0 <= number < len(boards):
            await _obey([boards[number]], rest)
        case {"board": other}:
            raise SettingError(f"there is no board {other!r}")
        case _:
            await _obey(boards, command)


async def _obey(boards: Sequence[VirtualBoard], command: object) -> None:
    match command:
        case {"set": {**settings}}:
            for board in boards:
                board.options = changed(board.options, {str(key): value for key, value in settings.items()})
        case {"power": "off"}:
            await asyncio.gather(*(board.power_off() for board in boards))
        case {"power": "on"}:
            await asyncio.gather(*(board.power_on() for board in boards))
        case {"drop_wifi": True}:
            await asyncio.gather(*(board.drop_wifi() for board in boards))
        case {"flash_over_usb": str(path)}:
            image = await asyncio.to_thread(Path(path).read_bytes)
            await asyncio.gather(*(board.flash_over_usb(image) for board in boards))
        case {"renumber": str(address)} if len(boards) == 1:
            await boards[0].renumber(address)
        case {"renumber": [*addresses]} if len(addresses) == len(boards):
            await renumber(boards, [str(address) for address in addresses])
        case _:
            raise SettingError(f"no such command: {command!r}")


async def renumber(boards: Sequence[VirtualBoard], addresses: Sequence[str]) -> None:
    """Give each board another address, all at the same time, so that they can also exchange theirs."""
    await asyncio.gather(*(board.stop() for board in boards))
    for board, address in zip(boards, addresses, strict=True):
        board.options = replace(board.options, address=address)
    await asyncio.gather(*(board.start() for board in boards))
