"""Resuming on the real Redis: each event once, in order, wherever a stream was cut and whichever replica goes on."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from backend.api.stream.limits import Limits
from backend.events.connection import Client
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.reader import StreamReader
from tests.api.stream.live import QUICK, service, streaming
from tests.dispatch.feed import Feed
from tests.events.helpers import name_of
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers

FORGETFUL = replace(QUICK, log_bytes=3000, page=2)
SMALL = replace(QUICK, write_bytes=500, behind_bytes=40_000)


@pytest.mark.parametrize("limits", [QUICK, FORGETFUL, SMALL], ids=["memory", "history", "small pieces"])
@pytest.mark.parametrize("seed", range(3))
async def test_cuts_at_random_places(redis_server: RedisServer, single: Client, limits: Limits, seed: int) -> None:
    chance = random.Random(seed)
    feeds = [Feed(single, ServerKeys("backup", f"server-{number}")) for number in range(3)]
    total, written = 400, 0
    await feeds[0].more(5)  # older than all

    async def write() -> None:
        nonlocal written
        while written < total:
            count = min(chance.randint(1, 9), total - written)
            await chance.choice(feeds).more(count)
            written += count

    async with service(redis_server.url, limits) as one, service(redis_server.url, limits) as other:
        async with streaming(one) as stream:
            last = stream.last
        writing = asyncio.create_task(write())
        had: list[str] = []
        while len(had) < total:
            async with streaming(chance.choice([one, other]), last) as stream:
                had += await stream.ids(min(chance.randint(0, 60), total - len(had)))
                last = stream.last
        await writing
        entries = await StreamReader(single).history(FIREHOSE, count=10_000)
        assert had == [name_of(event) for entry in entries for event in entry.events][5:]
        assert one.hub.figures.gaps == other.hub.figures.gaps == 0


async def test_a_restarted_process_goes_on_from_what_it_reads_at_its_start(
    redis_server: RedisServer, single: Client
) -> None:
    feed = Feed(single)
    async with service(redis_server.url) as first, streaming(first) as stream:
        names = await feed.more(6)
        assert await stream.ids(2) == names[:2]
        last = stream.last
    names += await feed.more(4)
    async with service(redis_server.url) as second, streaming(second, last) as stream:
        names += await feed.more(3)
        assert await stream.ids(11) == names[2:]


async def test_the_beginning_a_whole_entry_and_a_moment(redis_server: RedisServer, single: Client) -> None:
    feed = Feed(single)
    names = await feed.more(3) + await feed.more(2)
    first, second = await StreamReader(single).history(FIREHOSE)
    async with service(redis_server.url) as served:
        async with streaming(served, "0-0") as stream:
            assert await stream.ids(5) == names
        async with streaming(served, first.id) as stream:
            assert await stream.ids(2) == names[3:]
        async with streaming(served, since="0") as stream:
            assert await stream.ids(5) == names
        async with streaming(served, second.id) as stream:
            assert await stream.ids(len(late := await feed.more(2))) == late


async def test_a_place_without_events_moves_on(redis_server: RedisServer, single: Client) -> None:
    """Who filters much gets the position with each heartbeat."""
    feed = Feed(single)
    async with service(redis_server.url, replace(QUICK, heartbeat_s=0.1)) as served:
        async with streaming(served, server="backup/other") as stream:
            begun = stream.last
            await feed.more(3)
            while stream.last == begun:
                await stream.message()
        (entry,) = await StreamReader(single).history(FIREHOSE)
        assert stream.last == f"{entry.id}.2"


async def test_a_trimmed_place_is_a_gap(redis_server: RedisServer, single: Client) -> None:
    feed = Feed(single)
    for _ in range(6):
        await feed.more(1)
    entries = await StreamReader(single).history(FIREHOSE)
    redis_server.cli("XTRIM", FIREHOSE.decode(), "MINID", entries[3].id)
    async with service(redis_server.url) as served:
        for last in (f"{entries[0].id}.0", entries[1].id):
            async with streaming(served, last) as stream:
                gap = await stream.named()
                assert gap.event == "gap"
                assert gap.json["after"] == last
                assert entries[2].id <= gap.json["upto"] < entries[3].id
                assert "not there any more" in gap.json["reason"]
                assert await stream.ids(3) == [name_of(one.events[0]) for one in entries[3:]]
        assert served.hub.figures.gaps == 2


async def test_a_place_that_the_store_lost(redis_server: RedisServer, single: Client) -> None:
    """After a failover ids may be older than the last one that a client had."""
    names = await Feed(single).more(3)
    async with service(redis_server.url) as served, streaming(served, "9999999999999-0.4") as stream:
        gap = await stream.named()
        assert gap.event == "gap"
        assert "does not know this position" in gap.json["reason"]
        assert await stream.ids(3) == names
