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
PLUGIN_FILES = {"generate:api": PLUGIN / "src/api/schema.d.ts", "generate:crd": PLUGIN / "src/pages/create/crd.ts"}
CRD = ROOT / "manifests/crd/backupstoragelocationservers.yaml"


def stale() -> list[str]:
    """Paths of generated files that are out of date."""
    found = [] if CRD.read_text() == crd_yaml() else [str(CRD.relative_to(ROOT))]
    if OPENAPI.read_bytes() != description():
        found.append(str(OPENAPI.relative_to(ROOT)))
    found += [str(path.relative_to(ROOT)) for script, path in PLUGIN_FILES.items() if plugin_is_stale(script)]
    stubs = [f"backend/kopia/proto/{name}" for name in generate.check()]
    return found + stale_events() + stale_metrics() + stale_pages() + stubs


def plugin_is_stale(script: str) -> bool:
    """Whether what this npm script of the console plugin generates is not current. Needs `make plugin-deps`."""
    check = ["npm", "--prefix", str(PLUGIN), "run", "--silent", script, "--", "--check"]
    done = subprocess.run(check, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and "not up-to-date" not in done.stderr + done.stdout:
        raise RuntimeError(f"npm run {script} failed: {done.stderr or done.stdout}")
    return done.returncode != 0


def main() -> int:
    found = stale()
    for path in found:
        print(f"{path} is out of date: run `make generate` and commit it.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
