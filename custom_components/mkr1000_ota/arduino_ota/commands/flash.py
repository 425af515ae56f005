"""The command that flashes a board, whatever happens meanwhile."""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Sequence
from contextlib import suppress
import fcntl
from hashlib import sha256
import os
from pathlib import Path
import sys
import time
from typing import Final

import aiohttp

from ..errors import BoardError, SketchRefused
from ..firmware.versions import version_of_file
from ..flash import timeouts
from ..flash.flasher import Flasher, Order
from ..flash.journal import JournalUnwritable
from ..flash.passwords import Keyring
from ..flash.verdict import Outcome
from ..protocol.client import BoardClient
from . import Exit, read_file, say, tell
from .check import PROMPT, add_board_arguments, address_of, explain, password_of
from .journal import FileJournal
from .sketches import add_sketch_arguments, inspected, sentence

_VARIABLE: Final = "OTA_NEW_PASSWORD"
_JOURNAL: Final = """\
A journal is written beside the file before the first byte is sent. If this command is ended in the middle, start
it again: it finds out first what became of the flash, and does not send again what the board runs already.

It ends with one of these:
"""


def flash(parser: ArgumentParser, arguments: Sequence[str]) -> Exit:
    """Flash a file, after having found out what became of a flash of it that nobody saw end."""
    parser.epilog = _JOURNAL + "\n".join(
        f"{status:>4}  {status.text.format(board='the board', password='a known password')}" for status in Exit
    )
    parser.usage = "%(prog)s FILE HOST[:PORT] [--password [PASSWORD]] [options]"
    parser.add_argument("file", type=Path, metavar="FILE")
    add_board_arguments(parser)
    parser.add_argument(
        "--new-password",
        default=os.environ.get(_VARIABLE),
        help=f"the password of the new sketch, if it cannot be read in the file; better in the variable {_VARIABLE}",
    )
    add_sketch_arguments(parser)
    wanted = parser.parse_args(arguments)
    try:
        image = read_file(wanted.file)
        with wanted.file.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return asyncio.run(_Flash(wanted, image).run())
    except BlockingIOError:
        return say(Exit.NO_JOURNAL, f"{wanted.file} is being flashed by another process. Wait until that has ended.")
    except (OSError, SketchRefused) as error:
        return say(Exit.REFUSED, f"{wanted.file}: {sentence(error)}")
    except JournalUnwritable as error:
        return say(Exit.NO_JOURNAL, f"{error}.")


class _Flash:
    """One run of the command."""

    def __init__(self, wanted: Namespace, image: bytes) -> None:
        self._wanted = wanted
        self._image = image
        self._journal = FileJournal(wanted.file, *wanted.board)
        self._taken = 0

    async def run(self) -> Exit:
        if (password := password_of(self._wanted)) is not None:
            self._journal.keyring = Keyring((password,))
        async with aiohttp.ClientSession() as session:
            flasher = Flasher(BoardClient(session, *self._wanted.board), self._journal, timeouts.DEFAULT)
            try:
                status = await self._resolve(flasher)
                return await self._flash(flasher) if status is None else status
            except BoardError as error:
                return explain(error, self._wanted)

    async def _resolve(self, flasher: Flasher) -> Exit | None:
        """Find out what became of an earlier flash; None if there was none, or there is something left to flash."""
        if (pending := self._journal.pending) is None:
            return None
        tell("An earlier flash of this file was not seen to end.", sys.stdout)
        deadline = time.monotonic() + timeouts.DEFAULT.return_timeout
        while (outcome := await flasher.resolve()) is None:
            if time.monotonic() >= deadline:
                return say(Exit.NOT_BACK, Exit.NOT_BACK.text.format(board=address_of(self._wanted)))
            await asyncio.sleep(timeouts.DEFAULT.probe_interval)
        status = self._tell(outcome)
        runs_it = status is Exit.FLASHED and pending.sha256 == sha256(self._image).hexdigest()
        return None if status in (Exit.FLASHED, Exit.NOT_APPLIED) and not runs_it else status

    async def _flash(self, flasher: Flasher) -> Exit:
        sketch = inspected(self._image, self._wanted)
        for warning in sketch.warnings:
            tell(f"Warning: {warning.message}", sys.stderr)
        if not self._journal.keyring.passwords:
            if not sys.stdin.isatty():
                return say(Exit.USAGE, "There is no password: give it with --password or in a variable, see --help.")
            self._wanted.password = PROMPT
            self._journal.keyring = Keyring((password_of(self._wanted) or "",))
        version = sketch.version or version_of_file(self._wanted.file.name) or sketch.sha256[:8]
        order = Order(sketch=sketch, version=version, password=self._wanted.new_password, storage=self._wanted.storage)
        return self._tell(await flasher.flash(order, self._show))

    def _tell(self, outcome: Outcome) -> Exit:
        status = Exit[outcome.verdict.name]
        if outcome.error is not None:
            return explain(outcome.error, self._wanted, sent=True)
        password = "the new password that was given"
        with suppress(SketchRefused, ValueError):
            number = 1 + inspected(self._image, self._wanted).passwords.index(outcome.accepted or "")
            password = f"password {number} of those that ota inspect --passwords lists"
        if outcome.accepted == outcome.pending.old_password:
            password = "the same password as before"
        return say(status, status.text.format(board=address_of(self._wanted), password=password))

    def _show(self, taken: int) -> None:
        """Print a line for each tenth of the sketch that the board has taken."""
        shown, tenths = 10 * self._taken // len(self._image), 10 * taken // len(self._image)
        self._taken = taken
        if tenths != shown:
            tell(f"{10 * tenths:4} %", sys.stderr)
        if taken == len(self._image):
            tell("The board has everything. Waiting until it is back.", sys.stderr)
