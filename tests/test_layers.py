"""The house: rooms in their order, arrows that only point down, no circle, and nothing at the root that has no place there.

Imports for types alone count as well: they are what a reader has to know.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

INTEGRATION = Path(__file__).parents[1] / "custom_components" / "mkr1000_ota"

PLATFORMS = ("binary_sensor", "button", "event", "select", "sensor", "update")

# From the top to the bottom; what stands in one line is side by side, and its files may know each other.
ROOMS = (
    ("__init__", "config_flow", "repairs", "diagnostics", "services", "system_health", *PLATFORMS),
    ("flows",),
    ("install",),
    ("presence",),
    ("data", "entity"),
    ("coordinator",),
    ("sources",),
    ("network",),
    ("storage",),
    ("issues",),
    ("errors", "const"),
    ("arduino_ota",),
)
LIBRARY_ROOMS = (
    ("__main__", "commands"),
    ("__init__",),
    ("flash",),
    ("firmware",),
    ("sketch", "protocol", "discovery"),
    ("errors", "hardware", "libraries", "limits", "text"),
)
LARGEST_FILE = 300


def modules(root: Path) -> dict[str, Path]:
    """Return all modules below a folder by their dotted names within it."""
    return {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__") or "__init__": path
        for path in sorted(root.rglob("*.py"))
    }


def imported(name: str, path: Path) -> Iterator[str]:
    """Return what a module imports of its own package, as dotted names within it."""
    package = [] if name == "__init__" else name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) + 1 - node.level] + (node.module.split(".") if node.module else [])
            yield from (".".join([*base, alias.name]) for alias in node.names)


def arrows(root: Path) -> Iterator[tuple[str, str]]:
    """Return which module knows which other one."""
    known = modules(root)
    for name, path in known.items():
        for target in imported(name, path):
            module = target if target in known else target.rpartition(".")[0] or "__init__"
            if module != name:
                yield name, module


def room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("root", "rooms"), [(INTEGRATION, ROOMS), (INTEGRATION / "arduino_ota", LIBRARY_ROOMS)], ids=["house", "library"]
)
def test_arrows_point_down(root: Path, rooms: tuple[tuple[str, ...], ...]) -> None:
    level = {name: number for number, names in enumerate(rooms) for name in names}
    assert {room(module) for module in modules(root)} <= level.keys()
    upward = [f"{source} → {target}" for source, target in arrows(root) if level[room(source)] > level[room(target)]]
    assert not upward


@pytest.mark.parametrize("root", [INTEGRATION, INTEGRATION / "arduino_ota"], ids=["house", "library"])
def test_nothing_goes_round_in_a_circle(root: Path) -> None:
    graph: dict[str, set[str]] = {}
    for source, target in arrows(root):
        graph.setdefault(source, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(circle.args[1]))


def test_the_library_knows_nothing_of_home_assistant() -> None:
    for path in (INTEGRATION / "arduino_ota").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert not any(name.startswith(("homeassistant", "custom_components")) for name in names), path


def test_files_are_of_a_size_that_can_be_read() -> None:
    sizes = {path.relative_to(INTEGRATION): len(path.read_text().splitlines()) for path in INTEGRATION.rglob("*.py")}
    assert not {path: size for path, size in sizes.items() if size > LARGEST_FILE}
    assert len([path for path in sizes if len(path.parts) == 1]) <= 20


def test_each_room_says_what_it_is_for() -> None:
    for init in INTEGRATION.rglob("*/__init__.py"):
        assert ast.get_docstring(ast.parse(init.read_text())), init
