"""What push subscriptions keep, on real Redis: one holder, nothing lost unseen, everything settled once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.events.connection import Client, connect
from backend.events.errors import StoreError, StoreUnavailable
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.push.keys import PushKeys
from backend.events.push.letters import EVENT, GAP, DeadLetter, DeadLetters
from backend.events.push.status import Subscriptions
from backend.events.push.store import Batch, LeaseLost, PushStore
from backend.events.reader import StreamReader
from backend.events.trim import trim
from tests.dispatch.feed import Feed
from tests.events.helpers import Proxy, event, name_of
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
NAME = "siem"
KEYS = PushKeys(NAME)


def names(batches: list[Batch]) -> list[str]:
    return [name_of(one) for batch in batches for one in batch.events]


async def held(client: Client, *, earliest: bool = True) -> PushStore:
    store = PushStore(client, NAME, "pod-1")
    assert await store.acquire(30) == ""
    assert await store.open(earliest=earliest) is None
    return store


async def settle(store: PushStore, *commands: tuple[bytes, ...], limit: int = 100) -> int:
    return await store.settle(store.settlement(), commands, limit)


def ack(*batches: Batch) -> tuple[bytes, ...]:
    return (b"XACK", FIREHOSE, KEYS.group.encode(), *(one.id.encode() for one in batches))


def letter(name: str) -> DeadLetter:
    return DeadLetter(EVENT, "answered 400", "2026-11-25T10:00:00Z", server="a/b", event=event(name), attempts=3)


async def test_one_holder_at_a_time(client: Client) -> None:
    first, second = PushStore(client, NAME, "pod-1"), PushStore(client, NAME, "pod-2")
    assert await first.acquire(30) == ""
    assert await first.acquire(30) == ""
    assert await second.acquire(30) == "pod-1"
    await second.release()  # not its own
    assert await second.acquire(30) == "pod-1"
    with pytest.raises(LeaseLost):
        await second.renew(30)
    await first.renew(30)
    await first.release()
    with pytest.raises(LeaseLost):
        await first.renew(30)
    assert await second.acquire(30) == ""
    for refused in (first.open(earliest=True), first.read(10), first.settle(1, [], 0)):
        with pytest.raises(LeaseLost):
            await refused


@pytest.mark.parametrize(("earliest", "expected"), [(True, ["e1", "e2", "e3"]), (False, ["e3"])])
async def test_a_new_one_begins_where_it_is_told(client: Client, earliest: bool, expected: list[str]) -> None:
    feed = Feed(client)
    await feed.add("e1", "e2")
    store = await held(client, earliest=earliest)
    await feed.add("e3")
    found, lost = await store.read(10)
    assert (names(found), lost) == (expected, None)
    assert {one.server for one in found} == {"backup/one"}


async def test_the_next_holder_goes_on(client: Client) -> None:
    feed, store = Feed(client), await held(client)
    for i in range(250):
        await feed.add(f"e{i}")
    found = [one for _ in range(3) for one in (await store.read(100))[0]]
    await settle(store, ack(*found[:100]))
    await store.release()
    await feed.add("last")
    following = await held(client)
    pending: list[Batch] = []
    while page := await following.unfinished(pending[-1].id if pending else "0"):
        pending += page
    assert names(pending) == [f"e{i}" for i in range(100, 250)]
    oldest = (await Subscriptions(client).status(NAME)).oldest
    assert abs((datetime.fromisoformat(oldest) - datetime.now(UTC)).total_seconds()) < 60
    assert names((await following.read(10))[0]) == ["last"]
    assert await following.fetch(pending[0].id) == pending[0].events


async def test_a_read_whose_reply_is_lost_is_among_the_unfinished(redis_server: RedisServer) -> None:
    redis_server.flush()
    async with Proxy(redis_server.port) as proxy:
        client = connect(proxy.url)
        feed, store = Feed(client), await held(client)
        await feed.add("e1")
        assert names((await store.read(1))[0]) == ["e1"]
        await feed.add("e2", "e3")
        proxy.lose_replies = 1
        with pytest.raises(StoreUnavailable):
            await store.read(10)
        assert names(await store.unfinished(store.last_read)) == ["e2", "e3"]
        await client.close()


async def test_what_is_trimmed_unread_is_counted_and_told(client: Client) -> None:
    feed, store = Feed(client), await held(client)
    await feed.add("read")
    await store.read(10)
    for i in range(30):
        await feed.add(f"e{i}")
    done = await trim(client, FIREHOSE, keep=5, hard_limit=10)
    assert (done.forced, done.groups) == (True, [KEYS.group])
    found, lost = await store.read(100)
    assert names(found) == [f"e{i}" for i in range(20, 30)]
    assert lost is not None
    assert (lost.count, lost.before) == (20, found[0].id)
    (told,) = await DeadLetters(client, NAME).page()
    assert (told.kind, told.count, told.after, told.before) == (GAP, 20, lost.after, lost.before)
    await feed.add("more")
    assert (await store.read(100))[1] is None  # told once
    # and what was read, but not delivered, is there without events
    await trim(client, FIREHOSE, keep=1, hard_limit=1)
    unfinished = await store.unfinished("0")
    assert [one.events for one in unfinished[:-1]] == [()] * 11
    assert names(unfinished) == ["more"]
    assert await store.fetch(found[0].id) == ()
    assert (await Subscriptions(client).status(NAME)).lost == 20


async def test_nothing_is_told_lost_that_was_read(client: Client) -> None:
    feed, store = Feed(client), await held(client)
    for i in range(40):
        await feed.add(f"e{i}")
        if i % 7 == 0:
            found, lost = await store.read(100)
            assert lost is None
            await settle(store, ack(*found))
            await trim(client, FIREHOSE, keep=3, hard_limit=1000)


async def test_a_group_that_vanished_is_made_again_and_told(client: Client) -> None:
    feed, store = Feed(client), await held(client)
    await feed.add("e1")
    await store.read(10)
    await StreamReader(client).delete_group(FIREHOSE, KEYS.group)
    await feed.add("e2")
    with pytest.raises(StoreError):
        await store.read(10)
    lost = await store.open(earliest=False)
    assert lost is not None
    assert names((await store.read(10))[0]) == ["e2"]
    assert (await store.read(10))[1] is None
    assert await store.open(earliest=False) is None


async def test_a_flushed_redis_loses_nothing_that_comes_after(redis_server: RedisServer, single: Client) -> None:
    store = await held(single, earliest=False)
    await Feed(single).add("e1")
    await store.read(10)
    redis_server.flush()
    await Feed(single).add("e2")
    with pytest.raises(LeaseLost):
        await store.read(10)
    assert await store.acquire(30) == ""
    assert await store.open(earliest=False) is not None
    assert names((await store.read(10))[0]) == ["e2"]


async def test_a_settlement_is_done_once(client: Client) -> None:
    store = await held(client)
    await Feed(client).add("e1")
    found, _ = await store.read(10)
    commands = [ack(*found), letter("e1").add(KEYS), (b"HINCRBY", KEYS.state, b"delivered", b"3")]
    number = store.settlement()
    for _ in range(2):
        await store.settle(number, commands, 100)
    status = await Subscriptions(client).status(NAME)
    assert (status.dead_letters, status.delivered, status.waiting, status.holder) == (1, 3, 0, "pod-1")
    assert status.oldest == ""
    for i in range(5):
        dropped = await settle(store, letter(f"x{i}").add(KEYS), limit=4)
    assert dropped == 1
    assert (await Subscriptions(client).status(NAME)).dropped == 2


async def test_dead_letters_are_listed_delivered_again_and_deleted(client: Client) -> None:
    store, letters = await held(client), DeadLetters(client, NAME)
    gap = DeadLetter(GAP, "trimmed", "2026-11-25T10:00:00Z", count=3, after="1-0", before="5-0")
    await settle(store, *(letter(f"x{i}").add(KEYS) for i in range(4)), gap.add(KEYS))
    found = await letters.page()
    assert [one.kind for one in found] == [EVENT] * 4 + [GAP]
    assert (found[0].event, found[0].server, found[0].attempts) == (event("x0"), "a/b", 3)
    assert (await letters.page(found[3].id))[0].count == 3
    assert await letters.newest() == found[::-1]
    assert await letters.newest(found[3].id, 2) == found[1:3][::-1]
    assert await letters.newest(found[0].id) == []
    assert await letters.delete([found[0].id, "1-1"]) == 1
    assert await letters.redeliver([one.id for one in found]) == 3  # neither the deleted one nor the gap
    again, _ = await store.read(10)
    assert ([one.again for one in again], names(again)) == ([True] * 3, ["x1", "x2", "x3"])
    assert (await store.read(10))[0] == []
    await settle(store, (b"XDEL", KEYS.again, again[0].id.encode()))
    assert (await Subscriptions(client).status(NAME)).redelivering == 2
    assert [one.kind for one in await letters.page()] == [GAP]


async def test_a_subscription_is_forgotten_once_nobody_delivers_it(client: Client) -> None:
    store, all_of_them = await held(client), Subscriptions(client)
    assert await all_of_them.names() == [NAME]
    assert await all_of_them.delete(NAME) == "pod-1"
    await store.release()
    assert await all_of_them.delete(NAME) == ""
    assert await all_of_them.names() == []
    assert await StreamReader(client).groups(FIREHOSE) == []
    assert (await all_of_them.status(NAME)).waiting == 0


async def test_servers_keep_their_names(client: Client) -> None:
    store = await held(client)
    await Feed(client, ServerKeys("a", "b.c")).add("e1")
    assert [one.server for one in (await store.read(10))[0]] == ["a/b.c"]
