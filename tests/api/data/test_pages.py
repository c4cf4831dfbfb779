"""Answers in one write, and requests that come again: on real sockets, in whatever pieces a client sends."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from backend.api.data.lists import Page
from backend.api.data.pages import answer_page
from backend.api.data.repeats import RepeatingRunner, RepeatingServer, Repeats, Terms

BODIES = [b'{"number":%d,"text":"%s"}' % (number, b"x" * 400) for number in range(50)]


@dataclass
class Site:
    """A server of one page. `asked` are the requests that went the long way, `counted` those that came again."""

    repeats: Repeats = field(default_factory=Repeats)
    version: int = 1
    until: float = float("inf")
    refuse: bool = False
    asked: list[str] = field(default_factory=list)
    counted: int = 0
    port: int = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(request.raw_path + body.decode())
        version = self.version
        page = Page([*BODIES, b"%d" % version], 51, None, f"v{version}")
        terms = Terms(self.until, lambda: self.version == version, self.again)
        return await answer_page(request, page, f"asked-{len(self.asked)}", terms)

    def again(self) -> str:
        self.counted += 1
        return "" if self.refuse else f"again-{self.counted}"


@asynccontextmanager
async def low_level(site: Site) -> AsyncIterator[Site]:
    server = RepeatingServer(site.handle, site.repeats, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    site.port = listening.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        listening.close()
        await server.shutdown(1)
        await listening.wait_closed()


@asynccontextmanager
async def application(site: Site) -> AsyncIterator[Site]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", site.handle)
    runner = RepeatingRunner(app, site.repeats, access_log=None)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self, *, head: bool = False) -> Answer:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = text.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = 0 if head else int(headers.get("Content-Length", 0))
        return Answer(int(first.split()[1]), headers, await self.reader.readexactly(length))

    async def ask(self, request: bytes, *, head: bool = False) -> Answer:
        self.writer.write(request)
        return await self.read(head=head)


@asynccontextmanager
async def client(site: Site) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def get(path: str = "/a", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Authorization: Bearer t", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture(params=["low-level", "application"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    opened = low_level if request.param == "low-level" else application
    async with opened(Site()) as made:
        yield made


async def test_the_same_request_is_answered_the_same_again(site: Site) -> None:
    async with client(site) as one, client(site) as other:
        first = await one.ask(get())
        assert (first.status, first.headers["ETag"], first.headers["X-Request-Id"]) == (200, '"v1"', "asked-1")
        assert first.headers["X-Content-Type-Options"] == "nosniff"
        for number, connection in enumerate((one, other, other), 1):
            again = await connection.ask(get())
            assert again.headers.pop("X-Request-Id") == f"again-{number}"
            assert again.headers | {"Date": ""} == {
                name: value for name, value in first.headers.items() if name != "X-Request-Id"
            } | {"Date": ""}
            assert again.body == first.body
        assert (site.asked, site.repeats.given) == (["/a"], 3)


async def test_what_changed_is_made_anew(site: Site) -> None:
    async with client(site) as one:
        first = await one.ask(get())
        site.version = 2
        second = await one.ask(get())
        assert second.headers["ETag"] == '"v2"'
        assert second.body != first.body
        assert len(site.asked) == 2
        assert len(site.repeats) == 1


async def test_after_the_decision_has_expired_it_is_asked_for_anew(site: Site) -> None:
    site.until = asyncio.get_running_loop().time() - 1
    async with client(site) as one:
        for _ in range(3):
            await one.ask(get())
    assert len(site.asked) == 3
    assert site.repeats.given == 0


async def test_a_refused_repeat_goes_the_long_way(site: Site) -> None:
    site.refuse = True
    async with client(site) as one:
        await one.ask(get())
        assert (await one.ask(get())).headers["X-Request-Id"] == "asked-2"
    assert site.counted == 1


async def test_any_other_request_goes_the_long_way(site: Site) -> None:
    others = (get("/b"), get("/a", "Accept: */*"), get().replace(b"Bearer t", b"Bearer u"), get(method="HEAD"))
    async with client(site) as one:
        await one.ask(get())
        for request in others:
            answer = await one.ask(request, head=request.startswith(b"HEAD"))
            assert answer.headers["X-Request-Id"].startswith("asked")
        assert (await one.ask(get())).headers["X-Request-Id"] == "again-1"


async def test_a_body_or_a_close_is_never_a_repeat(site: Site) -> None:
    with_body = get("/a", "Content-Length: 1") + b"z"
    async with client(site) as one:
        for number in range(1, 4):
            assert (await one.ask(with_body)).headers["X-Request-Id"] == f"asked-{number}"
    for number in range(4, 6):
        async with client(site) as one:
            answer = await one.ask(get("/a", "Connection: close"))
            assert answer.headers["X-Request-Id"] == f"asked-{number}"
            assert answer.headers["Connection"] == "close"
            assert await one.reader.read() == b""


async def test_compressed_and_unchanged_answers_come_again_too(site: Site) -> None:
    async with client(site) as one:
        plain = await one.ask(get())
        for word in ("asked", "again"):
            packed = await one.ask(get("/a", "Accept-Encoding: gzip"))
            assert packed.headers["X-Request-Id"].startswith(word)
            assert packed.headers["Content-Encoding"] == "gzip"
            assert packed.headers["ETag"] == '"v1-gzip"'
            assert gzip.decompress(packed.body) == plain.body
        for word in ("asked", "again"):
            same = await one.ask(get("/a", 'If-None-Match: "v1-gzip"'))
            assert (same.status, same.body) == (304, b"")
            assert same.headers["X-Request-Id"].startswith(word)


async def test_an_old_client_is_answered_and_left(site: Site) -> None:
    async with client(site) as one:
        answer = await one.ask(get().replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert answer.headers["Connection"] == "close"
        assert await one.reader.read() == b""


@pytest.mark.parametrize("seed", range(25))
async def test_in_whatever_pieces_requests_come_each_has_its_answer(site: Site, seed: int) -> None:
    """Whole, split, several at once, some with a body: the answers are in order, and each is that of its request."""
    chance = random.Random(seed)
    kinds = [get(), get("/b"), get("/c", "Content-Length: 3") + b"xyz", get("/d", 'If-None-Match: "v1"')]
    async with client(site) as one:
        for _ in range(20):
            picked = [chance.choice(kinds) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
            text = b"".join(picked)
            cuts = sorted(chance.sample(range(1, len(text)), chance.choice((0, 0, 1, 2))))
            for start, end in itertools.pairwise([0, *cuts, len(text)]):
                one.writer.write(text[start:end])
                await one.writer.drain()
                await asyncio.sleep(0)
            for request in picked:
                answer = await one.read()
                assert answer.status == (304 if b"/d" in request else 200)
        counts = len(site.asked) + site.repeats.given
    assert counts == site.counted + len(site.asked)


async def test_repeats_keep_a_connection_alive(site: Site) -> None:
    loop = asyncio.get_running_loop()
    server = RepeatingServer(site.handle, site.repeats, access_log=None, keepalive_timeout=60)
    listening = await loop.create_server(server, "127.0.0.1", 0)
    site.port = listening.sockets[0].getsockname()[1]
    async with client(site) as one:
        await one.ask(get())
        (connection,) = server.connections
        before = connection._next_keepalive_close_time
        await one.ask(get())
        assert site.repeats.given == 1
        assert connection._next_keepalive_close_time > before
    listening.close()
    await server.shutdown(1)
    await listening.wait_closed()


async def test_a_client_that_reads_nothing_fills_no_memory(site: Site) -> None:
    async with client(site) as one, client(site) as other:
        await other.ask(get())
        one.writer.write(get() * 20_000)
        for _ in range(200):
            assert (await other.ask(get())).status == 200
        assert len(site.asked) + site.repeats.given < 1000


def test_the_least_recently_used_answers_go_first() -> None:
    repeats = Repeats(most=3)
    terms = Terms(10, lambda: True, lambda: "id")
    for number in range(3):
        repeats.keep(b"%d" % number, terms, lambda name: name.encode(), 10)
    assert repeats.find(b"0", 5) == b"id"
    repeats.keep(b"3", terms, lambda name: name.encode(), 10)
    assert [repeats.find(b"%d" % number, 5) is not None for number in range(4)] == [True, False, True, True]
    small = Repeats(most_bytes=5000)
    for number in range(5):
        small.keep(b"%d" % number, terms, lambda name: name.encode(), 1000)
    assert len(small) == 2
    small.keep(b"large", terms, lambda name: name.encode(), 10_000)
    assert len(small) == 0
