"""A real HTTP server that takes events, and has the cloudevents SDK for Python validate each request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat

from backend.events.keys import ServerKeys

Answer = Callable[["Delivery"], int | tuple[int, Mapping[str, str]]]


@dataclass(frozen=True)
class Delivery:
    """One request; `status`: what it was answered."""

    event: BaseCloudEvent
    headers: Mapping[str, str]
    status: int = 0

    @property
    def id(self) -> str:
        return str(self.event.get_id())

    @property
    def server(self) -> str:
        """`<namespace>/<name>` of its source."""
        parts = self.event.get_source().split("/")
        return f"{parts[-3]}/{parts[-1]}"


@dataclass
class Receiver:
    """`answer` decides about each request; `taken` are those that it answered with 2xx. While `gate` is not set,
    requests wait; `arrived` tells that there is one.
    """

    answer: Answer = lambda _delivery: 204
    tls: ssl.SSLContext | None = None
    permit: Callable[[web.Request], web.Response] = lambda _request: web.Response(status=405)
    requests: list[Delivery] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    host: str = "127.0.0.1"
    port: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Receiver:
        self.gate.set()
        application = web.Application()
        application.router.add_route("POST", "/events", self._take)
        application.router.add_route("OPTIONS", "/events", self._permit)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for site in tuple(self._runner.sites):
            await site.stop()
        for _ in range(3):  # a connection accepted just now comes to the handler, else nobody closes it
            await asyncio.sleep(0)
        if shaking_hands := [task for task in asyncio.all_tasks() if "_accept_connection2" in repr(task.get_coro())]:
            await asyncio.wait(shaking_hands, timeout=5)  # one by TLS comes to it after some round trips
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}/events"

    @property
    def taken(self) -> list[Delivery]:
        return [one for one in self.requests if 200 <= one.status < 300]

    def ids(self, server: str | ServerKeys = "") -> list[str]:
        """Of what was taken, each once, in the order of first deliveries."""
        name = server.server.decode() if isinstance(server, ServerKeys) else server
        return list(dict.fromkeys(one.id for one in self.taken if not name or one.server == name))

    async def _permit(self, request: web.Request) -> web.Response:
        return self.permit(request)

    async def _take(self, request: web.Request) -> web.Response:
        self.arrived.set()
        await self.gate.wait()
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            event: Any = from_http(HTTPMessage(headers, await request.read()), JSONFormat())
        except Exception as error:
            self.invalid.append(repr(error))
            return web.Response(status=400)
        delivery = Delivery(event, headers)
        answer = self.answer(delivery)
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        self.requests.append(Delivery(event, headers, status))
        return web.Response(status=status, headers=more)
