"""Print what the integrations of the installed Home Assistant need from PyPI, as a requirements file.

Home Assistant installs these when an integration is first used; here they are wanted before, and at the versions that
its manifests name. Those that Home Assistant sets up by itself are included: without them it starts with a page of
complaints. Usage: python scripts/integration_requirements.py INTEGRATION...
"""

from collections.abc import Iterator
import json
from pathlib import Path
import sys

import homeassistant
from homeassistant.bootstrap import DEFAULT_INTEGRATIONS

OURS = Path(__file__).parent.parent / "custom_components"
THEIRS = Path(homeassistant.__file__).parent / "components"


def manifests(wanted: list[str]) -> Iterator[dict[str, list[str]]]:
    """Yield the manifests of integrations, and of all that they depend on."""
    seen: set[str] = set()
    while wanted:
        domain = wanted.pop()
        if domain in seen:
            continue
        seen.add(domain)
        folder = OURS if (OURS / domain).is_dir() else THEIRS
        manifest = json.loads((folder / domain / "manifest.json").read_text())
        wanted += [*manifest.get("dependencies", []), *manifest.get("after_dependencies", [])]
        yield manifest


if __name__ == "__main__":
    wanted = [*sys.argv[1:], *DEFAULT_INTEGRATIONS]
    requirements = {line for manifest in manifests(wanted) for line in manifest.get("requirements", [])}
    sys.stdout.writelines(f"{line}\n" for line in sorted(requirements))
