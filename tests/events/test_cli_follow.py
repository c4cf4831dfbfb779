"""`bsls events -f` while Redis is killed, fails over, moves keys, is emptied or trimmed: each event once, none lost."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from redis.crc import key_slot

from backend.events.connection import Client, connect
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from tests.events.command import Command, publish_named
from tests.events.conftest import AnyRedis
from tests.events.helpers import KEYS, contents, until
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer

pytestmark = pytest.mark.servers

SERVER = "backup/one"
BOTH = pytest.mark.parametrize("one", [[], ["--server", SERVER]], ids=["all", "one"])


async def write(client: Client, *names: str) -> None:
    """As often as it takes."""
    async with asyncio.timeout(30):
        while True:
            try:
                await publish_named(client, names)
                return
            except StoreError:
                await asyncio.sleep(0.05)


@BOTH
async def test_it_goes_on_from_the_last_ten(one: list[str], client: Client, any_redis: AnyRedis) -> None:
    await publish_named(client, [f"e{i}" for i in range(30)])
    async with Command(any_redis.url, "-f", "-o", "json", *one) as command:
        assert await command.ids(10) == [f"e{i}" for i in range(20, 30)]
        for i in range(5):
            await publish_named(client, [f"f{i}"])
            assert await command.ids(1) == [f"f{i}"]
        assert await command.end(signal.SIGINT) == (130, "", "")


async def test_before_there_is_anything(single: Client, redis_server: RedisServer) -> None:
    for args in (["--since", "1h"], ["-n", "all"], []):
        async with Command(redis_server.url, "-f", "-o", "json", *args) as command:
            await until(lambda: waits(single), "a reader that waits")
            await publish_named(single, ["e1"])
            assert await command.ids(1) == ["e1"]
        redis_server.flush()


async def waits(client: Client) -> bool:
    (found,) = await client.ask(KEYS.stream, [b"INFO", b"clients"])
    return b"blocked_clients:1" in found


@BOTH
async def test_redis_is_killed_and_comes_back_with_its_data(one: list[str], tmp_path: Path) -> None:
    with RedisServer("--dir", str(tmp_path), "--appendonly", "yes", "--appendfsync", "always") as server:
        client = connect(server.url)
        await publish_named(client, ["e0"])
        async with Command(server.url, "-f", "-o", "json", *one) as command:
            assert await command.ids(1) == ["e0"]
            for i in range(3):
                server.stop()
                assert "waiting: Redis at" in await command.notice()
                server.start()
                await write(client, f"a{i}", f"b{i}")
                assert await command.ids(2) == [f"a{i}", f"b{i}"]
                assert "answers again" in await command.notice()
            assert await command.end(signal.SIGINT) == (130, "", "")
        await client.close()


@BOTH
async def test_redis_is_away_at_the_beginning(one: list[str]) -> None:
    server = RedisServer()
    async with Command(server.url, "-f", "-o", "json", *one) as command:
        assert "cannot be reached" in await command.notice()
        with server:
            client = connect(server.url)
            await write(client, "e0")
            assert await command.ids(1) == ["e0"]
            await client.close()


@BOTH
async def test_redis_loses_everything_and_events_are_published_again(one: list[str]) -> None:
    """The controller publishes what it can read again, under the same ids."""
    with RedisServer() as server:
        client = connect(server.url)
        await publish_named(client, ["e0", "e1", "e2"])
        async with Command(server.url, "-f", "-o", "json", *one) as command:
            assert await command.ids(3) == ["e0", "e1", "e2"]
            server.stop()
            server.start()
            await write(client, "e1", "e2", "e3")
            assert await command.ids(1) == ["e3"]
            await write(client, "e4")
            assert await command.ids(1) == ["e4"]
            _, out, err = await command.end(signal.SIGINT)
        assert out == ""
        assert "is not there any more" in err
        await client.close()


@BOTH
async def test_the_newest_entries_are_lost(one: list[str], single: Client, redis_server: RedisServer) -> None:
    """As a failover does: those that replace them have ids that we have passed already."""
    stream = KEYS.stream if one else FIREHOSE
    await publish_named(single, ["e0"])
    await publish_named(single, ["e1"])
    async with Command(redis_server.url, "-f", "-o", "json", *one) as command:
        assert await command.ids(2) == ["e0", "e1"]
        entries = await StreamReader(single).history(stream)
        await until(lambda: waits(single), "a reader that waits")
        ms = int(entries[-1].id.partition("-")[0])
        ahead = f"{ms + 5000}-0"
        (raw,) = await single.ask(stream, [b"XRANGE", stream, b"-", b"+"])
        fields = raw[-1][1]
        await single.ask(stream, [b"XADD", stream, ahead.encode(), *(one.replace(b"e1", b"e2") for one in fields)])
        assert await command.ids(1) == ["e2"]
        kept = [(entry[0], entry[1]) for entry in raw]
        command.process.send_signal(signal.SIGSTOP)
        behind = f"{ms + 1000}-0".encode()
        await single.ask(
            stream, [b"MULTI"], [b"DEL", stream], *([b"XADD", stream, *entry_of(one)] for one in kept),
            [b"XADD", stream, behind, *(one.replace(b"e1", b"e3") for one in fields)], [b"EXEC"],
        )  # fmt: skip
        command.process.send_signal(signal.SIGCONT)
        assert await command.ids(1) == ["e3"]
        assert "lost its newest entries" in await command.notice()
        assert await command.end(signal.SIGINT) == (130, "", "")


def entry_of(raw: tuple[bytes, list[bytes]]) -> list[bytes]:
    return [raw[0], *raw[1]]


@BOTH
async def test_it_is_stopped_while_the_stream_is_trimmed(
    one: list[str], single: Client, redis_server: RedisServer
) -> None:
    stream = KEYS.stream if one else FIREHOSE
    await publish_named(single, ["e0"])
    async with Command(redis_server.url, "-f", "-o", "json", *one) as command:
        assert await command.ids(1) == ["e0"]
        command.process.send_signal(signal.SIGSTOP)
        for i in range(1, 10):
            await publish_named(single, [f"e{i}"])
        entries = await StreamReader(single).history(stream)
        await single.ask(stream, [b"XTRIM", stream, b"MAXLEN", b"2"])
        command.process.send_signal(signal.SIGCONT)
        shown = await command.ids(2)
        if shown[0] == "e1":  # its read was answered before it was stopped
            shown = [shown[1], *await command.ids(1)]
        assert shown == ["e8", "e9"]
        told = await command.notice()
        assert "the stream was trimmed or lost; what was stored after" in told
        assert f"({entries[8].id}) is not there any more" in told
        assert await command.end(signal.SIGINT) == (130, "", "")


@BOTH
async def test_a_failover(one: list[str]) -> None:
    with RedisSentinels() as servers:
        client = connect(servers.url, timeout_s=2)
        await write(client, *(f"e{i}" for i in range(20)))
        async with Command(servers.url, "-f", "-o", "json", "-n", "all", *one) as command:
            assert await command.ids(20) == [f"e{i}" for i in range(20)]
            old = servers.primary
            replica = next(server for server in servers.servers.values() if server is not old)
            reader = connect(replica.url)

            async def replicated() -> bool:
                return "e19" in (await contents(reader, KEYS.stream))[-1:]

            await until(replicated, "replication")
            await reader.close()
            old.stop()
            for i in range(20, 40):
                await write(client, f"e{i}")
            assert await command.ids(20) == [f"e{i}" for i in range(20, 40)]
            code, out, _ = await command.end(signal.SIGINT)
            assert (code, out) == (130, "")
        await client.close()


@BOTH
async def test_the_stream_moves_to_another_node_of_the_cluster(one: list[str]) -> None:
    with RedisCluster() as servers:
        client = connect(servers.url)
        await publish_named(client, ["e0"])
        async with Command(servers.url, "-f", "-o", "json", *one) as command:
            assert await command.ids(1) == ["e0"]
            for i in range(1, 3):
                await move(servers, client, KEYS.stream if one else FIREHOSE)
                await write(client, f"e{i}")
                assert await command.ids(1) == [f"e{i}"]
            code, out, _ = await command.end(signal.SIGINT)
            assert (code, out) == (130, "")
        await client.close()


async def move(servers: RedisCluster, client: Client, key: bytes) -> None:
    """The slot of a key, with all that is in it, as redis-cli would do it."""
    slot = str(key_slot(key))
    _, port = await client.address(key)
    source = next(node for node in servers.nodes if node.port == port)
    target = next(node for node in servers.nodes if node is not source)
    names = {node.port: node.cli("CLUSTER", "MYID").strip() for node in servers.nodes}
    target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", names[source.port])
    source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", names[target.port])
    for held in source.cli("CLUSTER", "GETKEYSINSLOT", slot, "1000").split():
        source.cli("MIGRATE", "127.0.0.1", str(target.port), held, "0", "5000")
    for node in (target, source, *servers.nodes):
        node.cli("CLUSTER", "SETSLOT", slot, "NODE", names[target.port])
    await client.forget()
