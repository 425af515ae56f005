"""The command that asks a board; it needs aiohttp."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
import asyncio
from collections.abc import Sequence
from getpass import getpass
import os
import signal
import sys
from typing import Final

import aiohttp

from .. import errors
from ..libraries import OTA_PORT
from ..protocol.address import read_address, write_address
from ..protocol.client import BoardClient
from . import Exit, say

_VARIABLE: Final = "OTA_PASSWORD"
PROMPT: Final = object()


def check(parser: ArgumentParser, arguments: Sequence[str]) -> Exit:
    """Say what answers at an address."""
    parser.epilog = "Status 3: no board answers there. Status 4: it accepts another password. Nothing on it changes."
    parser.usage = "%(prog)s HOST[:PORT] [--password [PASSWORD]]"
    add_board_arguments(parser)
    wanted = parser.parse_args(arguments)
    password = password_of(wanted)

    async def ask() -> str:
        async with aiohttp.ClientSession() as session:
            client = BoardClient(session, *wanted.board)
            library = await client.identify()
            if password is not None:
                await client.check_password(password)
        return library

    try:
        library = asyncio.run(ask())
    except errors.BoardError as error:
        return explain(error, wanted)
    accepts = "" if password is None else ", and it accepts the password"
    return say(Exit.OK, f"{address_of(wanted)} is a board whose sketch uses {library}{accepts}.")


def add_board_arguments(parser: ArgumentParser) -> None:
    """Add where the board is, as `board`, and its password."""
    parser.add_argument("board", type=_address, metavar="HOST[:PORT]")
    parser.add_argument(
        "--password",
        nargs="?",
        const=PROMPT,
        default=os.environ.get(_VARIABLE),
        help="the password of the sketch that the board runs now. Others on this computer can see what is given here: "
        f"rather put it into the variable {_VARIABLE}, or give none to be asked for it",
    )


def password_of(wanted: Namespace) -> str | None:
    """Return the password from the option, the variable or the prompt; None if there is none."""
    if wanted.password is PROMPT:
        try:
            wanted.password = _ask("Password of the sketch that the board runs now: ")
        except EOFError:
            sys.exit(say(Exit.USAGE, "There is no password: give it with --password or in a variable, see --help."))
    password: str | None = wanted.password
    return password


def _ask(question: str) -> str:
    """Ask for a secret. Ctrl+C ends that at once, also where an event loop would wait for the answer first."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # in a thread, which no signal ends
        return getpass(question)
    try:
        return getpass(question)
    finally:
        signal.signal(signal.SIGINT, before)


def address_of(wanted: Namespace) -> str:
    """Return the address of the board as a person types it."""
    return write_address(*wanted.board)


def explain(error: errors.BoardError, wanted: Namespace, *, sent: bool = False) -> Exit:
    """Say what is wrong and what to do about it."""
    match error:
        case errors.UploadCut(same_time=True):
            status, says = Exit.NOT_APPLIED, "Each upload ended after the same time, as if a watchdog reset the board: "
        case errors.PollsTooRarely():
            status, says = Exit.NOT_APPLIED, f"{error}, too rarely to be flashed: "
        case errors.BoardUnreachable() | errors.BoardSilent() if sent:
            status, says = Exit.NOT_APPLIED, "The connection broke off in the middle, and trying again is safe: "
        case errors.HostUnknown():
            status, says = Exit.NO_BOARD, "The name in {board} leads to no address, so give its IP address: "
        case errors.BoardUnreachable():
            status, says = Exit.NO_BOARD, "Nothing accepts a connection at {board}: "
        case errors.BoardSilent():
            status, says = Exit.NO_BOARD, "{board} accepts connections and says nothing, its sketch may be busy: "
        case errors.NotABoard():
            status, says = Exit.NO_BOARD, "What is at {board} does not answer as a board: "
        case errors.WrongPassword():
            status, says = Exit.WRONG_PASSWORD, ""
        case _:
            status, says = Exit.NOT_APPLIED, f"{error}, and trying again is safe: "
    return say(status, f"{says}{status.text}".format(board=address_of(wanted)))


def _address(typed: str) -> tuple[str, int]:
    try:
        host, port = read_address(typed)
    except ValueError as error:
        raise ArgumentTypeError(f"{typed!r} leads to no board: {error}") from error
    return host, port or OTA_PORT
