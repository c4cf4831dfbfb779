"""Where built parts are kept between runs, and the lock that keeps two runs from building the same thing."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """$BSLS_CACHE, else $XDG_CACHE_HOME/bsls, else ~/.cache/bsls."""
    given = os.environ.get("BSLS_CACHE")
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bsls"
    base.mkdir(parents=True, exist_ok=True)
    return base


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold `<cache>/locks/<name>`; the kernel gives it back when the process ends, however it ends."""
    path = cache_dir() / "locks" / name
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tied(command: list[str]) -> list[str]:
    """The command, killed by the kernel when we end, however we end."""
    return ["setpriv", "--pdeathsig", "KILL", *command]


def digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:12]


def digest_tree(*roots: Path, suffixes: tuple[str, ...] = ()) -> str:
    """Names and content of all files below these folders (or of these files)."""
    parts: list[bytes] = []
    for root in roots:
        files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
        for path in files:
            if "__pycache__" in path.parts or (suffixes and path.suffix not in suffixes):
                continue
            parts += [str(path.relative_to(root.parent)).encode(), path.read_bytes()]
    return digest(*parts)
