"""The port of a process for its keepers: /healthz (also /livez), /readyz and /metrics. Plain HTTP, no secrets in it.

Who may reach it is a matter of the NetworkPolicy (ADR 0019). One scrape is made at a time; who asks meanwhile gets the
next one, with everybody else who does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from backend.telemetry.catalogue import READY
from backend.telemetry.instruments import Watches
from backend.telemetry.setup import CONTENT_TYPE, Telemetry


@asynccontextmanager
async def endpoint(port: int, not_ready: Callable[[], str], telemetry: Telemetry | None = None) -> AsyncIterator[int]:
    """Serve on all addresses; the port, which is another one where 0 was asked for. `not_ready`: why, or `""`.
    Without telemetry there are no metrics. Raises OSError when the port is taken.
    """

    async def live(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_request: web.Request) -> web.Response:
        reason = not_ready()
        return web.Response(text=f"{reason or 'ok'}\n", status=503 if reason else 200)

    application = web.Application()
    application.add_routes([web.get("/healthz", live), web.get("/livez", live), web.get("/readyz", ready)])
    watches = Watches()
    if telemetry:
        application.router.add_get("/metrics", _Scrape(telemetry).answer)
        watches.one(READY, lambda: float(not not_ready()))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, port=port).start()
        yield runner.addresses[0][1]
    finally:
        watches.close()
        await runner.cleanup()


class _Scrape:
    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._next: asyncio.Task[bytes] | None = None
        self._turn = asyncio.Lock()

    async def answer(self, _request: web.Request) -> web.Response:
        self._next = self._next or asyncio.create_task(self._render())
        body = await asyncio.shield(self._next)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _render(self) -> bytes:
        async with self._turn:
            self._next = None  # who asks from now on wants newer figures
            return await asyncio.to_thread(self._telemetry.render)
