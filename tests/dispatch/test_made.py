"""Subscriptions of the API as Redis keeps them, on one Redis, behind Sentinel and in a cluster."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.events.connection import Client
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.push import scopes
from backend.events.push.made import Changed, MadeStore, NameTaken, TooMany
from backend.events.push.made_models import Made, Owner, Record, record_of
from backend.events.push.policy import OpenTarget, Policy
from backend.events.push.rewind import rewind
from backend.events.push.scopes import ScopeStore, Told
from backend.events.push.status import Subscriptions
from backend.events.push.store import Batch, LeaseLost, PushStore
from backend.events.reader import StreamReader
from backend.events.resp import pack
from backend.events.sight import EVERYTHING, Sight
from backend.events.trim import trim
from tests.dispatch.feed import Feed
from tests.events.helpers import name_of, until
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
ALICE = Owner(user="alice", uid="u-1", groups=("team-a", "system:authenticated"), extra={"scopes": ("full",)})
POLICY = Policy(targets=(OpenTarget(host="siem.example.com"),), per_owner=2, total=3)


def made(name: str = "siem", **changed: Any) -> Made:
    return Made.model_validate({"name": name, "sink": "https://siem.example.com/events"} | changed)


def names(batches: list[Batch]) -> list[str]:
    return [name_of(one) for batch in batches for one in batch.events]


async def keys_of(client: Client) -> set[str]:
    """All that subscriptions keep."""
    address = await client.address(FIREHOSE)
    (found,) = await client.exchange(address, [pack([b"KEYS", b"{bsls:events}:push*"])], 1)
    return {one.decode() for one in found}


async def delivering(client: Client, record: Record, who: str = "pod-1") -> PushStore:
    store = PushStore(client, record.uid, who, record.rev)
    assert await store.acquire(30) == ""
    assert await store.open(earliest=False) is None
    return store


async def ack(store: PushStore, *batches: Batch) -> None:
    command = (b"XACK", FIREHOSE, store.keys.group.encode(), *(one.id.encode() for one in batches))
    await store.settle(store.settlement(), [command], 100)


async def test_made_found_changed_and_deleted_with_every_key(client: Client) -> None:
    store, feed = MadeStore(client), Feed(client)
    await feed.add("before")
    record = await store.create(made(filters=[{"exact": {"severity": "error"}}], servers=["a/*"]), ALICE, POLICY)
    assert await store.find("alice", "siem") == record
    assert (await store.find("bob", "siem"), await store.find("alice", "other")) == (None, None)
    assert {uid: record_of(text) for uid, text in (await store.all()).items()} == {record.uid: record}
    changed = await store.change(record, lambda one: one.model_copy(update={"made": made(paused=True)}))
    assert (changed.rev, changed.made.paused, await store.find("alice", "siem")) == (2, True, changed)
    for stale in (store.change(record, lambda one: one), store.delete(record)):
        with pytest.raises(Changed):
            await stale
    await delivering(client, changed)
    await store.delete(changed)
    assert await keys_of(client) == {"{bsls:events}:push:changes"}
    assert await StreamReader(client).groups(FIREHOSE) == []
    again = await store.create(made(), ALICE, POLICY)
    assert again.uid != record.uid


async def test_names_and_numbers_are_limited(client: Client) -> None:
    store = MadeStore(client)
    await store.create(made("a"), ALICE, POLICY)
    with pytest.raises(NameTaken):
        await store.create(made("a"), ALICE, POLICY)
    await store.create(made("b"), ALICE, POLICY)
    with pytest.raises(TooMany, match="you have 2 subscriptions already"):
        await store.create(made("c"), ALICE, POLICY)
    await store.create(made("a"), Owner(user="x alice"), POLICY)  # ends like hers, and is somebody else
    with pytest.raises(TooMany, match=r"api\.total"):
        await store.create(made("a"), Owner(user="bob"), POLICY)


@pytest.mark.parametrize(("start", "expected"), [("now", ["e2"]), ("earliest", ["e1", "e2"])])
async def test_it_begins_with_the_request(client: Client, start: str, expected: list[str]) -> None:
    feed = Feed(client)
    await feed.add("e1")
    record = await MadeStore(client).create(made(start=start), ALICE, POLICY)
    await feed.add("e2")  # nobody delivers yet
    store = await delivering(client, record)
    found, lost = await store.read(10)
    assert (names(found), lost) == (expected, None)
    for i in range(30):
        await feed.add(f"x{i}")
    assert (await trim(client, FIREHOSE, keep=5, hard_limit=10)).forced
    _, lost = await store.read(100)
    assert lost is not None
    assert lost.count == 20  # counted from the beginning


async def test_the_lease_is_of_the_newest_revision(client: Client) -> None:
    made_store = MadeStore(client)
    record = await made_store.create(made(), ALICE, POLICY)
    holder = await delivering(client, record)
    await made_store.change(record, lambda one: one)
    await holder.renew(30)  # it finishes what is under way
    await holder.release()
    with pytest.raises(LeaseLost):
        await PushStore(client, record.uid, "pod-2", record.rev).acquire(30)
    newest = await made_store.find("alice", "siem")
    assert newest is not None
    holder = await delivering(client, newest)
    await made_store.delete(newest)
    for refused in (holder.acquire(30), holder.renew(30), holder.read(1), holder.open(earliest=False)):
        with pytest.raises(LeaseLost):
            await refused
    assert await StreamReader(client).groups(FIREHOSE) == []


async def test_a_look_tells_what_has_changed(client: Client) -> None:
    store = MadeStore(client)
    first = await store.look(b"?")
    assert (first.made, first.scopes, first.policy) == ({}, {}, False)
    assert (await store.look(first.token)).made is None
    record = await store.create(made(), ALICE, POLICY)
    await store.publish(POLICY)
    assert await store.policy() == POLICY
    second = await store.look(first.token)
    assert second.made is not None
    assert (list(second.made), second.policy) == ([record.uid], True)


async def test_each_turn_is_one_replicas(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scopes, "CLAIM_S", 0.2)
    monkeypatch.setattr(scopes, "EVERY_S", 0.2)
    made_store, store = MadeStore(client), ScopeStore(client)
    record = await made_store.create(made(), ALICE, POLICY)
    asked, found = await store.claim(10)
    assert found == [record]
    assert (await store.claim(10))[1] == []

    async def turn() -> bool:
        return (await store.claim(10))[1] == [record]

    await until(turn, "the claim of a replica that died lapses")
    told = Told(Sight(namespaces=frozenset({"backup"}), tenant_namespaces=frozenset({"team-a"})), asked)
    await store.tell(record, told)
    assert await store.find(record.uid) == told
    await store.tell(record, Told(EVERYTHING, asked - 1))  # a replica that was slow
    assert await store.find(record.uid) == told
    await until(turn, "the next turn")
    changed = await made_store.change(record, lambda one: one)
    assert await store.find(record.uid) is None  # what was said of the one before does not hold
    await store.tell(record, Told(EVERYTHING, asked + 10_000))
    assert await store.find(record.uid) is None
    assert (await store.claim(10))[1] == [changed]


async def test_a_rewound_one_reads_all_once_more_and_still_notices_what_is_trimmed(client: Client) -> None:
    feed = Feed(client)
    record = await MadeStore(client).create(made(start="earliest"), ALICE, POLICY)
    for i in range(20):
        await feed.add(f"e{i}")
    store = await delivering(client, record)
    found, _ = await store.read(15)
    await ack(store, *found[:3], *found[5:8])
    done = await rewind(client, record.uid, found[4].id)
    assert (done.first, done.complete) == (found[5].id, True)
    with pytest.raises(LeaseLost):
        await store.read(10)
    store = await delivering(client, record)
    assert names(await store.unfinished("0")) == ["e3", "e4"]  # from before the place, not settled yet
    assert names((await store.read(100))[0]) == [f"e{i}" for i in range(5, 20)]
    await rewind(client, record.uid, found[9].id)
    await trim(client, FIREHOSE, keep=4, hard_limit=5)
    store = await delivering(client, record)
    again, lost = await store.read(100)
    assert names(again) == [f"e{i}" for i in range(15, 20)]
    assert lost is not None
    assert lost.count == 5
    done = await rewind(client, record.uid, "0-0")
    assert (done.first, done.complete) == (again[0].id, False)
    status = await Subscriptions(client).status(record.uid)
    assert (status.waiting, status.lost) == (5, 5)
    done = await rewind(client, record.uid, again[-1].id)
    assert (done.first, done.complete) == ("", True)
    assert (await Subscriptions(client).status(record.uid)).waiting == 0
    done = await rewind(client, record.uid, "99999999999999-0")  # what comes before then is not left out
    assert done.first == ""
    await feed.add("new")
    store = await delivering(client, record)
    found, lost = await store.read(10)
    assert (names(found), lost) == (["new"], None)


async def test_a_batch_that_was_half_delivered_begins_anew_after_a_rewind(client: Client) -> None:
    record = await MadeStore(client).create(made(start="earliest"), ALICE, POLICY)
    for keys in (ServerKeys("a", "b"), ServerKeys("a", "c")):
        await Feed(client, keys).add("e1", "e2", "e3")
    store = await delivering(client, record)
    found, _ = await store.read(10)
    places = [word for one in found for word in (one.server.encode(), b'{"batch":"%b","done":1}' % one.id.encode())]
    await store.settle(store.settlement(), [(b"HSET", store.keys.lanes, *places)], 100)
    await rewind(client, record.uid, found[0].id)
    assert list((await PushStore(client, record.uid, "pod-2", 1).load())[1]) == [found[0].server]


async def test_many_entries_are_counted_in_pages(single: Client, redis_server: RedisServer) -> None:
    record = await MadeStore(single).create(made(), ALICE, POLICY)
    script = "for i = 1, 1203 do redis.call('XADD', KEYS[1], '*', 'server', 'a/b', 'events', '[{}]', 'sizes', '2') end"
    await asyncio.to_thread(redis_server.cli, "EVAL", script, "1", FIREHOSE.decode())
    assert (await rewind(single, record.uid, "0-0")).complete
    assert (await Subscriptions(single).status(record.uid)).waiting == 1203


async def test_a_full_redis_lets_it_be_looked_at_and_deleted(single: Client, redis_server: RedisServer) -> None:
    made_store, store = MadeStore(single), ScopeStore(single)
    record = await made_store.create(made(), ALICE, POLICY)
    redis_server.cli("CONFIG", "SET", "maxmemory", "1")
    try:
        asked, found = await store.claim(10)
        assert found == [record]
        await store.tell(record, Told(EVERYTHING, asked))
        assert await store.find(record.uid) == Told(EVERYTHING, asked)
        await made_store.delete(record)
    finally:
        redis_server.cli("CONFIG", "SET", "maxmemory", "0")
    assert await made_store.all() == {}
