"""The API process: its parts are started, it serves until it is told to stop, and ends cleanly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from backend.api.access.access import Access
from backend.api.access.limits import Limits, Rates
from backend.api.app import SHORTCUT, Parts, make_app
from backend.api.data.fresh import Fresh
from backend.api.data.room import Data
from backend.api.data.servers import Servers
from backend.api.figures import watch
from backend.api.http.quick import QuickRunner
from backend.api.http.server_log import server_logger
from backend.api.settings import ApiSettings
from backend.api.stream.hub import Hub
from backend.api.tls import Certificate
from backend.events.connection import Client
from backend.events.reader import StreamReader
from backend.kube.client import KubeClient
from backend.telemetry.health import Health

log = logging.getLogger(__name__)

GRACE_S = 5.0  # for answers under way


async def run_api(
    kube: KubeClient, redis: Client, settings: ApiSettings, stop: asyncio.Event, health: Health | None = None
) -> None:
    """Until `stop`; `health` is told when it can answer. Raises what ended a part of it: the process shall be started
    anew then.
    """
    access = Access(kube)
    data = Data(Servers(kube), Fresh(redis))
    tasks: list[asyncio.Task[Any]] = []

    def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    certificate = Certificate(settings.certificate, settings.key) if settings.certificate and settings.key else None
    if certificate:
        spawn(certificate.run(), "certificate")
    data.start(spawn)
    if health:
        health.ask(lambda: data.problem)
    reader = StreamReader(redis)
    hub = Hub(reader)
    spawn(hub.run(), "live events")
    watches = watch(hub, data)
    app = make_app(Parts(access, Limits(Rates(settings.rate, settings.burst, settings.streams)), data, reader, hub))
    runner = QuickRunner(app, app[SHORTCUT], logger=server_logger(), access_log=None)
    try:
        await runner.setup()
        context = certificate.context if certificate else None
        host = None if settings.host == "*" else settings.host
        site = web.TCPSite(runner, host, settings.port, ssl_context=context, shutdown_timeout=GRACE_S)
        await site.start()
        port = runner.addresses[0][1]
        log.info("the API serves on %s port %d%s", settings.host, port, "" if certificate else ", without TLS")
        tasks.append(asyncio.create_task(stop.wait(), name="stop"))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        watches.close()
        hub.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hub.closed(GRACE_S)
        await runner.cleanup()
        await access.close()
        await redis.close()
