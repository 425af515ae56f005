"""Print the summary line of several runs of pytest, from the results that they wrote with --junitxml."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
import re
import sys

_SUITE = re.compile(r"<testsuite [^>]*>")
_NUMBER = re.compile(r'\b(tests|failures|errors|skipped|time)="([\d.]+)"')


def summary(*files: Path) -> str:
    """Return the line as pytest words it. A run that wrote nothing counts as an error."""
    counts: Counter[str] = Counter()
    for file in files:
        suite = _SUITE.search(file.read_text()) if file.exists() else None
        counts.update({name: float(number) for name, number in _NUMBER.findall(suite[0])} if suite else {"errors": 1})
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    said = [
        f"{number:.0f} {word}"
        for number, word in (
            (counts["failures"], "failed"),
            (max(0, passed), "passed"),
            (counts["skipped"], "skipped"),
            (counts["errors"], "errors"),
        )
        if number
    ]
    seconds = counts["time"]
    return f" {', '.join(said)} in {seconds:.2f}s ({timedelta(seconds=int(seconds))}) ".center(80, "=")


if __name__ == "__main__":
    sys.stdout.write(f"{summary(*map(Path, sys.argv[1:]))}\n")
