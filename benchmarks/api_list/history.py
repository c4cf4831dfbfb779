"""A server with 100,000 snapshots: as the controller keeps it in Redis, and as the peers want it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from redis import Redis

from backend.api.data.records import snapshot_item
from backend.events.keys import ServerKeys
from benchmarks.api_place import NAME, NAMESPACE

KEYS = ServerKeys(NAMESPACE, NAME)
SNAPSHOTS = 100_000
TENANTS = 200
PAGE = 50
LIST = "peer:snapshots"
_START = datetime(2026, 1, 1, tzinfo=UTC)


def bodies() -> Iterator[tuple[str, str]]:
    """Ids and bodies of the projection, the oldest first; 50 of them make a page of 21 KB."""
    for number in range(SNAPSHOTS):
        start = _START + timedelta(seconds=60 * number)
        tenant = number % TENANTS
        body = {
            "snapshot": f"{number:032x}",
            "user": f"backup@vm-{tenant:04}.team-{tenant % 20:02}",
            "path": f"/var/lib/containers/storage/volumes/database-of-the-shop-{tenant:04}/_data/{'postgres/' * 8}main",
            "startTime": _stamp(start),
            "endTime": _stamp(start + timedelta(seconds=42)),
            "sizeBytes": 52_428_800 + number,
            "files": 1204 + number % 1000,
            "errors": 0,
            "ignoredErrors": 0,
        }
        yield f"{number:032x}", json.dumps(body | {"incomplete": ""}, separators=(",", ":"))


def key(number: int) -> tuple[int, str]:
    """The place of a snapshot among all, by its start."""
    return int((_START + timedelta(seconds=60 * number)).timestamp()) * 1_000_000, f"{number:032x}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def fill(port: int, file: Path) -> None:
    """Redis with the projection and the peer's list; the file with what both serve, the newest first."""
    made = list(bodies())
    shown = [snapshot_item(body.encode()).body for _, body in reversed(made)]
    file.write_bytes(b"\n".join(shown) + b"\n")
    with Redis(port=port) as client:
        for start in range(0, SNAPSHOTS, 5000):
            client.hset(KEYS.snapshots, mapping=dict(made[start : start + 5000]))
            client.rpush(LIST, *shown[start : start + 5000])
