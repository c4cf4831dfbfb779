"""The short way on real sockets: in whatever pieces requests come, each has its answer, and the short way none but its
own.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from backend.api.http import quick
from backend.api.http.quick import LONGEST, QuickConnection, QuickRunner
from tests.servers.tls import contexts

BODY = b"x" * 2000


@dataclass
class Site:
    """Answers with the way, the path and the body. `heads`: those of requests that went the long way; the short way
    answers `paths` with such a head.
    """

    heads: set[bytes] = field(default_factory=set)
    paths: frozenset[bytes] = frozenset({b"/a", b"/b"})
    long: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None
    runner: web.AppRunner | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.long.append(request.path)
        assert isinstance(request.protocol, RequestHandler)
        if isinstance(request.protocol, QuickConnection):
            head = request.protocol.head_under_way()
            if head is not None:
                self.heads.add(head)
        if "slow" in request.query:
            await asyncio.sleep(0.01)
        return web.Response(body=f"long {request.path} {body.decode()} ".encode() + BODY)

    async def settle(self) -> None:
        """Until aiohttp has done with what it answered: the client may have the answer before that."""
        assert self.runner is not None
        assert isinstance(self.runner.server, partial)
        while not all(one._is_idle() for one in self.runner.server.args[0].connections):
            await asyncio.sleep(0)

    def answer(self, target: bytes, head: bytes) -> bytes | None:
        if target not in self.paths or head not in self.heads:
            return None
        self.short.append(target.decode())
        body = b"short %b  " % target + BODY
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@asynccontextmanager
async def serving(site: Site, server: ssl.SSLContext | None = None, **options: float) -> AsyncIterator[Site]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", site.handle)
    site.runner = runner = QuickRunner(app, site, access_log=None, **options)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server).start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


@dataclass
class Client:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self, *, head: bool = False) -> str:
        """The way and the path; the status where it is not 200."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = text.strip().split("\r\n")
        length = next(int(line.split(": ")[1]) for line in lines if line.startswith("Content-Length"))
        body = b"" if head else await self.reader.readexactly(length)
        assert head or first.split()[1] != "200" or body.endswith(BODY)
        return body[: -len(BODY)].decode().strip() if first.split()[1] == "200" else first.split()[1]

    async def ask(self, request: bytes, *, head: bool = False) -> str:
        self.writer.write(request)
        return await self.read(head=head)


@asynccontextmanager
async def client(site: Site) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, ssl=site.tls)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


