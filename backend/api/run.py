"""The API process: its parts are started, it serves until it is told to stop, and ends cleanly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from backend.api.access.access import Access
from backend.api.access.limits import Limits, Rates
from backend.api.access.owners import Owners
from backend.api.app import SHORTCUT, Parts, make_app
from backend.api.data.fresh import Fresh
from backend.api.data.room import Data
from backend.api.data.servers import Servers
from backend.api.figures import watch
from backend.api.http.quick import QuickRunner
from backend.api.http.refused import LINES
from backend.api.http.server_log import server_logger
from backend.api.routes.subscriptions import Pushes
from backend.api.settings import ApiSettings
from backend.api.stream.hub import Hub
from backend.api.tls import Certificate
from backend.api.ui.files import Files
from backend.api.ui.seal import Seal, new_secret, read_secrets
from backend.api.ui.session import Sessions
from backend.api.ui.ui import Ui
from backend.events.connection import Client
from backend.events.push.made import MadeStore
from backend.events.push.scopes import ScopeStore
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
    page = _page(kube, settings)
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
        health.ask(lambda: data.problem or data.warming)
    reader = StreamReader(redis)
    hub = Hub(reader)
    spawn(hub.run(), "live events")
    watches = watch(hub, data)
    made = MadeStore(redis)
    owners = Owners(access, made, ScopeStore(redis), data.all.namespaces)
    spawn(owners.run(), "rights of owners of subscriptions")
    limits = Limits(Rates(settings.rate, settings.burst, settings.streams))
    ui = page(access, limits) if page is not None else None
    parts = Parts(access, limits, data, reader, hub, Pushes(redis, made, owners), ui, settings.trace_url)
    app = make_app(parts)
    runner = QuickRunner(app, app[SHORTCUT], logger=server_logger(), access_log=None, **LINES)
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
        if ui is not None:
            ui.end()
        await runner.cleanup()
        if ui is not None:
            await ui.close()
        await access.close()
        await redis.close()


def _page(kube: KubeClient, settings: ApiSettings) -> Callable[[Access, Limits], Ui] | None:
    """Makes the page's part, where there shall be one. Raises `FilesMissing`, `InvalidSecret`, OSError."""
    if settings.ui is None:
        return None
    if settings.session_key is None:
        log.info("log-ins end with this process: give several replicas the same --session-key")
    secrets = [new_secret()] if settings.session_key is None else read_secrets(settings.session_key)
    sessions, files = Sessions(Seal(secrets), secure=settings.certificate is not None), Files(settings.ui)
    return lambda access, limits: Ui(access, limits, kube.relay(), sessions, files)
