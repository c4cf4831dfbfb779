"""Live streams over real sockets: filters, rights, heartbeats, faults, ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from asyncio import IncompleteReadError
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientError

from backend.api.stream.hub import Hub, Subscriber
from backend.api.stream.scope import Scope
from backend.events.connection import Client, connect
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.reader import StreamReader
from tests.api.stream.live import QUICK, Sees, Service, Stream, service, streaming
from tests.dispatch.feed import Feed, real_event
from tests.events.helpers import KEYS, event, until
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers


async def test_an_event_is_what_was_stored(redis_server: RedisServer, single: Client) -> None:
    feed = Feed(single)
    async with service(redis_server.url) as served, streaming(served) as stream:
        made = [real_event(KEYS, "a", "session.started"), real_event(KEYS, "b", "server.degraded")]
        await feed.write(made)
        first, second = await stream.named(), await stream.named()
        (entry,) = await StreamReader(single).history(FIREHOSE)
        assert [first.data.encode(), second.data.encode()] == made
        assert (first.event, second.event) == ("session.started.v1", "server.degraded.v1")
        assert (first.id, second.id) == (f"{entry.id}.0", f"{entry.id}.1")


async def test_what_is_no_event_is_a_gap(redis_server: RedisServer, single: Client) -> None:
    feed = Feed(single)
    async with service(redis_server.url) as served, streaming(served) as stream:
        await feed.write([event("a"), b"[1]", event("b")])
        gap = await stream.named("gap")
        assert "no event" in gap.json["reason"]
        assert await stream.ids(2) == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"type": "session.*"}, ["one-started", "two-started"]),
        ({"type": "server.degraded"}, ["one-degraded", "two-degraded"]),
        ({"severity": "warning"}, ["one-degraded", "two-degraded"]),
        ({"server": "backup/one"}, ["one-started", "one-degraded"]),
        ({"server": "t*"}, ["two-started", "two-degraded"]),
        ({"namespace": "other"}, ["two-started", "two-degraded"]),
        ({"namespace": "oth?r", "type": "server.*"}, ["two-degraded"]),
        ({"tenant": "alice@vm-1"}, ["one-started", "two-started"]),
        ({"tenant": "nobody@*"}, []),
    ],
    ids=str,
)
async def test_filters_live_and_resumed(
    redis_server: RedisServer, single: Client, query: dict[str, str], wanted: list[str]
) -> None:
    one, two = Feed(single, KEYS), Feed(single, ServerKeys("other", "two"))
    async with service(redis_server.url) as served, streaming(served, **query) as stream:
        begun = stream.last
        for feed in (one, two):
            name = feed.keys.name
            await feed.write([_tenants(feed.keys, f"{name}-started"),
                              real_event(feed.keys, f"{name}-degraded", "server.degraded")])  # fmt: skip
        assert await stream.ids(len(wanted)) == wanted
        async with streaming(served, begun, **query) as again:
            assert await again.ids(len(wanted)) == wanted


def _tenants(keys: ServerKeys, name: str, user: str = "alice@vm-1") -> bytes:
    made = json.loads(real_event(keys, name, "session.started"))
    made["subject"] = made["data"]["user"] = user
    return json.dumps(made, separators=(",", ":")).encode()


@pytest.mark.parametrize("last", ["", "0-0"], ids=["live", "from history"])
async def test_nobody_gets_what_they_may_not_see(redis_server: RedisServer, single: Client, last: str) -> None:
    one, two = Feed(single, KEYS), Feed(single, ServerKeys("other", "two"))
    scopes: dict[str, tuple[Sees, list[str]]] = {
        "all": (Sees(), ["a", "b", "c", "d", "e"]),
        "backup": (Sees(False, frozenset(["backup"])), ["a", "b", "c"]),
        "team-a": (Sees(False, tenants_of=frozenset(["team-a"])), ["a", "e"]),
        "nobody": (Sees(False), []),
    }

    async def write() -> None:
        await one.write([
            _tenants(KEYS, "a", "alice@vm-1.team-a"), _tenants(KEYS, "b", "bob@vm-1.team-b"),
            real_event(KEYS, "c", "users.synced"),
        ])  # fmt: skip
        degraded = real_event(two.keys, "d", "server.degraded")
        await two.write([degraded, _tenants(two.keys, "e", "eve@vm-2.team-a")])

    if last:
        await write()
    async with service(redis_server.url) as served, contextlib.AsyncExitStack() as stack:
        opened = {}
        for name, (scope, _) in scopes.items():
            served.make = lambda subscriber, scope=scope: replace(subscriber, scope=scope)
            opened[name] = await stack.enter_async_context(streaming(served, last))
        if not last:
            await write()
        for name, (_, wanted) in scopes.items():
            assert await opened[name].ids(len(wanted)) == wanted, name
        end = _tenants(KEYS, "z", "alice@vm-1.team-a")
        await one.write([end])
        for name in ("backup", "team-a", "all"):
            assert await opened[name].ids(1) == ["z"], name


async def test_equal_subscribers_share_one_cohort(redis_server: RedisServer, single: Client) -> None:
    async with service(redis_server.url) as served, contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(streaming(served, type="session.*")) for _ in range(20)]
        opened += [await stack.enter_async_context(streaming(served, type="session.*", since="0")) for _ in range(2)]
        opened += [await stack.enter_async_context(streaming(served)) for _ in range(5)]
        assert (served.hub.figures.clients, served.hub.figures.cohorts) == (27, 2)
        (name,) = await Feed(single).more(1, "session.ended")
        assert [await one.ids(1) for one in opened] == [[name]] * 27
        await stack.aclose()

        async def gone() -> bool:
            return (served.hub.figures.clients, served.hub.figures.cohorts) == (0, 0)

        await until(gone, "the end of all streams")


async def test_a_heartbeat_in_silence(redis_server: RedisServer, single: Client) -> None:
    async with service(redis_server.url, replace(QUICK, heartbeat_s=0.1)) as served, streaming(served) as stream:
        for _ in range(3):
            message = await stream.message()
            assert message is not None
            assert (message.event, message.data) == ("", "")


async def test_five_hundred_clients(redis_server: RedisServer, single: Client) -> None:
    feed = Feed(single)
    async with service(redis_server.url) as served, contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(streaming(served)) for _ in range(500)]
        names = [name for _ in range(20) for name in await feed.more(5)]
        found = await asyncio.gather(*(one.ids(100) for one in opened))
        assert all(one == names for one in found)


async def test_redis_restarts_and_stops_answering(single: Client) -> None:
    with RedisServer() as server:
        client = connect(server.url)
        async with service(server.url, replace(QUICK, heartbeat_s=0.2)) as served, streaming(served) as stream:
            names = await Feed(client).more(2)
            assert await stream.ids(2) == names
            server.stop()
            told = []
            while len(told) < 4:
                message = await stream.message()
                assert message is not None
                told.append(message.comment)
            assert "cannot be reached" in " ".join(told)
            async with streaming(served) as meanwhile:
                server.start()
                first = await stream.named()
                assert first.event == "gap"  # this Redis keeps nothing
                later = await Feed(client, ServerKeys("backup", "two")).more(3)
                assert await stream.ids(3) == later
                assert (await meanwhile.named()).event == "gap"
                assert await meanwhile.ids(3) == later
        await client.close()


async def test_nothing_is_lost_when_redis_keeps_its_data(tmp_path: Any) -> None:
    with RedisServer("--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path)) as server:
        client = connect(server.url)
        feed = Feed(client)
        async with service(server.url) as served, streaming(served) as stream:
            names = await feed.more(3)
            server.stop()
            server.start()
            names += await Feed(client, ServerKeys("backup", "two")).more(4)
            assert await stream.ids(7) == names
            assert served.hub.figures.gaps == 0
        await client.close()


async def test_a_start_without_redis(single: Client) -> None:
    server = RedisServer()
    async with (
        service(server.url, at_once=True) as served,
        streaming(served) as stream,
        streaming(served, "5-0.1") as resumed,
    ):
        message = await stream.message()
        assert message is not None
        with server:
            assert (await resumed.named()).event == "gap"
            client = connect(server.url)
            names = await Feed(client).more(2)
            assert await stream.ids(2) == names
            assert await resumed.ids(2) == names
            await client.close()


async def test_shutdown_ends_with_a_hint(redis_server: RedisServer, single: Client) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with service(redis_server.url) as served:
            opened = [await stack.enter_async_context(streaming(served)) for _ in range(3)]
            (name,) = await Feed(single).more(1)
            for stream in opened:
                assert await stream.ids(1) == [name]
        for stream in opened:
            (end,) = await stream.until_end()
            assert end.event == "end"
            assert end.json["reason"] == "shutdown"
            assert int(end.retry) > 0


async def _end_of(stream: Stream) -> str:
    end = await stream.named("end")
    assert await stream.until_end() == []
    return str(end.json["reason"])


async def test_an_expired_token_ends_the_stream(redis_server: RedisServer, single: Client) -> None:
    async with service(redis_server.url) as served:
        served.make = lambda subscriber: replace(subscriber, expires=time.time() + 0.2)
        async with streaming(served) as stream:
            assert await _end_of(stream) == "expired"


@pytest.mark.parametrize(
    ("answer", "reason"), [(None, "forbidden"), (Sees(False), "changed"), (RuntimeError("away"), "unknown")]
)
async def test_rights_are_asked_again(
    redis_server: RedisServer, single: Client, answer: Sees | RuntimeError | None, reason: str
) -> None:
    answers: list[Sees | RuntimeError | None] = [Sees(), Sees(), answer]

    async def still_allowed() -> Scope | None:
        now = answers.pop(0)
        if isinstance(now, RuntimeError):
            raise now
        return now

    def make(subscriber: Subscriber) -> Subscriber:
        return replace(subscriber, still_allowed=still_allowed)

    async with service(redis_server.url, replace(QUICK, ask_s=0.1)) as served:
        served.make = make
        async with streaming(served) as stream:
            assert await _end_of(stream) == reason
            assert not answers


async def test_an_answer_that_does_not_come_ends_the_stream(redis_server: RedisServer, single: Client) -> None:
    async def never() -> Scope | None:
        await asyncio.Event().wait()
        return None

    async with service(redis_server.url, replace(QUICK, ask_s=0.05, answer_s=0.1)) as served:
        served.make = lambda subscriber: replace(subscriber, still_allowed=never)
        async with streaming(served) as stream:
            assert await _end_of(stream) == "unknown"


def _of_aiohttp(served: Service) -> list[Any]:
    assert served.runner is not None
    assert served.runner.server is not None
    return served.runner.server.connections


async def test_aiohttp_keeps_nothing_of_an_open_stream(redis_server: RedisServer, single: Client) -> None:
    async def forgotten() -> bool:
        return not _of_aiohttp(served)

    async def over() -> bool:
        return served.over == 1

    async with service(redis_server.url) as served:
        async with streaming(served) as stream:
            await until(forgotten, "an empty list")
            await Feed(single).write([event("a")])
            assert await stream.ids(1) == ["a"]
            assert served.over == 0
        await until(over, "the end")


async def test_a_stream_that_fails_at_its_beginning_is_broken_off(
    redis_server: RedisServer, single: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgotten() -> bool:
        return not _of_aiohttp(served) and served.hub.figures.clients == 0

    def fail(*_: object) -> None:
        raise RuntimeError("no such stream")

    monkeypatch.setattr(Hub, "_stream", fail)
    async with service(redis_server.url) as served:
        with pytest.raises((ClientError, IncompleteReadError)):
            async with streaming(served) as stream:
                await stream.until_end()
        await until(forgotten, "an empty list")
        assert served.begun == served.over == 0
