"""All servers' events in one stream: each exactly once, in the order of its server, whoever is stopped in between."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from backend.events.batch import BATCH_BYTES
from backend.events.connection import Client, connect
from backend.events.errors import StoreError
from backend.events.firehose import Firehose
from backend.events.keys import FIREHOSE, MARKS, ServerKeys
from backend.events.reader import StreamReader
from backend.events.store import Committed, EventStore
from tests.events.helpers import KEYS, Proxy, commit, contents, events_of, firehose_of
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers


@contextlib.asynccontextmanager
async def running(firehose: Firehose) -> AsyncIterator[Firehose]:
    task = asyncio.create_task(firehose.run())
    try:
        yield firehose
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def drained(firehose: Firehose) -> None:
    async with asyncio.timeout(20):
        await firehose.drained()


async def test_a_commit_is_one_entry_and_the_mark_follows(client: Client) -> None:
    async with running(Firehose(client)) as firehose:
        store = EventStore(client, firehose)
        first = commit(["e1", "e2"])
        (done,) = await store.commit([first])
        await drained(firehose)
        (entry,) = await StreamReader(client).history(FIREHOSE)
        assert (entry.events, entry.server) == (events_of(first), "backup/one")
        assert isinstance(done, Committed)
        assert await firehose.mark(KEYS) == done.last
        assert await firehose.servers() == ["backup/one"]
        await firehose.forget(KEYS)
        assert await firehose.servers() == []


@pytest.mark.parametrize("at_once", [None, False])
async def test_large_commits_are_split(client: Client, at_once: bool | None) -> None:
    async with running(Firehose(client)) as firehose:
        names = [f"e{i}" for i in range(10)]
        await EventStore(client, firehose, relay_at_once=at_once).commit([commit(names, size=BATCH_BYTES // 4)])
        await drained(firehose)
        entries = await StreamReader(client).history(FIREHOSE)
        assert len(entries) == 4
        assert all(sum(map(len, one.events)) <= BATCH_BYTES for one in entries)
        assert await firehose_of(client, KEYS) == names


async def test_what_a_dead_process_did_not_relay_is_relayed_at_the_next_load(client: Client) -> None:
    dead = EventStore(client, Firehose(client))  # its `run` never runs
    token = b""
    for i in range(3):
        step = commit([f"e{i}-{j}" for j in range(400)], token)
        await dead.commit([step])
        token = step.token
    async with running(Firehose(client)) as firehose:
        store = EventStore(client, firehose)
        await store.load(KEYS)
        await store.commit([commit(["last"], token)])
        await drained(firehose)
        assert await firehose_of(client, KEYS) == await contents(client, KEYS.stream)
        assert await firehose.catch_up(KEYS) == 0


async def test_a_load_alone_notices_what_is_missing(client: Client) -> None:
    await EventStore(client, Firehose(client)).commit([commit(["e1", "e2"])])
    async with running(Firehose(client)) as firehose:
        await EventStore(client, firehose).load(KEYS)
        await drained(firehose)
        assert await firehose_of(client, KEYS) == ["e1", "e2"]


async def test_catching_up_tells_how_many(client: Client) -> None:
    await EventStore(client).commit([commit([f"e{i}" for i in range(1100)])])
    assert await Firehose(client).catch_up(KEYS) == 1100
    assert await Firehose(client).catch_up(KEYS) == 0


async def test_memory_is_bounded_and_nothing_is_lost_by_that(client: Client) -> None:
    firehose = Firehose(client, max_bytes=10_000)
    store = EventStore(client, firehose, relay_at_once=False)
    token = b""
    for i in range(50):
        step = commit([f"e{i}"], token, size=1000)
        await store.commit([step])
        token = step.token
    assert firehose.waiting_bytes <= 10_000
    async with running(firehose):
        await drained(firehose)
    assert firehose.waiting_bytes == 0
    assert await firehose_of(client, KEYS) == [f"e{i}" for i in range(50)]


@pytest.mark.parametrize("at_once", [None, False])
async def test_two_writers_that_are_cancelled_at_random_relay_each_event_once(
    client: Client, at_once: bool | None
) -> None:
    """Each has a store and a firehose of its own; both write the same two servers."""
    rng = random.Random(7)
    servers = [ServerKeys("backup", "one"), ServerKeys("backup", "two")]
    numbers = iter(range(10**6))

    async def write(store: EventStore) -> None:
        while True:
            for keys in servers:
                with contextlib.suppress(StoreError):
                    token = (await store.load(keys)).token
                    await store.commit([commit([f"e{next(numbers)}" for _ in range(3)], token, keys=keys)])

    async def life() -> None:
        async with running(Firehose(client)) as firehose:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rng.uniform(0.01, 0.08)):
                    await write(EventStore(client, firehose, relay_at_once=at_once))

    async def lives() -> None:
        for _ in range(25):
            await life()

    await asyncio.gather(lives(), lives())
    async with running(Firehose(client)) as firehose:
        for keys in servers:
            await firehose.catch_up(keys)
    for keys in servers:
        stored = await contents(client, keys.stream)
        assert len(stored) > 50
        assert await firehose_of(client, keys) == stored


async def test_lost_replies_double_nothing(single: Client, redis_server: RedisServer) -> None:
    async with Proxy(redis_server.port) as proxy:
        flaky = connect(proxy.url)
        async with running(Firehose(flaky)) as firehose:
            store = EventStore(
                single, firehose, relay_at_once=False
            )  # commits arrive, the firehose's own answers get lost
            token = b""
            for i in range(20):
                step = commit([f"e{i}"], token)
                proxy.lose_replies += i % 4 == 1
                await store.commit([step])
                token = step.token
                if i % 5 == 0:
                    await drained(firehose)
            await drained(firehose)
        await flaky.close()
        assert proxy.lost > 0
    assert await firehose_of(single, KEYS) == [f"e{i}" for i in range(20)]


async def test_a_stream_that_lost_its_end_gets_a_mark_that_fits(client: Client) -> None:
    """As after a failover to a replica that was behind, with a clock that is behind too."""
    async with running(Firehose(client)) as firehose:
        store = EventStore(client, firehose)
        first = commit(["e1"])
        await store.commit([first])
        await drained(firehose)
        await client.ask(FIREHOSE, [b"HSET", MARKS, KEYS.server, b"99999999999999-0"])
        loaded = await store.load(KEYS)
        assert await firehose.mark(KEYS) == loaded.last
        await store.commit([commit(["e2"], first.token)])
        await drained(firehose)
        assert await firehose_of(client, KEYS) == ["e1", "e2"]


async def test_a_full_redis_is_told_and_recovered_from() -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        client = connect(server.url)
        firehose = Firehose(client)
        await EventStore(client, firehose, relay_at_once=False).commit([commit(["e1"])])
        server.cli("CONFIG", "SET", "maxmemory", "1")
        async with running(firehose):
            async with asyncio.timeout(10):
                while not firehose.problem:
                    await asyncio.sleep(0.02)
            assert "full" in firehose.problem
            server.cli("CONFIG", "SET", "maxmemory", "0")
            await drained(firehose)
            assert firehose.problem == ""
        assert await firehose_of(client, KEYS) == ["e1"]
        await client.close()


async def test_a_flushed_redis_starts_anew(single: Client, redis_server: RedisServer) -> None:
    async with running(Firehose(single)) as firehose:
        store = EventStore(single, firehose)
        await store.commit([commit(["e1"])])
        await drained(firehose)
        redis_server.flush()
        redis_server.cli("SCRIPT", "FLUSH")
        await store.load(KEYS)
        await store.commit([commit(["e1"])])
        await drained(firehose)
        assert await firehose_of(single, KEYS) == ["e1"]


async def test_who_commits_in_a_hurry_waits_for_room(client: Client) -> None:
    firehose = Firehose(client, max_bytes=10_000)
    store = EventStore(client, firehose, relay_at_once=False)
    await firehose.room()
    await store.commit([commit(["e1"], size=6000)])
    waiting = asyncio.create_task(firehose.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    async with running(firehose), asyncio.timeout(20):
        await waiting
        await firehose.drained()
    assert await firehose_of(client, KEYS) == ["e1"]


async def test_nobody_waits_for_a_firehose_that_cannot_be_written(redis_server: RedisServer) -> None:
    redis_server.flush()
    async with Proxy(redis_server.port) as proxy:
        client = connect(proxy.url, timeout_s=2)
        firehose = Firehose(client, max_bytes=10_000)
        store = EventStore(client, firehose, relay_at_once=False)
        await store.commit([commit(["e1"], size=6000)])
        proxy.lose_requests = 1000
        async with running(firehose), asyncio.timeout(20):
            await firehose.room()
            assert firehose.problem
            proxy.lose_requests = 0
            await firehose.drained()
        assert await firehose_of(client, KEYS) == ["e1"]
        await client.close()
