"""Controllers that read one server's log and write its events to a real Redis; to be killed and run side by side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from backend.controller.event_path import EventPath
from backend.controller.journal import Journal
from backend.controller.log_follow import LogFollower
from backend.controller.settings import Settings
from backend.events.connection import Client, connect
from backend.events.keys import ServerKeys
from backend.events.reader import StreamReader
from tests.unit.controller.kubelet import NAMESPACE, Kubelet

KEY = (NAMESPACE, "vms")
KEYS = ServerKeys(*KEY)
PREFIX, SUFFIX = "io.openshift.oadp.bsls.", ".v1"
Event = dict[str, Any]


class Controller:
    """The event path of one process, and what it finds out; `follower` reads the log of the kubelet's pod."""

    def __init__(self, url: str, kubelet: Kubelet) -> None:
        self.hinted: list[bytes] = []
        self.client = connect(url, timeout_s=2)
        settings = Settings(image="none", controller_namespace="none")
        self.path = EventPath(self.client, settings, lambda: None)
        self.journal: Journal = self.path.journal(KEY)
        self.follower = LogFollower("vms", kubelet.client, self.journal, self.hinted.append)
        self.journal.reopen = self.follower.reopen
        self.follower.aim(kubelet.status())
        self._tasks: list[asyncio.Task[None]] = []
        self.path.start(self._spawn)
        self._spawn(self.follower.run(), "follower")

    def _spawn(self, work: Any, name: str) -> asyncio.Task[None]:
        self._tasks.append(asyncio.create_task(work, name=name))
        return self._tasks[-1]

    async def kill(self) -> None:
        """At once, wherever its tasks are; fails when one of them had ended by itself."""
        ended = [task for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.path.close()
        for task in ended:
            task.result()
        assert not ended


@asynccontextmanager
async def running(url: str, kubelet: Kubelet) -> AsyncIterator[Controller]:
    controller = Controller(url, kubelet)
    try:
        yield controller
    finally:
        await controller.kill()


async def events(client: Client) -> list[Event]:
    """The server's stream."""
    reader, found, after = StreamReader(client), [], "0-0"
    while page := await reader.history(KEYS.stream, after, count=500):
        found += [json.loads(one) for entry in page for one in entry.events]
        after = page[-1].id
    return found


def kind(event: Event) -> str:
    return str(event["type"]).removeprefix(PREFIX).removesuffix(SUFFIX)


async def kinds(client: Client) -> list[str]:
    return [kind(event) for event in await events(client)]
