"""The command line: `python -m arduino_ota --help`, and `scripts/ota` in a checkout."""

from argparse import REMAINDER, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
import sys
from typing import Final

from .commands import Exit

# Where Python was started in the folder around this package, it looks there first, and in an integration a module called
# select, of Home Assistant's, would hide the standard library's.
if Path(sys.path[0] or ".").resolve() == Path(__file__).resolve().parent.parent:
    sys.path.append(sys.path.pop(0))

# Each in a module that is imported only then: inspecting needs no package at all.
_COMMANDS: Final = {
    "inspect": ("sketches", "Say what sketch files are, and whether a board would take and survive them."),
    "manifest": ("sketches", "Make the manifest that offers sketches on a web server."),
    "scan": ("scan", "Find the boards on the network."),
    "check": ("check", "Ask a board what it is, and whether it accepts a password."),
    "flash": ("flash", "Flash a sketch onto a board, and find out what became of it."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that was asked for; return the status to exit with."""
    parser = ArgumentParser(
        prog="ota",
        description="Inspect sketches for Arduino boards, find the boards, and flash them over the air.",
        epilog="\n".join(f"  {name:<10}{purpose}" for name, (_, purpose) in _COMMANDS.items()),
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=_COMMANDS, metavar="COMMAND", help="one of those below; see COMMAND --help")
    parser.add_argument("arguments", nargs=REMAINDER, metavar="...")
    wanted = parser.parse_args(arguments)
    module, purpose = _COMMANDS[wanted.command]
    parser = ArgumentParser(f"ota {wanted.command}", None, purpose, formatter_class=RawDescriptionHelpFormatter)
    try:
        status: int = getattr(import_module(f".commands.{module}", __package__), wanted.command)(
            parser, wanted.arguments
        )
    except ModuleNotFoundError as error:
        parser.error(f"the package {error.name} is missing: run scripts/setup once, or pip install {error.name}")
    except KeyboardInterrupt:
        parser.exit(Exit.INTERRUPTED, f"\nota: {Exit.INTERRUPTED.text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
