"""Debian packages of peers, each set in a root of its own: they conflict with each other, and touch nothing here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.cache import cache_dir, locked


def root_of(name: str) -> Path:
    return cache_dir() / "peers" / name


def install(name: str, packages: Sequence[str]) -> Path:
    """Once; then it is kept in the cache."""
    root = root_of(name)
    with locked(f"peer-{name}"):
        if (root / ".ready").exists():
            return root
        print(f"    Debian with {' and '.join(packages)}", flush=True)
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(exist_ok=True)
        include = f"--include={','.join(packages)}"
        subprocess.run(["mmdebstrap", "-q", "--variant=apt", include, "bookworm", str(root)], check=True)
        (root / ".ready").touch()
    return root
