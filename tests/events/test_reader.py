"""Reading on the real Redis: history, following, and groups whose consumers crash."""

from __future__ import annotations

import asyncio
import time

import pytest

from backend.events.connection import Client, connect
from backend.events.errors import GroupGone, StoreUnavailable
from backend.events.firehose import Firehose
from backend.events.keys import FIREHOSE
from backend.events.reader import Claimed, Entry, StreamReader
from backend.events.store import EventStore
from tests.events.conftest import AnyRedis
from tests.events.helpers import KEYS, commit, event, events_of, name_of
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers

STREAM = KEYS.stream


async def fill(client: Client, *names: str) -> list[Entry]:
    token = (await EventStore(client).load(KEYS)).token
    await EventStore(client).commit([commit(names, token)])
    return (await StreamReader(client).history(STREAM, count=10_000))[-len(names) :]


def names(entries: list[Entry]) -> list[str]:
    return [name_of(one) for entry in entries for one in entry.events]


async def test_history_in_pages(client: Client) -> None:
    reader = StreamReader(client)
    assert await reader.history(STREAM) == []
    made = await fill(client, *(f"e{i}" for i in range(10)))
    first = await reader.history(STREAM, count=4)
    assert names(first) == ["e0", "e1", "e2", "e3"]
    assert first[0].events == [event("e0")]
    assert names(await reader.history(STREAM, first[-1].id, count=3)) == ["e4", "e5", "e6"]
    assert names(await reader.history(STREAM, made[2].id, made[5].id)) == ["e3", "e4"]
    bounds = await reader.bounds(STREAM)
    assert (bounds.first, bounds.last, bounds.length) == (made[0].id, made[-1].id, 10)
    empty = await reader.bounds(b"nothing")
    assert (empty.first, empty.last, empty.length) == ("", "", 0)


async def test_following_waits_and_then_tells_at_once(client: Client) -> None:
    reader = StreamReader(client)
    assert await reader.tail(STREAM, block_s=0.05) == {}
    (last,) = await fill(client, "e0")
    waiting = asyncio.create_task(reader.tail(STREAM, last.id, block_s=20))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    began = time.monotonic()
    await fill(client, "e1")
    assert names((await waiting)[STREAM]) == ["e1"]
    assert time.monotonic() - began < 5
    both = await reader.tail({STREAM: "0-0", KEYS.meta + b"-none": "0-0"}, block_s=1)
    assert {stream: names(entries) for stream, entries in both.items()} == {STREAM: ["e0", "e1"]}


async def test_a_blocking_read_outlasts_the_time_limit_of_other_calls(redis_server: RedisServer) -> None:
    client = connect(redis_server.url, timeout_s=0.2)
    began = time.monotonic()
    assert await StreamReader(client).tail(b"quiet", block_s=0.6) == {}
    assert time.monotonic() - began >= 0.55
    await client.close()


async def test_a_cancelled_read_leaves_no_answer_for_the_next_one(client: Client) -> None:
    reader = StreamReader(client)
    waiting = asyncio.create_task(reader.tail(STREAM, "0-0", block_s=20))
    await asyncio.sleep(0.05)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await fill(client, "e0")
    assert names(await reader.history(STREAM)) == ["e0"]


async def test_the_firehose_reads_like_a_stream(client: Client) -> None:
    made = commit(["e0", "e1"])
    await EventStore(client).commit([made])
    await Firehose(client).catch_up(KEYS)
    (entry,) = (await StreamReader(client).tail(FIREHOSE, "0-0"))[FIREHOSE]
    assert (entry.events, entry.server) == (events_of(made), "backup/one")


