"""Watches every server beside the reconciler: its storage, its Kopia process, its log.

Reconciles stay short: they aim the monitor at a target and read the facts it has found; the monitor wakes the
reconciler when facts change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from backend.controller.cache import Key
from backend.controller.facts import ServerFacts
from backend.controller.log_watch import watch_log
from backend.controller.server_watch import ServerWatch
from backend.controller.storage_watch import watch_storage
from backend.controller.targets import Target
from backend.controller.watcher import Watcher
from backend.kube.client import KubeClient

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Monitor:
    """One `Watcher` with three tasks for each server that has something to watch."""

    def __init__(self, client: KubeClient, spawn: Spawn, wake: Callable[[Key], None]) -> None:
        self._client = client
        self._spawn = spawn
        self._wake = wake
        self._watchers: dict[Key, tuple[Watcher, list[asyncio.Task[None]]]] = {}
        self._http: aiohttp.ClientSession | None = None

    def facts(self, key: Key) -> ServerFacts:
        found = self._watchers.get(key)
        return found[0].facts if found else ServerFacts()

    def aim(self, key: Key, target: Target) -> None:
        """Watch this from now on; aiming at the same target again changes nothing."""
        found = self._watchers.get(key)
        if found:
            found[0].aim(target)
            return
        self._http = self._http or aiohttp.ClientSession()
        watcher = Watcher("/".join(key), target, lambda: self._wake(key))
        tasks = [
            self._spawn(watch_storage(watcher, self._http), f"storage of {watcher.name}"),
            self._spawn(ServerWatch(watcher).run(), f"session with {watcher.name}"),
            self._spawn(watch_log(watcher, self._client), f"log of {watcher.name}"),
        ]
        self._watchers[key] = (watcher, tasks)

    def forget(self, key: Key) -> None:
        watcher, tasks = self._watchers.pop(key, (None, []))
        if watcher:
            watcher.close()
        for task in tasks:
            task.cancel()

    async def close(self) -> None:
        for key in list(self._watchers):
            self.forget(key)
        if self._http:
            await self._http.close()
