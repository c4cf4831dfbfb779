"""`make verify`: every generated file is what its source says. Prints what differs and exits 1."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from backend.api.app import description
from backend.crd.generate import crd_yaml
from backend.events.generate import stale as stale_events
from backend.kopia.proto import generate
from backend.telemetry.generate import stale as stale_metrics
from tests.pages import stale as stale_pages

ROOT = Path(__file__).resolve().parent.parent
OPENAPI = ROOT / "docs/openapi.json"
PLUGIN = ROOT / "console-plugin"
TYPES = PLUGIN / "src/api/schema.d.ts"
CRD = ROOT / "manifests/crd/backupstoragelocationservers.yaml"


def stale() -> list[str]:
    """Paths of generated files that are out of date."""
    found = [] if CRD.read_text() == crd_yaml() else [str(CRD.relative_to(ROOT))]
    if OPENAPI.read_bytes() != description():
        found.append(str(OPENAPI.relative_to(ROOT)))
    if types_are_stale():
        found.append(str(TYPES.relative_to(ROOT)))
    stubs = [f"backend/kopia/proto/{name}" for name in generate.check()]
    return found + stale_events() + stale_metrics() + stale_pages() + stubs


def types_are_stale() -> bool:
    """Whether the plugin's TypeScript types are not those of docs/openapi.json. Needs `make plugin-deps`."""
    check = ["npm", "--prefix", str(PLUGIN), "run", "--silent", "generate", "--", "--check"]
    done = subprocess.run(check, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and "not up-to-date" not in done.stderr + done.stdout:
        raise RuntimeError(f"openapi-typescript failed: {done.stderr or done.stdout}")
    return done.returncode != 0


def main() -> int:
    found = stale()
    for path in found:
        print(f"{path} is out of date: run `make generate` and commit it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
