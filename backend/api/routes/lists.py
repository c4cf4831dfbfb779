"""Servers, tenants, snapshots and sessions: pages and single objects out of memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web
from pydantic import BaseModel

from backend.api.access.scope import Scope, namespace_of
from backend.api.data import models
from backend.api.data.lists import Page
from backend.api.data.query import (
    SeenQuery,
    ServerQuery,
    SessionQuery,
    SnapshotQuery,
    TenantQuery,
    VmNamespace,
    parse,
    parse_text,
)
from backend.api.data.room import Data, One
from backend.api.http.answers import answer
from backend.api.openapi.route import Answer, Model, Route
from backend.api.routes.seen import Seen

PREFIX = "/api/v1"
SERVER = f"{PREFIX}/servers/{{namespace}}/{{name}}"
_ETAG = {"ETag": "The version of the answer: send it as If-None-Match."}


class SeenAt(Model):
    """One server, of which tenant viewers see a part."""

    vm_namespace: VmNamespace = None


class Lists:
    """`learn` is told of each request that was answered with a page: the same may come again."""

    def __init__(self, data: Data, seen: Seen, learn: Callable[[web.Request], None]) -> None:
        self._data = data
        self._seen = seen
        self._learn = learn

    def routes(self) -> list[Route]:
        return [
            _list(f"{PREFIX}/servers", self.servers, "listServers", "Servers", "servers", models.ServerPage,
                  ServerQuery),
            _one(SERVER, self.server, "getServer", "One server", "servers", models.AnyServer, query=SeenAt),
            _list(f"{SERVER}/tenants", self.tenants, "listTenants", "Tenants of a server", "tenants", models.TenantPage,
                  TenantQuery),
            _one(f"{SERVER}/tenants/{{user}}", self.tenant, "getTenant", "One tenant", "tenants", models.Tenant),
            _one(f"{SERVER}/tenants/{{user}}/connect", self.connect, "getConnect", "How a tenant connects", "tenants",
                 models.Connect, 409),
            _list(f"{SERVER}/snapshots", self.snapshots, "listSnapshots", "Snapshots of a server", "snapshots",
                  models.SnapshotPage, SnapshotQuery),
            _list(f"{SERVER}/sessions", self.sessions, "listSessions", "Open sessions of a server", "sessions",
                  models.SessionPage, SessionQuery),
        ]  # fmt: skip

    async def servers(self, request: web.Request) -> web.StreamResponse:
        query = parse_text(ServerQuery, request.rel_url.raw_query_string)
        scope = await self._seen.all(request, query.namespace, query.vm_namespace)
        if query.figures:
            page = await self._data.servers_now(query, scope)
            return await answer(request, page.encode(), etag=page.etag)
        return await self._answer(request, self._data.servers(query, scope))

    async def server(self, request: web.Request) -> web.StreamResponse:
        query = parse(SeenAt, request.query)
        namespace, name, scope = await self._seen.server(request, query.vm_namespace)
        return await _object(request, await self._data.server(namespace, name, scope))

    async def tenants(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, TenantQuery)

    async def tenant(self, request: web.Request) -> web.StreamResponse:
        namespace, name, scope, user = await self._of_tenant(request)
        return await _object(request, await self._data.tenant(namespace, name, user, scope))

    async def connect(self, request: web.Request) -> web.StreamResponse:
        namespace, name, scope, user = await self._of_tenant(request)
        made = asdict(self._data.connect(namespace, name, user, scope))
        del made["arguments"]
        body = models.Connect.model_validate(made).model_dump_json(by_alias=True, exclude_none=True)
        return await answer(request, body.encode())

    async def _of_tenant(self, request: web.Request) -> tuple[str, str, Scope, str]:
        """Who has the tenants of its namespace may ask about one, also before the server has heard of any of them."""
        user = request.match_info["user"]
        return *await self._seen.server(request, namespace_of(user)), user

    async def snapshots(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, SnapshotQuery)

    async def sessions(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, SessionQuery)

    async def _page(self, request: web.Request, kind: type[SeenQuery]) -> web.StreamResponse:
        query = parse_text(kind, request.rel_url.raw_query_string)
        namespace, name, scope = await self._seen.server(request, query.vm_namespace)
        return await self._answer(request, await self._data.page(namespace, name, query, scope))

    async def _answer(self, request: web.Request, page: Page) -> web.StreamResponse:
        self._learn(request)
        return await answer(request, page.encode(), etag=page.etag)


async def _object(request: web.Request, one: One) -> web.Response:
    return await answer(request, one.body, etag=f'"{one.version}"')


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _list(
    path: str, handler: Handle, name: str, summary: str, tag: str, model: type[models._Page], query: type[SeenQuery]
) -> Route:
    answers = (Answer(200, "A page", model, headers=_ETAG), Answer(304, "Unchanged"))
    return Route("GET", path, handler, name, summary, tag, answers=answers, query=query)


def _one(
    path: str,
    handler: Handle,
    name: str,
    summary: str,
    tag: str,
    model: type[BaseModel],
    *problems: int,
    query: type[BaseModel] | None = None,
) -> Route:
    answers = (Answer(200, "It", model, headers=_ETAG), Answer(304, "Unchanged"))
    return Route("GET", path, handler, name, summary, tag, answers=answers, problems=problems, query=query)
