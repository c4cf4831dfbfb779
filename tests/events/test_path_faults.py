"""The whole way of events under load, from a log that grows to the streams, while Redis fails in every way at once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backend.controller.event_path import EventPath
from backend.controller.log_follow import LogFollower
from backend.controller.settings import Settings
from backend.events.connection import Client, connect
from backend.events.keys import ServerKeys
from backend.events.reader import StreamReader
from tests.events.helpers import firehose_of
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer
from tests.unit.controller.kubelet import Kubelet, stamp

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
KEYS = ServerKeys("backup", "vms")
_LINE = '{"l":"INFO","t":"%s","n":"kopia/server","m":"%s for user \\"alice@vm-1\\" from 10.0.0.7:%d"}'


@asynccontextmanager
async def running(url: str, kubelet: Kubelet) -> AsyncIterator[EventPath]:
    """A controller's way of events, of one server."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Any, name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    client = connect(url, timeout_s=1)
    path = EventPath(client, Settings(image="none", controller_namespace="none"), lambda: None)
    journal = path.journal((KEYS.namespace, KEYS.name))
    follower = LogFollower("vms", kubelet.client, journal, lambda _lines: None)
    journal.reopen = follower.reopen
    follower.aim(kubelet.status())
    path.start(spawn)
    spawn(follower.run(), "follower")
    try:
        yield path
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await path.close()


class Load:
    """Sessions that begin and end, about 500 lines a second; each line is an event."""

    def __init__(self, kubelet: Kubelet) -> None:
        self.ids: list[str] = []
        self._kubelet = kubelet

    async def run(self) -> None:
        chance = random.Random(3)
        while True:
            for _ in range(chance.randrange(1, 20)):
                number = len(self.ids)
                word = "session ended" if number % 2 else "starting session"
                at = stamp(self._kubelet.clock)
                self._kubelet.write((_LINE % (at, word, 1000 + number // 2)).encode())
                self.ids.append(f"{self._kubelet.uid}.{at}")
            await self._kubelet.tell()
            await asyncio.sleep(0.02)


async def told(client: Client) -> list[str]:
    reader, found, after = StreamReader(client), [], "0-0"
    while page := await reader.history(KEYS.stream, after, count=1000):
        found += [str(json.loads(event)["id"]) for entry in page for event in entry.events]
        after = page[-1].id
    return found


async def through(url: str, break_it: Callable[[], Awaitable[None]], *, firehose: bool = True) -> None:
    """Redis breaks while the log grows; then every line's event is in the stream, once and in order."""
    async with Kubelet() as kubelet:
        kubelet.holds = True
        load = Load(kubelet)
        async with running(url, kubelet) as path:
            writing = asyncio.create_task(load.run())
            await asyncio.sleep(0.3)
            await break_it()
            await asyncio.sleep(0.3)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            client = connect(url, timeout_s=2)
            async with asyncio.timeout(60):
                while (found := await told(client)) != load.ids and len(found) <= len(load.ids):
                    await asyncio.sleep(0.1)
            assert found == load.ids
            assert len(found) > 100
            if firehose:
                async with asyncio.timeout(30):
                    await path._firehose.drained()
                assert await firehose_of(client, KEYS) == load.ids
            await client.close()


async def test_a_failover() -> None:
    with RedisSentinels() as servers:

        async def break_it() -> None:
            old = servers.primary
            await asyncio.to_thread(old.stop)
            async with asyncio.timeout(30):
                while servers.primary is old:
                    await asyncio.sleep(0.2)

        await through(servers.url, break_it)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as made:
        yield made


async def test_faults_one_after_the_other(server: RedisServer) -> None:
    """Full, read-only, frozen, without its script, cut off from its clients."""

    async def break_it() -> None:
        for _ in range(2):
            for begin, end in (
                (("CONFIG", "SET", "maxmemory", "1mb"), ("CONFIG", "SET", "maxmemory", "0")),
                (("REPLICAOF", "192.0.2.1", "6379"), ("REPLICAOF", "NO", "ONE")),
                (("CLIENT", "KILL", "TYPE", "normal"), ("SCRIPT", "FLUSH")),
            ):
                await asyncio.to_thread(server.cli, *begin)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(server.cli, *end)
                await asyncio.sleep(0.3)
            server.freeze()
            await asyncio.sleep(1.5)
            server.thaw()

    await through(server.url, break_it)


@pytest.mark.parametrize("how", ["flushed", "restarted"])
async def test_everything_lost(server: RedisServer, how: str) -> None:
    async def break_it() -> None:
        for _ in range(3):
            if how == "flushed":
                await asyncio.to_thread(server.flush)
            else:
                server.stop()
                await asyncio.sleep(0.3)
                await asyncio.to_thread(server.start)
            await asyncio.sleep(0.4)

    await through(server.url, break_it)


async def test_two_controllers_at_once(server: RedisServer) -> None:
    """An old one that does not know yet that it was replaced: both write, and nothing is there twice."""
    async with Kubelet() as kubelet:
        kubelet.holds = True
        load = Load(kubelet)
        writing = asyncio.create_task(load.run())
        async with running(server.url, kubelet):
            for _ in range(3):
                async with running(server.url, kubelet):
                    await asyncio.sleep(1)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            client = connect(server.url)
            async with asyncio.timeout(30):
                while len(found := await told(client)) < len(load.ids):
                    await asyncio.sleep(0.1)
            assert found == load.ids
            await client.close()


async def test_nodes_of_a_cluster_that_lose_everything() -> None:
    with RedisCluster() as servers:

        async def break_it() -> None:
            for node in servers.nodes:
                node.stop()
                await asyncio.sleep(0.3)
                await asyncio.to_thread(node.start)
                await asyncio.sleep(1)

        await through(servers.url, break_it, firehose=False)  # whose node may have lost what the stream's has not
