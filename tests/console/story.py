"""What the controller would have told: a server's history, written by its real journal and publisher."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from backend.controller.state_events import ServerView
from backend.events.connection import connect
from backend.kopia.snapshots import Snapshot
from tests.api.data.helpers import controller, holdings
from tests.servers.redis import RedisServer

ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
HOUR = 3600.0


def snapshot(name: str, tenant: str, end: float, **given: Any) -> Snapshot:
    """`end`: Unix seconds; it took a minute."""
    values: dict[str, Any] = {
        "path": "/home", "size": 3 << 30, "files": 12_345, "directories": 400, "new_files": 120, "errors": 0,
        "ignored_errors": 0, "incomplete": "", "description": "", "pins": (),
    } | given  # fmt: skip
    return Snapshot(id=name, tenant=tenant, start=end - 60, end=end, **values)


def history(now: float) -> list[Snapshot]:
    """Thirty nights of Alice, some of Bob, of which the last was not completed."""
    made = [snapshot(f"a{day:02}", ALICE, now - (day * 24 + 3) * HOUR, size=(40 - day) << 26) for day in range(30)]
    made += [snapshot(f"b{day:02}", BOB, now - (day * 24 + 5) * HOUR, path="/srv") for day in range(1, 6)]
    return [*made, snapshot("b00", BOB, now - 5 * HOUR, path="/srv", incomplete="canceled", errors=3)]


async def tell(redis: RedisServer, status: dict[str, Any], *more: Snapshot) -> None:
    """The history, and `more` of it, as of now."""
    now = datetime.now(UTC)
    made = [*history(now.timestamp()), *more]
    client = connect(redis.url)
    async with controller(client) as path:
        journal = path.journal(("backup-a", "vms"))
        journal.compare(holdings(made), None)
        meta = {"uid": "u1", "name": "vms", "namespace": "backup-a", "creationTimestamp": "2026-11-01T09:00:00Z"}
        journal.observe(ServerView({"metadata": meta, "spec": {"prefix": "vms"}, "status": status}, now))
        async with asyncio.timeout(20):
            while int(redis.cli("HLEN", "bsls:{backup-a/vms}:snapshots")) != len(made):
                await asyncio.sleep(0.05)
    await client.close()
