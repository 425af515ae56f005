"""Inspection runs in a thread beside an event loop, which must hardly notice."""

import asyncio
from time import perf_counter, thread_time
import tracemalloc

from custom_components.mkr1000_ota.board.sketch import INTERNAL_STORAGE, Sketch
from tests.virtual_board.sketches import build_sketch

LARGEST = build_sketch(size=INTERNAL_STORAGE)


def time_taken() -> float:
    """Seconds of processor time that inspecting the largest sketch takes."""
    started = thread_time()
    Sketch.inspect(LARGEST)
    return thread_time() - started


async def longest_pause() -> float:
    """Seconds by which the event loop is late at most while the largest sketch is inspected."""
    inspection = asyncio.create_task(asyncio.to_thread(Sketch.inspect, LARGEST))
    longest = 0.0
    while not inspection.done():
        before = perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, perf_counter() - before)
    return longest


def test_the_largest_sketch_is_inspected_in_some_hundredths_of_a_second() -> None:
    """The best of several, on a machine that may be slow and measured itself."""
    assert min(time_taken() for _ in range(5)) < 0.1


def test_an_inspection_needs_little_memory() -> None:
    """Many boards can be flashed at once."""
    tracemalloc.start()
    Sketch.inspect(LARGEST)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1024 * 1024


async def test_the_event_loop_goes_on_meanwhile() -> None:
    """No single step of an inspection keeps other threads waiting: the best of several, again."""
    assert min([await longest_pause() for _ in range(5)]) < 0.02
