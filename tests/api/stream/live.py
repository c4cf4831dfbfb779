"""A hub behind a real aiohttp server for a while, and a client that reads server-sent events from a socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, web

from backend.api.stream.hub import Hub, Subscriber
from backend.api.stream.limits import Limits
from backend.api.stream.position import parse
from backend.events.connection import Client, connect
from backend.events.reader import StreamReader
from backend.events.select import Selection
from tests.events.helpers import until

QUICK = Limits(tick_s=0.02)


@dataclass(frozen=True)
class Sees:
    """A scope: all namespaces, or these in full and of these the tenants."""

    everything: bool = True
    namespaces: frozenset[str] = frozenset()
    tenants_of: frozenset[str] = frozenset()

    def sees_server(self, namespace: str) -> bool:
        return self.sees_all_of(namespace) or bool(self.tenants_of)

    def sees_all_of(self, namespace: str) -> bool:
        return self.everything or namespace in self.namespaces

    def sees_tenant(self, namespace: str, user: str) -> bool:
        return self.sees_all_of(namespace) or user.rpartition(".")[2] in self.tenants_of


Make = Callable[[Subscriber], Subscriber]


@dataclass
class Service:
    hub: Hub
    port: int
    make: Make = field(default=lambda subscriber: subscriber)
    tls: ssl.SSLContext | None = None  # for clients
    runner: web.AppRunner | None = None
    begun: int = 0
    over: int = 0

    def ended(self) -> None:
        self.over += 1

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/events"


@contextlib.asynccontextmanager
async def service(
    url: str, limits: Limits = QUICK, *, at_once: bool = False, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None
) -> AsyncIterator[Service]:
    """Ends as the process does: streams first. `at_once`: do not wait until it has read the store. `tls`: of the server
    and of its clients.
    """
    client: Client = connect(url)
    hub = Hub(StreamReader(client), limits)
    made = Service(hub, 0, tls=tls[1] if tls else None)

    async def events(request: web.Request) -> web.StreamResponse:
        query = request.query
        selection = Selection(
            types=tuple(query.getall("type", [])), servers=tuple(query.getall("server", [])),
            namespaces=tuple(query.getall("namespace", [])), tenants=tuple(query.getall("tenant", [])),
            severity=query.get("severity"), since_ms=int(query["since"]) if "since" in query else None,
        )  # fmt: skip
        last = request.headers.get("Last-Event-ID")
        subscriber = Subscriber(selection, Sees(), parse(last) if last else None)
        answer = await hub.serve(request, made.make(subscriber), made.ended)
        made.begun += 1
        return answer

    app = web.Application()
    app.router.add_get("/events", events)
    made.runner = runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096, ssl_context=tls[0] if tls else None)
    await site.start()
    made.port = runner.addresses[0][1]
    running = asyncio.create_task(hub.run())

    async def ready() -> bool:
        return at_once or not hub.figures.problem

    try:
        await until(ready, "the beginning of the log")
        yield made
    finally:
        hub.close()
        await hub.closed(5)
        await runner.cleanup()
        assert made.over == made.begun
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await client.close()


@dataclass(frozen=True)
class Message:
    id: str = ""
    event: str = ""
    data: str = ""
    comment: str = ""
    retry: str = ""

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.data)
        return found


def read_message(text: str) -> Message:
    """One block, as the standard has it."""
    message = Message()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        name = name or "comment"
        message = replace(message, **{name: f"{getattr(message, name)}\n{value}".strip()})
    return message


class Stream:
    """Remembers the last id."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response
        self.last = ""

    async def message(self) -> Message | None:
        """The next block; None at the end of the stream."""
        block = await self.response.content.readuntil(b"\n\n")
        if not block:
            return None
        message = read_message(block.decode())
        self.last = message.id or self.last
        return message

    async def named(self, event: str = "") -> Message:
        """The next one that is an event, of this kind if one is given."""
        while True:
            message = await self.message()
            assert message is not None, "the stream ended"
            if message.event and event in ("", message.event):
                return message

    async def ids(self, count: int) -> list[str]:
        """Of that many events."""
        return [(await self.named()).json["id"] for _ in range(count)]

    async def until_end(self) -> list[Message]:
        found = []
        while (message := await self.message()) is not None:
            found.append(message)
        return found


@contextlib.asynccontextmanager
async def streaming(service: Service, last: str = "", **query: Any) -> AsyncIterator[Stream]:
    """Open from the first block on, so that what is written now comes."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    async with (
        ClientSession(timeout=ClientTimeout(sock_read=30), read_bufsize=1 << 21) as session,
        session.get(service.url, headers=headers, params=query, ssl=service.tls or True) as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/event-stream"
        stream = Stream(response)
        first = await stream.message()
        assert first is not None
        yield stream
