"""Many boards can be flashed at once, so an inspection must not need much."""

import tracemalloc

from custom_components.mkr1000_ota.arduino_ota.sketch import Sketch
from tests.virtual_board.sketches import build_sketch


def test_an_inspection_needs_little_memory() -> None:
    image = build_sketch(size=126_976)
    tracemalloc.start()
    Sketch.inspect(image)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1024 * 1024
