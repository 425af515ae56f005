"""Measure, and print a table."""

import argparse
import asyncio
from dataclasses import asdict
import json
import os
from pathlib import Path

from benchmark import crowd, flashing, waits
from benchmark.lan import lan

# What a figure must not exceed.
BOUNDS = {
    "client_vs_curl_board_speed": 1.05,
    "client_vs_curl_full_speed": 1.5,
    "install_vs_curl_board_speed": None,
    "twenty_vs_one": 1.3,
    "loop_pause_ms_max": 20.0,
    "memory_per_flash_kib": 1024.0,
    "start_delay_silent_server_s": 1.0,
    "verdict_after_return_s": 1.5,
    "waiting_install_begins_s": 2.0,
    "inspect_hostile_ms_max": 1000.0,
    "crowd_loop_pause_ms_max": 50.0,
}


def main() -> None:
    """Measure in a network of our own: nothing that is sent leaves it."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="How fast boards are flashed, next to curl.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as a JSON object")
    parser.add_argument("--crowd", action="store_true", help="also measure 10, 100 and 1000 boards (ten minutes)")
    arguments = parser.parse_args()
    if os.geteuid():
        parser.error("only root can make the network that the boards are in")
    with lan():
        figures: dict[str, float] = asdict(asyncio.run(flashing.measure())) | asyncio.run(waits.measure())
        if arguments.crowd:
            figures |= asyncio.run(crowd.measure())
    for name, figure in figures.items():
        bound = BOUNDS.get(name)
        limit = f"<= {bound:g}" if bound is not None else ""
        print(f"{name:<40}{figure:>12.3f}  {limit:<10}{'TOO MUCH' if bound is not None and figure > bound else ''}")
    if arguments.json:
        arguments.json.write_text(json.dumps({name: round(figure, 4) for name, figure in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
