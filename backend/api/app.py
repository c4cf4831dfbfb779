"""The application: its routes, and around them who calls, how often, and how answers are framed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from backend.api.access.access import Access
from backend.api.access.audit import Audit
from backend.api.access.gate import by_token, gate
from backend.api.access.limits import Limits
from backend.api.access.measure import Measured
from backend.api.data.room import Data
from backend.api.http.answers import answer
from backend.api.http.frame import Observer, application
from backend.api.http.tracing import traced
from backend.api.openapi.document import document
from backend.api.openapi.route import Answer, Route
from backend.api.routes.history import History
from backend.api.routes.lists import PREFIX, Lists
from backend.api.routes.live import Live
from backend.api.routes.rights import Rights
from backend.api.routes.seen import Seen
from backend.api.routes.shortcut import PageShortcut
from backend.api.routes.subscriptions import Pushes, SubscriptionRoutes
from backend.api.stream.hub import Hub
from backend.api.ui.ui import Ui
from backend.events.reader import StreamReader

VERSION = "1.0.0"
DESCRIPTION = (
    "What the controller of BackupStorageLocationServers knows: servers, tenants, snapshots, sessions, events. "
    "Every request carries the bearer token of a Kubernetes user, who sees what Kubernetes lets them see."
)
LIVE, READY, DOCUMENT = "/healthz", "/readyz", f"{PREFIX}/openapi.json"


@dataclass(frozen=True)
class Parts:
    """What the application is made of."""

    access: Access
    limits: Limits
    data: Data
    reader: StreamReader
    hub: Hub
    pushes: Pushes
    ui: Ui | None = None
    trace_url: str | None = None


SHORTCUT = web.AppKey("shortcut", PageShortcut)


def routes_of(parts: Parts, seen: Seen, learn: Callable[[web.Request], None], observer: Observer) -> list[Route]:
    history = History(parts.reader, seen, parts.trace_url)
    live = Live(parts.hub, parts.access, parts.limits, seen, history, observer)
    rights = Rights(parts.access, parts.data)
    lists = Lists(parts.data, seen, learn)
    subscriptions = SubscriptionRoutes(parts.access, parts.data, parts.pushes)
    read = [*lists.routes(), *history.routes(), *live.routes(), *rights.routes()]
    return [*_process_routes(parts), *read, *subscriptions.routes()]


def make_app(parts: Parts) -> web.Application:
    """Ready to be run, by a `QuickRunner` with its `SHORTCUT`; `parts.data` has to be started."""
    quiet = (LIVE, READY)
    observer, seen = Measured(Audit(quiet), quiet), Seen(parts.access, parts.data)
    shortcut = PageShortcut(parts.access, parts.limits, parts.data, seen, observer)
    routes = routes_of(parts, seen, shortcut.learn, observer)
    app = application(observer)
    app.middlewares.insert(0, traced(quiet))
    app[SHORTCUT] = shortcut
    admit = by_token([one.path for one in routes if one.public])
    if parts.ui is not None:
        admit = parts.ui.admit(admit)
    app.middlewares.append(gate(parts.access, parts.limits, admit))
    for route in routes:
        app.router.add_route(route.method, route.path, route.handler)
    body = encode(describe(routes))

    async def described(request: web.Request) -> web.StreamResponse:
        return await answer(request, body)

    app.router.add_get(DOCUMENT, described)
    if parts.ui is not None:
        parts.ui.add_to(app.router, routes)
    return app


def description() -> bytes:
    """The OpenAPI document, without anything behind it."""
    nothing: Any = None
    parts = Parts(nothing, nothing, nothing, nothing, nothing, nothing)
    return encode(describe(routes_of(parts, nothing, nothing, nothing)))


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    return document(routes, title="bsls", version=VERSION, description=DESCRIPTION)


def encode(found: dict[str, Any]) -> bytes:
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _process_routes(parts: Parts) -> list[Route]:
    async def live(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    async def ready(_request: web.Request) -> web.StreamResponse:
        problem = parts.data.problem or parts.data.warming
        return web.Response(status=503 if problem else 200, text=f"{problem or 'ok'}\n")

    def public(path: str, handler: Callable[..., Any], name: str, summary: str, *answers: Answer) -> Route:
        return Route("GET", path, handler, name, summary, "process", answers=answers, public=True)

    text = "text/plain"
    return [
        public(LIVE, live, "getLiveness", "Whether the process is alive", Answer(200, "It is", media=text)),
        public(READY, ready, "getReadiness", "Whether it can answer", Answer(200, "It can", media=text),
               Answer(503, "It cannot, and why", media=text)),
    ]  # fmt: skip
