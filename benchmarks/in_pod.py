"""The part of bench-tenants that runs inside the cluster, beside the clients: one JSON order a line on stdin, one JSON
answer a line on stdout.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from backend.kopia.errors import AccessDenied
from backend.kopia.session import KopiaSession
from backend.kopia.sync import UserRules, parse_user, plan_users, present_users, user_manifest
from backend.kopia.users import PasswordHash

OWNER = "bench/bench"
SNAPSHOT: dict[str, Any] = {
    "description": "made by the benchmark",
    "startTime": "2026-11-23T09:42:19.766969123Z",
    "endTime": "2026-11-23T09:42:20.102336Z",
    "stats": {"totalSize": 300, "fileCount": 2, "cachedFiles": 1, "nonCachedFiles": 1, "dirCount": 1,
              "excludedFileCount": 0, "excludedDirCount": 0, "ignoredErrorCount": 0, "errorCount": 0},
    "rootEntry": {"name": "data", "type": "d", "mode": "0755", "mtime": "2026-11-23T09:42:18Z", "uid": 1000,
                  "gid": 1000, "obj": "k0123456789abcdef0123456789abcdef",
                  "summ": {"size": 1048, "files": 4, "symlinks": 0, "dirs": 2, "maxTime": "2026-11-23T09:42:18Z",
                           "numFailed": 0}},
}  # fmt: skip


class Bench:
    """A connection's parameters, and the orders."""

    def __init__(self, target: str, certificate: str, user: str, password: str) -> None:
        self._target = target
        self._certificate = certificate.encode()
        self._login = (user, password)

    async def _connect(self, user: str = "", password: str = "") -> KopiaSession:
        login = (user, password) if user else self._login
        return await KopiaSession.connect(self._target, self._certificate, *login, deadline=60)

    async def write_users(self, count: int, rounds: int) -> list[float]:
        """Seconds to read the users, plan, write `count` new ones and make them durable; they are removed again."""
        taken = []
        async with await self._connect() as session:
            for number in range(rounds):
                wanted = {f"bench-{number}-{one}@vm": PasswordHash(1, os.urandom(64)) for one in range(count)}
                started = time.perf_counter()
                entries = await session.find_manifests({"type": "user"})
                found = await session.get_manifests([entry.id for entry in entries])
                present = present_users(parse_user(one) for one in found if one is not None)
                plan = plan_users(wanted, present, UserRules(OWNER))
                items = [user_manifest(name, password, OWNER) for name, password in plan.writes.items()]
                ids = await session.put_manifests(items, deadline=60)
                await session.flush(deadline=60)
                taken.append(time.perf_counter() - started)
                if len(ids) != count:
                    raise AssertionError(f"{len(ids)} of {count} users were written")
                await session.delete_manifests(ids, deadline=60)
                await session.flush(deadline=60)
        return taken

    async def make_snapshots(self, tenants: int, each: int) -> int:
        """Snapshot manifests of many tenants; the number that the server then lists."""
        async with await self._connect() as session:
            for path in range(each):
                labels = ({"type": "snapshot", "username": f"tenant-{one}", "hostname": "vm", "path": f"/data/{path}"}
                          for one in range(tenants))  # fmt: skip
                await session.put_manifests(((SNAPSHOT, label) for label in labels), deadline=120)
            await session.flush(deadline=60)
            return len(await session.find_manifests({"type": "snapshot"}, deadline=60))

    async def log_in(self, user: str, password: str, wait_s: float, limit_s: float) -> float:
        """The wall-clock time at which this login first worked, tried from `wait_s` on.

        Each refused one takes the server 0.2 s under a lock that the change needs too.
        """
        await asyncio.sleep(wait_s)
        deadline = time.monotonic() + limit_s
        while True:
            try:
                session = await self._connect(user, password)
            except AccessDenied:
                if time.monotonic() > deadline:
                    raise
                continue
            now = time.time()
            await session.close()
            return now


async def main() -> None:
    bench = Bench(**json.loads(sys.stdin.readline()))
    print(json.dumps("ready"), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        print(json.dumps(await getattr(bench, order.pop("do"))(**order)), flush=True)


asyncio.run(main())
