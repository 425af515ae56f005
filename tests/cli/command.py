"""The command line as a program of its own."""

import os
from pathlib import Path
import signal
import subprocess
import sys

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
