"""The command line as a program of its own."""

import fcntl
import os
from pathlib import Path
import signal
import subprocess
import sys
import termios

REPOSITORY = Path(__file__).parents[2]
INTEGRATION = REPOSITORY / "custom_components" / "mkr1000_ota"


def start(*arguments: str | Path, output: int = subprocess.PIPE, **variables: str) -> subprocess.Popen[str]:
    """Start it in the Python of the tests; nobody is there to be asked for a password."""
    # A shell has what runs in its background ignore Ctrl+C, and so would what is started here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    started = subprocess.Popen(
        [sys.executable, "-m", "arduino_ota", *arguments],
        cwd=INTEGRATION,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    return started


def start_at_a_terminal(terminal: int, *arguments: str | Path) -> subprocess.Popen[bytes]:
    """Start it where a person sits, who can be asked and can press Ctrl+C."""
    return subprocess.Popen(
        [sys.executable, "-m", "arduino_ota", *arguments],
        cwd=INTEGRATION,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no lock is needed for that
    )