def get(path: str = "/a", *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: x", "Authorization: Bearer t", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture(params=["plain", "tls"])
async def site(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Site]:
    server = tls = None
    if request.param == "tls":
        server, tls = contexts(tmp_path)
    async with serving(Site(tls=tls), server) as made:
        yield made


async def test_the_same_head_again_goes_the_short_way_on_any_connection_and_path(site: Site) -> None:
    async with client(site) as one, client(site) as other:
        assert await one.ask(get()) == "long /a"
        assert await one.ask(get()) == "short /a"
        assert await other.ask(get()) == "short /a"
        assert await other.ask(get("/b")) == "short /b"
        assert await other.ask(get("/c")) == "long /c"
        assert await other.ask(get()) == "short /a"


async def test_any_other_request_goes_the_long_way(site: Site) -> None:
    others = (
        get("/a", "Accept: */*"), get().replace(b"Bearer t", b"Bearer u"), get(method="POST"), get(version="1.0"),
        get().replace(b"GET ", b"get "), get("/a", "Content-Length: 1") + b"z", get("http://x/a"),
    )  # fmt: skip
    async with client(site) as one:
        await one.ask(get())
    for request in others:
        async with client(site) as one:
            assert (await one.ask(request)).split()[0] in ("long", "400")
    async with client(site) as one:
        assert await one.ask(get(method="HEAD"), head=True) == ""
        await site.settle()
        assert await one.ask(get()) == "short /a"
    assert site.short == ["/a"]


async def test_after_a_body_the_connection_goes_the_long_way(site: Site) -> None:
    """Where its parser is then, nobody tells."""
    async with client(site) as one:
        await one.ask(get())
        assert await one.ask(get("/a", "Content-Length: 1", method="POST") + b"z") == "long /a z"
        assert await one.ask(get()) == "long /a"


async def test_a_request_in_two_pieces_goes_the_long_way_and_the_next_one_the_short(site: Site) -> None:
    async with client(site) as one:
        await one.ask(get())
        one.writer.write(get()[:20])
        await one.writer.drain()
        await asyncio.sleep(0.02)
        assert await one.ask(get()[20:]) == "long /a"
        assert await one.ask(get()) == "short /a"


async def test_a_long_request_goes_the_long_way(site: Site) -> None:
    long = get("/a", *(f"X-{number}: {'y' * 4000}" for number in range(5)))
    assert len(long) > LONGEST
    async with client(site) as one:
        for _ in range(2):
            assert await one.ask(long) == "long /a"


async def test_the_end_of_a_connection_is_kept(site: Site) -> None:
    async with client(site) as one:
        assert await one.ask(get("/a", "Connection: close")) == "long /a"
        assert await one.reader.read() == b""


@pytest.mark.parametrize("seed", range(25))
async def test_in_whatever_pieces_requests_come_each_has_its_answer(site: Site, seed: int) -> None:
    """Whole, split, several at once, some with a body, some slow: answers are in order, each that of its request."""
    chance = random.Random(seed)
    kinds = {
        "/a": get(), "/b": get("/b"), "/c": get("/c"), "/d xyz": get("/d", "Content-Length: 3") + b"xyz",
        "/e": get("/e?slow=1"),
    }  # fmt: skip
    plain = ["/a", "/b", "/c", "/e"]
    async with client(site) as one:
        await one.ask(get())
        assert await one.ask(get()) == "short /a"
        for turn in range(30):
            picked = [chance.choice(plain if turn < 20 else list(kinds)) for _ in range(chance.choice((1, 1, 1, 2, 3)))]
            text = b"".join(kinds[name] for name in picked)
            cuts = sorted(chance.sample(range(1, len(text)), chance.choice((0, 0, 1, 2))))
            for start, end in itertools.pairwise([0, *cuts, len(text)]):
                one.writer.write(text[start:end])
                await one.writer.drain()
                await asyncio.sleep(0)
            for name in picked:
                assert (await one.read()).split(" ", 1)[1] == name


async def test_the_short_way_keeps_a_connection_alive() -> None:
    async with serving(Site(), keepalive_timeout=0.5) as site, client(site) as one:
        loop = asyncio.get_running_loop()
        end = loop.time() + 1.5
        while loop.time() < end:
            await one.ask(get())
            await asyncio.sleep(0.1)
        assert len(site.long) == 1
        assert await one.reader.read() == b""  # and left alone, it is closed


async def test_a_client_that_reads_nothing_fills_no_memory() -> None:
    async with serving(Site()) as site, client(site) as one, client(site) as other:
        await other.ask(get())
        one.writer.write(get() * 20_000)
        for _ in range(200):
            await other.ask(get())
        assert len(site.long) + len(site.short) < 10_000


async def test_a_stop_lets_answers_end_and_takes_no_more() -> None:
    site = Site()
    async with serving(site), client(site) as one, client(site) as other:
        await one.ask(get())
        other.writer.write(get("/e?slow=1"))
        await asyncio.sleep(0)
        while len(site.long) < 2:
            await asyncio.sleep(0)
        assert site.runner is not None
        await site.runner.cleanup()
        assert await other.read() == "long /e"
        one.writer.write(get())
        assert await one.reader.read() == b""


async def test_with_an_aiohttp_that_is_built_otherwise_everything_goes_the_long_way(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(quick, "_NEEDED", (*quick._NEEDED, "_of_another_version"))
    async with serving(Site()) as site, client(site) as one:
        for _ in range(3):
            assert await one.ask(get()) == "long /a"
    assert "not known" in caplog.text


def test_this_aiohttp_is_known() -> None:
    """Where this fails after an upgrade, see that `quick.py` still takes `RequestHandler` as it is; the tests above
    tell.
    """
    assert quick.supported()
