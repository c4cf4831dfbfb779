"""What a writer is told when Redis, or the way to it, fails; and that nothing is written twice."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from pathlib import Path

import pytest
from redis.crc import key_slot

from backend.events.connection import Client, connect
from backend.events.errors import StoreError, StoreFull, StoreReadOnly, StoreRefused, StoreUnavailable
from backend.events.keys import ServerKeys
from backend.events.store import Committed, Conflict, EventStore
from tests.events.helpers import KEYS, Proxy, commit, contents, until
from tests.servers.ports import free_ports
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("budget", ["lose_replies", "lose_requests"])
async def test_a_lost_reply_or_request_is_written_exactly_once(
    single: Client, redis_server: RedisServer, budget: str
) -> None:
    async with Proxy(redis_server.port) as proxy:
        client = connect(proxy.url)
        store = EventStore(client)
        first = commit(["e1"])
        await store.commit([first])
        setattr(proxy, budget, 1)
        second = commit(["e2", "e3"], first.token)
        (done,) = await store.commit([second])
        assert isinstance(done, Committed)
        assert proxy.lost == 1
        assert (await store.load(KEYS)).token == second.token
        await store.close()
    assert await contents(single, KEYS.stream) == ["e1", "e2", "e3"]


async def test_a_lost_reply_after_which_somebody_else_wrote_is_a_conflict(
    single: Client, redis_server: RedisServer
) -> None:
    async with Proxy(redis_server.port) as proxy:
        client = connect(proxy.url)
        await client.ask(KEYS.meta, [b"PING"])
        proxy.lose_replies = 2  # also that of the second try
        mine = commit(["mine"])
        with pytest.raises(StoreUnavailable):
            await EventStore(client).commit([mine])
        other = commit(["other"], mine.token)
        assert isinstance((await EventStore(single).commit([other]))[0], Committed)
        assert await EventStore(client).commit([mine]) == [Conflict(other.token)]
        await client.close()
    assert await contents(single, KEYS.stream) == ["mine", "other"]


async def test_nothing_is_lost_or_doubled_when_redis_is_killed_again_and_again(tmp_path: Path) -> None:
    """With a disk that is written before each reply."""
    options = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path))
    with RedisServer(*options) as server:
        client = connect(server.url, timeout_s=2)
        store = EventStore(client)
        written: list[str] = []
        stop = asyncio.Event()

        async def token_now() -> bytes:
            while True:
                with contextlib.suppress(StoreError):
                    return (await store.load(KEYS)).token
                await asyncio.sleep(0.02)

        async def write() -> None:
            token, i = b"", 0
            while not stop.is_set():
                names = [f"e{i}", f"e{i + 1}"]
                step = commit(names, token, size=2000)
                try:
                    (done,) = await store.commit([step])
                    assert isinstance(done, Committed)
                except StoreError:
                    if await token_now() == token:  # was not written
                        continue
                written.extend(names)
                token, i = step.token, i + 2

        writer = asyncio.create_task(write())
        for _ in range(4):
            before = len(written)

            async def goes_on(before: int = before) -> bool:
                return writer.done() or len(written) >= before + 40

            await until(goes_on, "writing")
            server.stop()
            _drop_half_a_transaction(tmp_path)
            server.start()
        stop.set()
        await writer
        stored = await contents(client, KEYS.stream)
        assert stored == written
        await store.close()


def _drop_half_a_transaction(folder: Path) -> None:
    """Redis 7.0 leaves the beginning of a transaction in its file when a kill cut it within a command, and runs that
    with the next transaction at the start after the next (Valkey mended this: valkey-io/valkey#4342).
    """
    manifest = folder / "appendonlydir" / "appendonly.aof.manifest"
    subprocess.run(
        ["redis-check-aof", "--fix", str(manifest)], input=b"y\n", check=True, capture_output=True, timeout=20
    )


async def test_a_redis_that_is_away_or_silent_is_unavailable(single: Client) -> None:
    nobody = connect(f"redis://:secret@127.0.0.1:{free_ports(1)[0]}/0")
    with pytest.raises(StoreUnavailable, match="cannot be reached") as failure:
        await EventStore(nobody).commit([commit(["e"])])
    assert "secret" not in str(failure.value)
    with pytest.raises(StoreUnavailable):
        await EventStore(nobody).load(KEYS)
    await nobody.close()
    with RedisServer() as server:
        client = connect(server.url, timeout_s=0.3)
        store = EventStore(client)
        first = commit(["e1"])
        await store.commit([first])
        server.freeze()
        lost = commit(["e2"], first.token)
        with pytest.raises(StoreUnavailable, match="in time"):
            await store.commit([lost])
        server.thaw()

        async def decided() -> bool:
            return (await store.load(KEYS)).token == lost.token

        await until(decided, "what was sent before the time was up")
        assert await contents(client, KEYS.stream) == ["e1", "e2"]
        await store.close()


async def test_a_full_redis_takes_nothing_and_goes_on_when_it_has_space(tmp_path: Path) -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        client = connect(server.url)
        store = EventStore(client)
        first = commit(["e1"], changes=[(b"HSET", KEYS.state, b"a", b"1")])
        await store.commit([first])
        server.cli("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StoreFull, match="maxmemory"):
            await store.commit([commit(["e2"], first.token, changes=[(b"HSET", KEYS.state, b"a", b"2")])])
        with pytest.raises(StoreFull):
            await store.commit([commit([], first.token, changes=[(b"HSET", KEYS.state, b"a", b"2")])])
        loaded = await store.load(KEYS)
        assert (loaded.token, loaded.state) == (first.token, {b"a": b"1"})
        server.cli("CONFIG", "SET", "maxmemory", "0")
        assert isinstance((await store.commit([commit(["e2"], first.token)]))[0], Committed)
        assert await contents(client, KEYS.stream) == ["e1", "e2"]
        await store.close()


async def test_a_replica_is_read_only(redis_sentinels: RedisSentinels) -> None:
    redis_sentinels.flush()
    replica = next(one for one in redis_sentinels.servers.values() if one is not redis_sentinels.primary)
    client = connect(replica.url)
    with pytest.raises(StoreReadOnly, match="replica"):
        await EventStore(client).commit([commit(["e"])])
    await client.close()


async def test_passwords_and_rights() -> None:
    with RedisServer("--requirepass", "right-secret") as server:
        for password, match in ((None, "wants a password"), ("wrong-secret", "password")):
            client = connect(server.url, password=password)
            with pytest.raises(StoreRefused, match=match) as failure:
                await EventStore(client).commit([commit(["e"])])
            assert "secret" not in str(failure.value)
            await client.close()
        for client in (
            connect(server.url, password="right-secret"),
            connect(f"redis://:right-secret@127.0.0.1:{server.port}/0"),
        ):
            await client.ask(KEYS.meta, [b"PING"])
            assert "secret" not in repr(client)
            await client.ask(KEYS.meta, [b"ACL", b"SETUSER", b"reader", b"on", b">pw", b"~*", b"+@read"])
            await client.close()
        client = connect(server.url, username="reader", password="pw")
        await EventStore(client).load(KEYS)
        with pytest.raises(StoreRefused, match="ACL"):
            await EventStore(client).commit([commit(["e"])])
        await client.close()


async def test_the_password_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSLS_REDIS_PASSWORD", "right-secret")
    with RedisServer("--requirepass", "right-secret") as server:
        client = connect(server.url)
        assert await client.ask(KEYS.meta, [b"PING"]) == [b"PONG"]
        await client.close()


async def test_a_unix_socket(tmp_path: Path) -> None:
    with RedisServer("--unixsocket", str(tmp_path / "redis.sock")):
        client = connect(f"unix://{tmp_path}/redis.sock?db=2")
        assert isinstance((await EventStore(client).commit([commit(["e"])]))[0], Committed)
        await client.close()


async def test_a_slot_that_moved_is_found_and_a_plain_url_to_a_cluster_is_told(redis_cluster: RedisCluster) -> None:
    redis_cluster.flush()
    servers = [ServerKeys("backup", f"s{i}") for i in range(12)]
    client = connect(redis_cluster.url)
    store = EventStore(client)
    assert all(isinstance(one, Committed) for one in await store.commit([commit(["e"], keys=one) for one in servers]))
    slot = str(key_slot(servers[0].meta))
    old, new = _move(redis_cluster, slot)
    try:
        (done,) = await store.commit([commit(["new"], keys=servers[0])])
        assert isinstance(done, Committed)
        assert "1" in new.cli("EXISTS", servers[0].meta.decode())
    finally:
        redis_cluster.flush()
        for node in redis_cluster.nodes:
            node.cli("CLUSTER", "SETSLOT", slot, "NODE", old.cli("CLUSTER", "MYID").strip())
    await store.close()
    plain = connect(redis_cluster.nodes[0].url)
    with pytest.raises(StoreUnavailable, match=r"redis\+cluster"):
        await EventStore(plain).commit([commit(["x"], keys=one) for one in servers])
    await plain.close()


def _move(cluster: RedisCluster, slot: str) -> tuple[RedisServer, RedisServer]:
    """The (emptied) slot to another node."""
    cluster.flush()
    old = next(one for one in cluster.nodes if _holds(one, int(slot)))
    new = next(one for one in cluster.nodes if one is not old)
    for node in (new, old, *cluster.nodes):
        node.cli("CLUSTER", "SETSLOT", slot, "NODE", new.cli("CLUSTER", "MYID").strip())
    return old, new


def _holds(node: RedisServer, slot: int) -> bool:
    mine = next(line for line in node.cli("CLUSTER", "NODES").splitlines() if "myself" in line).split()[8:]
    ranges = [(int(a), int(b or a)) for a, _, b in (one.partition("-") for one in mine)]
    return any(first <= slot <= last for first, last in ranges)