async def test_groups_begin_where_they_are_told(client: Client) -> None:
    reader = StreamReader(client)
    assert await reader.create_group(STREAM, "early")  # before there is a stream
    made = await fill(client, "e0", "e1")
    assert await reader.create_group(STREAM, "all", "0")
    assert await reader.create_group(STREAM, "new", "$")
    assert await reader.create_group(STREAM, "second", made[0].id)
    assert not await reader.create_group(STREAM, "all", "0")
    await fill(client, "e2")
    for group, expected in (
        ("early", ["e0", "e1", "e2"]), ("all", ["e0", "e1", "e2"]), ("new", ["e2"]), ("second", ["e1", "e2"])
    ):  # fmt: skip
        assert names(await reader.read_group(STREAM, group, "c")) == expected
        assert await reader.read_group(STREAM, group, "c", block_s=0.01) == []
    assert {one["name"]: one["pending"] for one in await reader.groups(STREAM)} == {
        "early": 3, "all": 3, "new": 1, "second": 2,
    }  # fmt: skip
    assert await reader.delete_group(STREAM, "new")
    assert not await reader.delete_group(STREAM, "new")


async def test_entries_of_a_crashed_consumer_are_claimed_once(client: Client) -> None:
    reader = StreamReader(client)
    await fill(client, *(f"e{i}" for i in range(6)))
    await reader.create_group(STREAM, "g")
    crashed = await reader.read_group(STREAM, "g", "first", count=4)
    assert await reader.ack(STREAM, "g", [crashed[0].id]) == 1
    assert await reader.ack(STREAM, "g", [crashed[0].id]) == 0
    assert await reader.ack(STREAM, "g", []) == 0
    assert (await reader.claim(STREAM, "g", "second", idle_s=60)).entries == []
    rest = await reader.read_group(STREAM, "g", "second")
    taken = await reader.claim(STREAM, "g", "second", idle_s=0, count=2)
    assert names(taken.entries) == ["e1", "e2"]
    more = await reader.claim(STREAM, "g", "second", idle_s=0, start=taken.next)
    assert (names(more.entries), more.next) == (["e3", "e4", "e5"], "0-0")
    assert names(await reader.read_group(STREAM, "g", "second", pending="0")) == ["e1", "e2", "e3", "e4", "e5"]
    assert await reader.read_group(STREAM, "g", "first", pending="0") == []
    everything = [one.id for one in (*rest, *taken.entries, *more.entries)]
    assert await reader.ack(STREAM, "g", set(everything)) == 5
    assert await reader.claim(STREAM, "g", "second", idle_s=0) == Claimed("0-0", [], [])


async def test_a_pending_entry_that_was_removed_is_told(client: Client) -> None:
    reader = StreamReader(client)
    one, two = await fill(client, "e0", "e1")
    await reader.create_group(STREAM, "g")
    await reader.read_group(STREAM, "g", "c")
    await client.ask(STREAM, [b"XDEL", STREAM, one.id.encode()])
    assert await reader.read_group(STREAM, "g", "c", pending="0") == [Entry(one.id, []), two]
    claimed = await reader.claim(STREAM, "g", "d", idle_s=0)
    assert (claimed.entries, claimed.deleted) == ([two], [one.id])


async def test_a_group_that_is_gone_is_told_also_while_waiting(client: Client, any_redis: AnyRedis) -> None:
    reader = StreamReader(client)
    with pytest.raises(GroupGone):
        await reader.read_group(STREAM, "g", "c", block_s=0.1)
    await fill(client, "e0")
    await reader.create_group(STREAM, "g", "$")
    waiting = asyncio.create_task(reader.read_group(STREAM, "g", "c", block_s=20))
    await asyncio.sleep(0.1)
    any_redis.flush()
    with pytest.raises(GroupGone):
        await waiting


async def test_a_reader_notices_that_redis_died() -> None:
    with RedisServer() as server:
        client = connect(server.url)
        waiting = asyncio.create_task(StreamReader(client).tail(b"quiet", block_s=20))
        await asyncio.sleep(0.1)
        server.stop()
        with pytest.raises(StoreUnavailable):
            await waiting
        server.start()
        assert await StreamReader(client).history(b"quiet") == []
        await client.close()


async def test_closing_ends_what_waits(single: Client, redis_server: RedisServer) -> None:
    client = connect(redis_server.url)
    waiting = asyncio.create_task(StreamReader(client).tail(b"quiet", block_s=20))
    await asyncio.sleep(0.1)
    await client.close()
    with pytest.raises(StoreUnavailable):
        await waiting
