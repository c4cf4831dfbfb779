"""Clients that read too little, over plain sockets and over TLS: they hold nobody up, and are told what they missed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.api.stream.position import at, parse
from backend.events.connection import Client
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from tests.api.stream.live import QUICK, Message, Service, Stream, read_message, service, streaming
from tests.dispatch.feed import Feed
from tests.events.helpers import until
from tests.servers.redis import RedisServer
from tests.servers.tls import contexts

pytestmark = pytest.mark.servers

Tls = tuple[ssl.SSLContext, ssl.SSLContext]
"""Of the server and of its clients."""


@pytest.fixture(params=["plain", "tls"])
def tls(request: pytest.FixtureRequest, tmp_path: Path) -> Tls | None:
    return contexts(tmp_path) if request.param == "tls" else None


@contextlib.asynccontextmanager
async def silent(served: Service) -> AsyncIterator[asyncio.StreamReader]:
    """A client that asked, had the first block, and reads no more."""
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", served.port))
    name = "127.0.0.1" if served.tls else None
    reader, writer = await asyncio.open_connection(sock=end, limit=4096, ssl=served.tls, server_hostname=name)
    writer.write(b"GET /events HTTP/1.0\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"\n\n")
    try:
        yield reader
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def message(reader: asyncio.StreamReader) -> Message:
    return read_message((await reader.readuntil(b"\n\n")).decode())


async def test_a_client_that_reads_nothing_holds_nobody_up_and_is_told(
    redis_server: RedisServer, single: Client, tls: Tls | None
) -> None:
    feed = Feed(single)
    limits = replace(QUICK, behind_bytes=200_000, write_bytes=8000, socket_bytes=8000)
    async with service(redis_server.url, limits, tls=tls) as served, silent(served) as slow, streaming(served) as quick:
        names = await _both(feed, quick, 40)
        (late,) = await feed.more(1)
        had: list[str] = []
        last, gaps = "", 0
        while late not in had[-1:]:
            now = await message(slow)
            if now.event == "gap":
                gaps += 1
                assert now.json["after"] == last
                had += await _between(single, now.json["after"], now.json["upto"])
            else:
                had.append(now.json["id"])
            last = now.id
        assert had == [*names, late]
        assert gaps == served.hub.figures.gaps > 0


async def test_a_client_that_reads_slowly_gets_everything(
    redis_server: RedisServer, single: Client, tls: Tls | None
) -> None:
    feed = Feed(single)
    limits = replace(QUICK, write_bytes=8000, socket_bytes=8000)
    async with service(redis_server.url, limits, tls=tls) as served, silent(served) as slow, streaming(served) as quick:
        names: list[str] = []
        for _ in range(10):
            names += await feed.more(100)
            had = [(await message(slow)).json["id"] for _ in range(50)]
            assert had == names[len(names) // 2 - 50 : len(names) // 2]
        assert await quick.ids(1000) == names
        assert [(await message(slow)).json["id"] for _ in range(500)] == names[500:]
        names += await feed.more(3)
        assert [(await message(slow)).json["id"] for _ in range(3)] == names[-3:]
        assert served.hub.figures.gaps == 0


async def test_a_slow_client_comes_back_from_history(
    redis_server: RedisServer, single: Client, tls: Tls | None
) -> None:
    """Much more than it may be behind, and than the log holds: it is read at the pace of the client."""
    feed = Feed(single)
    names = [name for _ in range(20) for name in await feed.more(50)]
    limits = replace(QUICK, log_bytes=50_000, behind_bytes=20_000, write_bytes=8000, socket_bytes=8000, page=2)
    async with service(redis_server.url, limits, tls=tls) as served, streaming(served, "0-0") as stream:
        assert await stream.ids(1000) == names
        assert served.hub.figures.gaps == 0


async def _both(feed: Feed, quick: Stream, rounds: int) -> list[str]:
    """Events that the quick client gets as they are written."""
    names: list[str] = []
    for _ in range(rounds):
        made = await feed.more(50)
        assert await quick.ids(50) == made
        names += made
    return names


async def _between(client: Client, after: str, upto: str) -> list[str]:
    """What a gap says is missing."""
    entries = await StreamReader(client).history(FIREHOSE, count=10_000)
    events = [(at(entry.id, number), one) for entry in entries for number, one in enumerate(entry.events)]
    return [json.loads(one)["id"] for position, one in events if parse(after) < position <= parse(upto)]


async def test_a_client_that_stays_stuck_is_cut_off(redis_server: RedisServer, single: Client, tls: Tls | None) -> None:
    feed = Feed(single)
    limits = replace(QUICK, socket_bytes=8000, write_bytes=8000, stuck_s=0.3)
    async with service(redis_server.url, limits, tls=tls) as served, silent(served), streaming(served) as quick:
        await _both(feed, quick, 60)

        async def cut() -> bool:
            return served.hub.figures.clients == 1

        await until(cut, "the end of the client that is stuck")
        (late,) = await feed.more(1)
        assert await quick.ids(1) == [late]
