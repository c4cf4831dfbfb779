"""Watches every server beside the reconciler: its storage, its Kopia process, its log.

Reconciles stay short: they aim the monitor at a target and read the facts it has found; the monitor wakes the
reconciler when facts change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import aiohttp

from backend.controller.cache import Key
from backend.controller.event_path import EventPath
from backend.controller.facts import ServerFacts
from backend.controller.log_batch import LogBatch
from backend.controller.log_follow import LogFollower
from backend.controller.log_hints import take_hints
from backend.controller.log_place import LogCursor
from backend.controller.server_watch import ServerWatch
from backend.controller.storage_watch import watch_storage
from backend.controller.targets import Target
from backend.controller.watcher import Watcher
from backend.kube.client import KubeClient

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Nowhere:
    """A `LogSink` where no events are published."""

    ready = False

    def place(self) -> LogCursor | None:
        return None

    async def take(self, batch: LogBatch) -> bool:
        raise AssertionError("nobody asked for these lines")


@dataclass
class _Watched:
    watcher: Watcher
    follower: LogFollower
    tasks: list[asyncio.Task[None]]


class Monitor:
    """One `Watcher` with three tasks for each server that has something to watch."""

    def __init__(
        self, client: KubeClient, spawn: Spawn, wake: Callable[[Key], None], events: EventPath | None = None
    ) -> None:
        self._client = client
        self._spawn = spawn
        self._wake = wake
        self._events = events
        self._watched: dict[Key, _Watched] = {}
        self._http: aiohttp.ClientSession | None = None

    def facts(self, key: Key) -> ServerFacts:
        found = self._watched.get(key)
        return found.watcher.facts if found else ServerFacts()

    def aim(self, key: Key, target: Target) -> None:
        """Watch this from now on; aiming at the same target again changes nothing."""
        found = self._watched.get(key)
        if found is None:
            found = self._watched[key] = self._begin(key, target)
        else:
            found.watcher.aim(target)
        found.follower.aim(target.log)

    def _begin(self, key: Key, target: Target) -> _Watched:
        self._http = self._http or aiohttp.ClientSession()
        watcher = Watcher("/".join(key), target, lambda: self._wake(key))
        journal = self._events.journal(key) if self._events else None
        follower = LogFollower(
            watcher.name, self._client, journal or Nowhere(), lambda lines: take_hints(watcher, lines)
        )
        if journal:
            journal.reopen = follower.reopen
        tasks = [
            self._spawn(watch_storage(watcher, self._http), f"storage of {watcher.name}"),
            self._spawn(ServerWatch(watcher, journal).run(), f"session with {watcher.name}"),
            self._spawn(follower.run(), f"log of {watcher.name}"),
        ]
        return _Watched(watcher, follower, tasks)

    def forget(self, key: Key) -> None:
        found = self._watched.pop(key, None)
        if found is None:
            return
        found.watcher.close()
        for task in found.tasks:
            task.cancel()

    async def close(self) -> None:
        for key in list(self._watched):
            self.forget(key)
        if self._http:
            await self._http.close()
