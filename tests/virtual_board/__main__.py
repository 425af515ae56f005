"""Run virtual boards: one JSON object a line tells what happens to them, until SIGTERM or SIGINT.

Each option applies to all boards; --board and --config add boards that differ. What the options mean stands in
options.py. Commands can be given on the standard input while they run, see commands.py. Both are in tests/virtual_board/.
"""

import argparse
import asyncio
from collections.abc import Callable
from dataclasses import fields
from functools import partial
import json
import os
from pathlib import Path
import resource
import signal
import stat
import sys
import time

from tests.virtual_board.board import VirtualBoard
from tests.virtual_board.commands import obey
from tests.virtual_board.multicast import Air
from tests.virtual_board.options import BoardOptions
from tests.virtual_board.records import Event
from tests.virtual_board.responder import interface_of
from tests.virtual_board.settings import SettingError, add_arguments, changed, consecutive

SOCKETS_OF_A_BOARD = 8


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.virtual_board", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--count", type=int, help="so many boards at consecutive addresses")
    parser.add_argument("--board", action="append", default=[], metavar="JSON", help="a board, as a JSON object")
    parser.add_argument("--config", type=Path, metavar="FILE", help="boards, as a JSON list of objects")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with whoever has started it")
    arguments = parser.parse_args()
    try:
        asyncio.run(_run(_boards(arguments), until_stdin_closes=arguments.until_stdin_closes))
    except (SettingError, OSError) as error:
        parser.error(str(error))


def _boards(arguments: argparse.Namespace) -> list[BoardOptions]:
    settings = vars(arguments)
    boards, config = arguments.board, arguments.config
    common = changed(
        BoardOptions(port=65280, mdns=True),
        {option.name: settings[option.name] for option in fields(BoardOptions) if option.name in settings},
    )
    try:
        described = [json.loads(text) for text in boards] + (json.loads(config.read_text()) if config else [])
        different = [changed(common, settings) for settings in described]
    except OSError as error:
        raise SettingError(f"{config} cannot be read: {error.strerror}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SettingError(f"boards are JSON objects: {error}") from error
    count = (0 if different else 1) if arguments.count is None else arguments.count
    if count < 0 or not (count or different):
        raise SettingError(f"there cannot be {count} boards")
    return consecutive(common, count) + different


async def _run(options: list[BoardOptions], *, until_stdin_closes: bool) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 256 + SOCKETS_OF_A_BOARD * len(options)), most))
    ended = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, ended.set)
    airs: dict[str, Air] = {}
    boards: list[VirtualBoard] = []
    for number, each in enumerate(options):
        interface = each.interface or (interface_of(each.address) if each.mdns else "lo")
        air = airs.setdefault(interface, Air(interface))
        boards.append(VirtualBoard(each, partial(_tell_event, boards, number), air))
    try:
        await asyncio.gather(*(board.start() for board in boards))
        commands = asyncio.create_task(_listen(boards, ended.set if until_stdin_closes else lambda: None))
        await ended.wait()
        commands.cancel()
    finally:
        await asyncio.gather(*(board.stop() for board in boards))


async def _listen(boards: list[VirtualBoard], at_end: Callable[[], None]) -> None:
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not sys.stdin.isatty()):
        return
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            await obey(boards, line.decode())
        except (SettingError, OSError) as error:
            _tell({"event": "refused", "message": str(error)})
        else:
            _tell({"event": "done", "command": line.decode().strip()})
    at_end()


def _tell_event(boards: list[VirtualBoard], number: int, event: Event) -> None:
    board = boards[number]
    _tell(
        {"event": event.kind, "board": number, "address": board.address, "mac": board.options.mac} | dict(event.facts)
    )


def _tell(facts: dict[str, object]) -> None:
    print(json.dumps(facts | {"time": round(time.time(), 3)}), flush=True)


if __name__ == "__main__":
    main()
