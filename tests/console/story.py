"""What the controller would have told: a server's history, written by its real journal and publisher."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend.controller.state_events import ServerView
from backend.events.connection import connect
from backend.kopia.snapshots import Snapshot
from backend.kopia.unread import Unread
from tests.api.data.helpers import controller, holdings
from tests.servers.redis import RedisServer

ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
HOUR = 3600.0
OPEN, DENIED = "unable to open file: unable to open local file: open", "permission denied"
NOW = datetime.now(UTC).timestamp()


def snapshot(name: str, tenant: str, end: float, **given: Any) -> Snapshot:
    """`end`: Unix seconds; it took a minute."""
    values: dict[str, Any] = {
        "path": "/home", "size": 3 << 30, "files": 12_345, "directories": 400, "new_files": 120, "errors": 0,
        "ignored_errors": 0, "incomplete": "", "description": "", "pins": (),
    } | given  # fmt: skip
    return Snapshot(id=name, tenant=tenant, start=end - 60, end=end, **values)


def history() -> list[Snapshot]:
    """Thirty nights of Alice, some of Bob, of which the last was not completed and the one before lacks files."""
    made = [snapshot(f"a{day:02}", ALICE, NOW - (day * 24 + 3) * HOUR, size=(40 - day) << 26) for day in range(30)]
    made += [snapshot(f"b{day:02}", BOB, NOW - (day * 24 + 5) * HOUR, path="/srv") for day in range(1, 6)]
    missed = tuple(
        Unread(f"etc/keys/{number:02}", f"{OPEN} /srv/etc/keys/{number:02}: {DENIED}") for number in range(10)
    )
    made[30] = replace(made[30], errors=12, unread=missed)
    return [*made, snapshot("b00", BOB, NOW - 5 * HOUR, path="/srv", incomplete="canceled", errors=3)]


async def tell(redis: RedisServer, server: tuple[str, str], status: dict[str, Any], made: list[Snapshot]) -> None:
    """That a server holds these snapshots now: what is new of them becomes events."""
    namespace, name = server
    client = connect(redis.url)
    async with controller(client) as path:
        journal = path.journal(server)
        journal.compare(holdings(made), None)
        meta = {
            "uid": f"uid of {name}",
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-11-01T09:00:00Z",
        }
        raw = {"metadata": meta, "spec": {"prefix": "vms"}, "status": status}
        journal.observe(ServerView(raw, datetime.now(UTC)))
        async with asyncio.timeout(20):
            while int(redis.cli("HLEN", f"bsls:{{{namespace}/{name}}}:snapshots")) != len(made):
                await asyncio.sleep(0.02)
    await client.close()
