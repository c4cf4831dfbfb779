"""A primary dies behind Sentinel: the writer goes on at the new one, without anything missing from what it was told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from backend.events.connection import connect
from backend.events.errors import StoreError
from backend.events.firehose import Firehose
from backend.events.store import Committed, EventStore
from tests.events.helpers import KEYS, commit, contents, firehose_of, until
from tests.servers.redis import RedisSentinels

pytestmark = pytest.mark.servers


@pytest.fixture
def servers() -> Iterator[RedisSentinels]:
    with RedisSentinels() as made:
        yield made


async def test_a_real_failover(servers: RedisSentinels) -> None:
    client = connect(servers.url, timeout_s=2)
    firehose = Firehose(client)
    store = EventStore(client, firehose)
    running = asyncio.create_task(firehose.run())
    expected: list[str] = []  # what the stream has to hold, as the writer knows it
    token, i = b"", 0

    async def write() -> None:
        """One event more, written for certain; what Redis lost by failing over is written again."""
        nonlocal token, i
        i += 1
        while True:
            step = commit([f"e{i}"], token)
            try:
                (done,) = await store.commit([step])
                if isinstance(done, Committed):
                    token = step.token
                    return
                token = (await store.load(KEYS)).token
            except StoreError:
                await asyncio.sleep(0.05)

    for _ in range(50):
        await write()
    old = servers.primary
    replica = next(one for one in servers.servers.values() if one is not old)

    async def replicated() -> bool:
        return "e50" in (await contents(reader, KEYS.stream))[-1:]

    reader = connect(replica.url)
    await until(replicated, "replication")
    await reader.close()
    old.stop()
    async with asyncio.timeout(30):
        for _ in range(50):
            await write()
    assert servers.primary is replica
    expected = [f"e{n}" for n in range(1, 101)]
    assert await contents(client, KEYS.stream) == expected
    async with asyncio.timeout(20):
        await firehose.drained()
    assert await firehose_of(client, KEYS) == expected
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await store.close()
