"""Commits on the real Redis: what is written, what is refused, and that all of it happens or nothing."""

from __future__ import annotations

import asyncio

import pytest

from backend.events.commit import AT_ONCE, split
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import ServerKeys
from backend.events.store import Committed, Conflict, EventStore
from tests.events.conftest import AnyRedis
from tests.events.helpers import KEYS, commit, contents

pytestmark = pytest.mark.servers


async def test_a_new_server_is_empty(client: Client) -> None:
    loaded = await EventStore(client).load(KEYS)
    assert (loaded.token, loaded.cursor, loaded.last) == (b"", b"", b"0-0")
    assert [loaded.state, loaded.sessions, loaded.snapshots, loaded.tenants] == [{}] * 4


async def test_what_is_committed_is_loaded(client: Client) -> None:
    store = EventStore(client)
    changes = [
        (b"HSET", KEYS.state, b"ready", b"True", b"reason", b"Up"),
        (b"HSET", KEYS.snapshots, b"a", b"1", b"b", b"2"),
        (b"HDEL", KEYS.snapshots, b"a"),
        (b"HSET", KEYS.sessions, b"s", b"1"),
        (b"DEL", KEYS.sessions),
    ]
    first = commit(["e1", "e2"], changes=changes, cursor=b"here")
    (done,) = await store.commit([first])
    assert isinstance(done, Committed)
    assert done.previous == b"0-0"
    loaded = await store.load(KEYS)
    assert (loaded.token, loaded.cursor, loaded.last) == (first.token, b"here", done.last)
    assert loaded.state == {b"ready": b"True", b"reason": b"Up"}
    assert loaded.snapshots == {b"b": b"2"}
    assert loaded.sessions == {}
    second = commit(["e3"], first.token)
    (following,) = await store.commit([second])
    assert isinstance(following, Committed)
    assert following.previous == done.last
    assert (await store.load(KEYS)).cursor == b"here"
    assert await contents(client, KEYS.stream) == ["e1", "e2", "e3"]


async def test_another_token_is_a_conflict_and_writes_nothing(client: Client) -> None:
    store = EventStore(client)
    first = commit(["e1"])
    await store.commit([first])
    late = commit(["e2"], b"old", changes=[(b"HSET", KEYS.state, b"a", b"1")], cursor=b"x")
    assert await store.commit([late]) == [Conflict(first.token)]
    loaded = await store.load(KEYS)
    assert (loaded.token, loaded.cursor, loaded.state) == (first.token, b"", {})
    assert await contents(client, KEYS.stream) == ["e1"]


async def test_many_servers_in_one_call_each_with_its_own_outcome(client: Client) -> None:
    store = EventStore(client)
    servers = [ServerKeys("backup", f"server-{i}") for i in range(30)]  # on all nodes of the cluster
    commits = [commit([f"e-{one.name}"], b"wrong" if i % 7 == 3 else b"", keys=one) for i, one in enumerate(servers)]
    outcomes = await store.commit(commits)
    assert [type(one) for one in outcomes] == [Conflict if i % 7 == 3 else Committed for i in range(30)]
    for i, one in enumerate(servers):
        assert await contents(client, one.stream) == ([] if i % 7 == 3 else [f"e-{one.name}"])


async def test_a_commit_may_be_large(client: Client) -> None:
    store = EventStore(client)
    fields = [part for i in range(20_000) for part in (b"f%d" % i, b"v")]
    done = await store.commit(
        [commit([f"e{i}" for i in range(5000)], changes=[(b"HSET", KEYS.snapshots, *fields)], size=300)]
    )
    assert isinstance(done[0], Committed)
    assert len((await store.load(KEYS)).snapshots) == 20_000
    assert len(await contents(client, KEYS.stream)) == 5000


async def test_a_flushed_redis_is_a_conflict_with_no_token(client: Client, any_redis: AnyRedis) -> None:
    store = EventStore(client)
    first = commit(["e1"])
    await store.commit([first])
    any_redis.flush()
    assert await store.commit([commit(["e2"], first.token)]) == [Conflict(b"")]
    assert (await store.load(KEYS)).token == b""
    assert isinstance((await store.commit([commit(["e1"])]))[0], Committed)


async def test_a_script_that_redis_forgot_is_loaded_again(client: Client, any_redis: AnyRedis) -> None:
    store = EventStore(client)
    first = commit(["e1"])
    await store.commit([first])
    await client.ask(KEYS.meta, [b"SCRIPT", b"FLUSH"])
    assert isinstance((await store.commit([commit(["e2"], first.token)]))[0], Committed)


async def test_two_writers_never_both_succeed(client: Client) -> None:
    store = EventStore(client)

    async def write(who: str) -> list[str]:
        written = []
        for i in range(60):
            token = (await store.load(KEYS)).token
            name = f"{who}-{i}"
            if isinstance((await store.commit([commit([name], token)]))[0], Committed):
                written.append(name)
        return written

    one, two = await asyncio.gather(write("one"), write("two"))
    assert sorted(await contents(client, KEYS.stream)) == sorted(one + two)


async def test_a_key_of_another_type_is_told(single: Client) -> None:
    await single.ask(KEYS.stream, [b"SET", KEYS.stream, b"x"])
    with pytest.raises(StoreError, match="unexpected answer"):
        await EventStore(single).commit([commit(["e1"])])


def test_large_changes_are_split_between_fields() -> None:
    pairs = tuple(b"%d" % i for i in range(2 * AT_ONCE + 2))
    assert list(split((b"HSET", b"k", *pairs))) == [
        (b"HSET", b"k", *pairs[: 2 * AT_ONCE]), (b"HSET", b"k", *pairs[2 * AT_ONCE :]),
    ]  # fmt: skip
    assert [len(one) - 2 for one in split((b"HDEL", b"k", *pairs))] == [AT_ONCE, AT_ONCE, 2]
    assert list(split((b"DEL", b"k"))) == [(b"DEL", b"k")]
