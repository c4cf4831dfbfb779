"""One server and the load on it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.binaries import binary
from tests.cluster.cache import tied

CONNECTIONS = 64


@dataclass(frozen=True)
class Side:
    """What is asked, where. `flags`: of the load client."""

    port: int
    urls: Path
    tokens: Path
    flags: Sequence[str] = ()


@dataclass(frozen=True)
class Load:
    """What the load client tells; times in milliseconds, of the first byte the 99th percentile."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    first_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@contextmanager
def peer(mode: str, snapshots: Path, tokens: Path, redis_port: int, key: str) -> Iterator[int]:
    """The port of a Go program."""
    command = [str(binary("list-peer")), "-mode", mode, "-snapshots", str(snapshots), "-tokens", str(tokens),
               "-redis", f"127.0.0.1:{redis_port}", "-list", key]  # fmt: skip
    process = subprocess.Popen(tied(command), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def load(side: Side, *, seconds: float, rate: float = 0, connections: int = CONNECTIONS) -> Load:
    """As many requests as possible, or at a rate."""
    done = subprocess.run(
        [str(binary("list-load")), "-address", f"127.0.0.1:{side.port}", "-urls", str(side.urls), "-tokens",
         str(side.tokens), "-seconds", str(seconds), "-rate", str(rate), "-connections", str(connections), *side.flags],
        check=True, capture_output=True, text=True, timeout=seconds + 60,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return Load(
        told["requests"], told["seconds"], told["bytes"], told["p50Ms"], told["p99Ms"], told["longestMs"],
        told["firstByteMs"],
    )  # fmt: skip
