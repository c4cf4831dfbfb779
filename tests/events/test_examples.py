"""The examples of docs/consuming-events.md on the real Redis: killed, claimed, resumed."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis

from backend.events.connection import Client, connect
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from tests.events.command import publish_named
from tests.events.examples import PYTHON, Language, Program, Sink, go, python
from tests.events.helpers import KEYS, until
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers

GROUP = "siem"
STREAMS = pytest.mark.parametrize("stream", [KEYS.stream.decode(), FIREHOSE.decode()], ids=["server", "firehose"])


@pytest.fixture(params=["python", "go"])
def language(request: pytest.FixtureRequest) -> Language:
    return python() if request.param == "python" else go(request.getfixturevalue("go_examples"))


@pytest.fixture
def sink(language: Language, tmp_path: Path) -> Sink:
    return language.sink(tmp_path)


@pytest.fixture
async def lasting(tmp_path: Path) -> AsyncIterator[tuple[RedisServer, Client]]:
    """A Redis that keeps what it answered for, and a client."""
    with RedisServer("--dir", str(tmp_path), "--appendonly", "yes", "--appendfsync", "always") as server:
        client = connect(server.url)
        yield server, client
        await client.close()


async def pending(client: Client, stream: str) -> int:
    groups = await StreamReader(client).groups(stream.encode())
    return sum(int(one["pending"]) for one in groups if one["name"] == GROUP)


async def grouped(client: Client, stream: str) -> None:
    """Until the consumer has made the group."""

    async def there() -> bool:
        (exists,) = await client.ask(stream.encode(), [b"EXISTS", stream.encode()])
        return bool(exists) and bool(await StreamReader(client).groups(stream.encode()))

    await until(there, "a group", 60)


async def complete(sink: Sink, client: Client, stream: str, wanted: set[str]) -> None:
    async def done() -> bool:
        return set(sink.ids()) == wanted and not await pending(client, stream)

    await until(done, f"{len(wanted)} events stored and acknowledged", 60)


async def stopped_at_work(program: Program, client: Client, stream: str, names: list[str]) -> None:
    """Freeze a consumer that has read entries and not acknowledged them all; `names` gets what was published."""
    for _ in range(100):
        program.freeze()
        made = [f"e{len(names) + i}" for i in range(200)]
        for start in range(0, 200, 50):
            await publish_named(client, made[start : start + 50])
        names += made
        program.thaw()
        await until(lambda: _some(client, stream), "entries that were read", 60)
        program.freeze()
        if await pending(client, stream):
            return
        program.thaw()
    raise AssertionError("the consumer was never caught at work")


async def _some(client: Client, stream: str) -> bool:
    (info,) = await StreamReader(client).groups(stream.encode())
    (last,) = await client.ask(stream.encode(), [b"XREVRANGE", stream.encode(), b"+", b"-", b"COUNT", b"1"])
    return bool(info["pending"]) or info["last-delivered-id"] == last[0][0].decode()


@STREAMS
async def test_killed_at_work_another_consumer_claims(
    stream: str, language: Language, sink: Sink, single: Client, redis_server: RedisServer
) -> None:
    names: list[str] = []
    args = (stream, GROUP)
    async with Program(language, "consume", redis_server.url, *args, "first", str(sink.path)) as first:
        await grouped(single, stream)
        await stopped_at_work(first, single, stream, names)
        await first.kill()
    assert await pending(single, stream)
    async with Program(language, "consume", redis_server.url, *args, "second", str(sink.path)) as second:
        await complete(sink, single, stream, set(names))
        await publish_named(single, [names[0], "last"])  # as the controller does after a loss of Redis
        await complete(sink, single, stream, {*names, "last"})
        assert second.process.returncode is None
        await second.kill()
    assert len(sink.ids()) == len(names) + 1
    told = [*first.lines, *second.lines]
    assert {line.split()[0] for line in told} == {"new", "duplicate"}
    fresh = [line.split()[1] for line in told if line.startswith("new")]
    assert len(fresh) == len(set(fresh))
    assert f"duplicate {names[0]} " in "".join(second.lines)
    assert not second.errors


@STREAMS
async def test_killed_at_work_it_goes_on_under_its_name(
    stream: str, language: Language, sink: Sink, single: Client, redis_server: RedisServer
) -> None:
    names: list[str] = []
    args = (stream, GROUP, "first", str(sink.path))
    for _ in range(3):
        async with Program(language, "consume", redis_server.url, *args) as program:
            await grouped(single, stream)
            await stopped_at_work(program, single, stream, names)
            await program.kill()
    async with Program(language, "consume", redis_server.url, *args) as program:
        await complete(sink, single, stream, set(names))
        assert not program.errors
    assert len(sink.ids()) == len(names)


async def test_two_consumers_share_the_work(
    language: Language, sink: Sink, single: Client, redis_server: RedisServer
) -> None:
    stream = KEYS.stream.decode()
    names = [f"e{i}" for i in range(1000)]
    url, env = redis_server.url, {"CLAIM_AFTER_MS": "60000", "CLAIM_AFTER": "1m"}  # nobody dies
    async with (
        Program(language, "consume", url, stream, GROUP, "first", str(sink.path), env=env) as first,
        Program(language, "consume", url, stream, GROUP, "second", str(sink.path), env=env) as second,
    ):
        await until(lambda: _consumers(single, 2), "two consumers", 60)
        for start in range(0, 1000, 10):
            await publish_named(single, names[start : start + 10])
        await complete(sink, single, stream, set(names))
        assert not [*first.errors, *second.errors]
    assert first.lines
    assert second.lines
    for program in (first, second):
        fresh = [int(line.split()[1][1:]) for line in program.lines if line.startswith("new")]
        assert fresh == sorted(fresh)


async def _consumers(client: Client, count: int) -> bool:
    (exists,) = await client.ask(KEYS.stream, [b"EXISTS", KEYS.stream])
    return bool(exists) and [one["consumers"] for one in await StreamReader(client).groups(KEYS.stream)] == [count]


async def test_what_was_trimmed_before_it_was_processed_is_told(
    language: Language, sink: Sink, single: Client, redis_server: RedisServer
) -> None:
    stream = KEYS.stream.decode()
    names: list[str] = []
    args = (stream, GROUP, "first", str(sink.path))
    async with Program(language, "consume", redis_server.url, *args) as program:
        await grouped(single, stream)
        await stopped_at_work(program, single, stream, names)
        await program.kill()
    await single.ask(KEYS.stream, [b"XTRIM", KEYS.stream, b"MAXLEN", b"0"])
    async with Program(language, "consume", redis_server.url, *args) as program:
        await program.tells("was trimmed before it was processed")
        await publish_named(single, ["after"])
        await until(lambda: _stored(sink, "after"), "the next event", 60)


async def _stored(sink: Sink, name: str) -> bool:
    return name in sink.ids()


async def test_redis_restarts_and_is_emptied(
    language: Language, sink: Sink, lasting: tuple[RedisServer, Client]
) -> None:
    server, client = lasting
    stream = KEYS.stream.decode()
    async with Program(language, "consume", server.url, stream, GROUP, "first", str(sink.path)) as program:
        await grouped(client, stream)
        await publish_named(client, ["e0"])
        await complete(sink, client, stream, {"e0"})
        server.stop()
        await program.tells("Redis is away")
        server.start()
        await publish_named(client, ["e1"])
        await complete(sink, client, stream, {"e0", "e1"})
        server.flush()
        await publish_named(client, ["e1", "e2"])
        await grouped(client, stream)
        await complete(sink, client, stream, {"e0", "e1", "e2"})
        assert program.process.returncode is None


@pytest.mark.parametrize("kind", ["cluster", "sentinel"])
async def test_the_calls_are_the_same_for_a_cluster_and_sentinel(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(PYTHON))
    consume = importlib.import_module("consume")
    servers = request.getfixturevalue(f"redis_{kind}" + "s" * (kind == "sentinel"))
    servers.flush()
    client = connect(servers.url)
    await publish_named(client, ["e1", "e2"])
    await client.close()
    sentinels: redis.Sentinel | None = None
    if kind == "cluster":
        theirs: Any = redis.RedisCluster(host="127.0.0.1", port=servers.nodes[0].port, protocol=2)
    else:
        sentinels = redis.Sentinel(
            [("127.0.0.1", one.port) for one in servers.sentinels], sentinel_kwargs={"protocol": 2}
        )
        theirs = sentinels.master_for(servers.service, protocol=2)
    sink = consume.open_sink(str(tmp_path / "events.db"))
    for stream in (KEYS.stream.decode(), FIREHOSE.decode()):
        consumer = consume.Consumer(theirs, stream, GROUP, "first", sink)
        consumer.create_group()
        consumer.create_group()
        consumer.process(consumer.read(">", block=1000))
        consumer.finish_own()
        consumer.claim()
        assert theirs.xpending(stream, GROUP)["pending"] == 0
    assert sink.execute("SELECT id FROM events").fetchall() == [("e1",), ("e2",)]
    sink.close()
    theirs.close()
    for one in sentinels.sentinels if sentinels else ():
        one.close()


# --- without a group -------------------------------------------------------------------------------------------------


@STREAMS
async def test_resuming_from_a_position(
    stream: str, language: Language, tmp_path: Path, single: Client, redis_server: RedisServer
) -> None:
    names: list[str] = []
    told: list[str] = []
    args = (redis_server.url, stream, str(tmp_path / "position"))
    for part in range(3):
        async with Program(language, "resume", *args) as program:
            for i in range(20):
                made = [f"{part}-{i}-{j}" for j in range(10)]
                await publish_named(single, made)
                names += made
            await until(lambda: _some_lines(program), "events", 60)
            await program.kill()
        assert not program.errors
        repeated = [one for one in program.told if one in told]
        assert repeated == told[len(told) - len(repeated) :]  # of the one entry whose position was not saved
        assert len(repeated) <= (1 if stream != FIREHOSE.decode() else 10)
        told += [one for one in program.told if one not in repeated]
        assert told == names[: len(told)]
    async with Program(language, "resume", *args) as program:
        await until(lambda: _all_told(program, told, names), "all events", 60)


async def _some_lines(program: Program) -> bool:
    return len(program.lines) >= 5


async def _all_told(program: Program, told: list[str], names: list[str]) -> bool:
    return list(dict.fromkeys([*told, *program.told])) == names


async def test_resuming_after_the_stream_was_trimmed(
    language: Language, tmp_path: Path, single: Client, redis_server: RedisServer
) -> None:
    args = (redis_server.url, KEYS.stream.decode(), str(tmp_path / "position"))
    await publish_named(single, ["e0"])
    async with Program(language, "resume", *args) as program:
        await until(lambda: _all_told(program, [], ["e0"]), "the first event", 60)
        await until(lambda: _saved(tmp_path / "position"), "a position", 60)
    await publish_named(single, [f"e{i}" for i in range(1, 10)])
    await single.ask(KEYS.stream, [b"XTRIM", KEYS.stream, b"MAXLEN", b"2"])
    async with Program(language, "resume", *args) as program:
        await program.tells("may be missing: the stream was trimmed or lost")
        await until(lambda: _all_told(program, [], ["e8", "e9"]), "the rest", 60)


async def _saved(file: Path) -> bool:
    return file.exists()
