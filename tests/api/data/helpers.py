"""A server's holdings, told by the real journal and publisher, and the data room over the same Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from backend.api.data.fresh import Fresh
from backend.controller.event_path import EventPath
from backend.controller.settings import Settings
from backend.controller.snapshot_journal import Holdings
from backend.controller.state_events import ServerView
from backend.events.connection import Client
from backend.kopia.snapshots import Snapshot

KEY = ("backup", "vms")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@asynccontextmanager
async def spawning() -> AsyncIterator[Any]:
    """A function that starts tasks; they end with the block."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Any, name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    try:
        yield spawn
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def controller(client: Client) -> AsyncIterator[EventPath]:
    """A controller's way of events."""
    async with spawning() as spawn:
        path = EventPath(client, Settings(image="none", controller_namespace="none"), lambda: None)
        path.start(spawn)
        yield path


@asynccontextmanager
async def fresh(client: Client, **limits: int) -> AsyncIterator[Fresh]:
    async with spawning() as spawn:
        made = Fresh(client, **limits)
        spawn(made.run(), "fresh")
        yield made


def snapshot(name: str, tenant: str = "alice@vm-1", *, at: float = 0, path: str = "/home", size: int = 1,
             incomplete: str = "") -> Snapshot:  # fmt: skip
    """`at`: seconds after the year began; it takes two seconds."""
    return Snapshot(
        id=name, tenant=tenant, path=path, start=NEW_YEAR + at, end=NEW_YEAR + at + 2, size=size, files=1,
        directories=1, new_files=1, errors=0, ignored_errors=0, incomplete=incomplete, description="", pins=(),
    )  # fmt: skip


def holdings(snapshots: Iterable[Snapshot]) -> Holdings:
    groups: dict[str, dict[str, Snapshot]] = {}
    for one in snapshots:
        groups.setdefault(one.tenant, {})[one.id] = one
    return Holdings(groups, lambda _tenant: {})


def view(uid: str = "one", overdue: dict[str, float] | None = None, age: str = "") -> ServerView:
    meta = {"uid": uid, "name": KEY[1], "namespace": KEY[0], "creationTimestamp": "2026-11-23T09:00:00Z"}
    raw = {"metadata": meta, "spec": {"prefix": "vms"}, "status": {}}
    return ServerView(raw, datetime.now(UTC), overdue=overdue, max_snapshot_age=age)
