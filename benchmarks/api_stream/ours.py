"""The hub behind aiohttp, as the API has it: filters and a scope for each stream, Redis behind.

python -m benchmarks.api_stream.ours <url of Redis> <port>
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass

from aiohttp import web

from backend.api.stream.hub import Hub, Subscriber
from backend.api.stream.scope import Scope
from backend.events.connection import connect
from backend.events.reader import StreamReader
from backend.events.select import Selection

PATHS = (
    "/events",
    "/events?type=session.*",
    "/events?severity=info",
    "/events?namespace=bench",
    "/events?tenant=*@vm-1.team",
    "/events?server=bench/one",
    "/events?type=session.started&tenant=alice@vm-1.team",
    "/events?server=one&severity=info",
)
"""Each lets all events of the benchmark pass, and is a cohort of its own."""


@dataclass(frozen=True)
class OneNamespace:
    """Sees all of it."""

    namespace: str

    def sees_server(self, namespace: str) -> bool:
        return namespace == self.namespace

    def sees_all_of(self, namespace: str) -> bool:
        return namespace == self.namespace

    def sees_tenant(self, namespace: str, user: str) -> bool:
        return namespace == self.namespace


async def main(url: str, port: int) -> None:
    client = connect(url)
    hub = Hub(StreamReader(client))

    async def still_allowed() -> Scope | None:
        return OneNamespace("bench")

    async def events(request: web.Request) -> web.StreamResponse:
        query = request.query
        selection = Selection(
            types=tuple(query.getall("type", [])), servers=tuple(query.getall("server", [])),
            namespaces=tuple(query.getall("namespace", [])), tenants=tuple(query.getall("tenant", [])),
            severity=query.get("severity"),
        )  # fmt: skip
        expires = time.time() + 3600
        subscriber = Subscriber(selection, OneNamespace("bench"), still_allowed=still_allowed, expires=expires)
        return await hub.serve(request, subscriber)

    app = web.Application()
    app.router.add_get("/events", events)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    await hub.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
