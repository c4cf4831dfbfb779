"""The one door to this room: what a caller asks, within what they may see."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from backend.api.data import lists
from backend.api.data.connect import Bundle, make_bundle
from backend.api.data.errors import DataUnavailable
from backend.api.data.fresh import Fresh
from backend.api.data.lists import Page, Users
from backend.api.data.projections import Projections
from backend.api.data.query import Query, ServerQuery
from backend.api.data.records import dump
from backend.api.data.scope import Scope
from backend.api.data.servers import Servers, detail, kopia_url, max_snapshot_age
from backend.api.http.answers import etag_of
from backend.api.http.problem import NOT_READY, Problem, not_found, retry_after

WARMING_S = 60.0  # then it counts as ready, however much is to be read
SOON_S = 5
Spawn = Callable[[Coroutine[Any, Any, None], str], object]


@dataclass(frozen=True, slots=True)
class One:
    """One object as JSON, with its version."""

    body: bytes
    version: str


class Data:
    """Everything raises Problem: DataUnavailable, not found, or an invalid query."""

    def __init__(self, servers: Servers, fresh: Fresh) -> None:
        self.all = servers
        self._fresh = fresh
        self._started = time.monotonic()

    def start(self, spawn: Spawn) -> None:
        """What keeps it up to date."""
        spawn(self.all.run(), "servers")
        spawn(self._fresh.run(), "projections")
        spawn(self._fresh.warm(self.all.keys), "warm projections")
        self._started = time.monotonic()

    @property
    def problem(self) -> str:
        """A sentence while questions cannot be answered, else `""`."""
        try:
            self.all.check()
        except DataUnavailable as error:
            return error.detail
        return self._fresh.problem

    @property
    def away(self) -> str:
        """A sentence while Redis cannot be read, else `""`."""
        return self._fresh.away

    @property
    def warming(self) -> str:
        """A sentence while it is better to ask another replica: what servers hold is being read for the first time."""
        if self._fresh.warming and time.monotonic() - self._started < WARMING_S:
            return "What the servers hold is being read: wait a moment."
        return ""

    @property
    def loads(self) -> int:
        """How often a server's projections were read as a whole."""
        return self._fresh.loads

    @property
    def held(self) -> int:
        """Of how many servers the projections are in memory."""
        return len(self._fresh.held)

    async def users(self, namespace: str, name: str) -> frozenset[str]:
        """All tenants of a server, to find out which of them a caller may see; none where there is no such server.
        Raises the same for both while Redis is away.
        """
        if not self.all.there(namespace, name):
            if self._fresh.problem:
                raise DataUnavailable(self._fresh.problem)
            return frozenset()
        held = await self._fresh.get((namespace, name))
        held.tenants.refresh()
        return held.users()

    def servers(self, query: ServerQuery, scope: Scope) -> Page:
        return self.all.page(query, scope)

    async def server(self, namespace: str, name: str, scope: Scope) -> One:
        """With figures, except while Redis is away: its conditions are wanted most then."""
        return _one(await self._told(self.all.get(namespace, name, scope), scope))

    async def servers_now(self, query: ServerQuery, scope: Scope) -> Page:
        """As `servers`, each as `server` tells it."""
        return await self.all.page_of(query, scope, lambda raw: self._told(raw, scope))

    async def _told(self, raw: dict[str, Any], scope: Scope) -> bytes:
        full = scope.sees_all_of(raw["metadata"]["namespace"])
        try:
            held = await self._held(raw)
        except DataUnavailable:
            return dump(detail(raw, None, full=full))
        users = self._users(held, scope)
        return dump(detail(raw, held.figures() if users is None else held.figures_of(users), full=full))

    async def page(self, namespace: str, name: str, query: Query, scope: Scope) -> Page:
        """Of snapshots, tenants or sessions: the kind of the query tells."""
        return self.page_of(await self._held(self.all.get(namespace, name, scope)), query, scope)

    def page_of(self, held: Projections, query: Query, scope: Scope) -> Page:
        """The same of what is held."""
        return lists.page_of(held, query, self._users(held, scope), int(time.time() * 1000))

    def ready(self, namespace: str, name: str, scope: Scope) -> Projections | None:
        """What is held of a server, up to date; None where that would have to be waited for."""
        raw = self.all.get(namespace, name, scope)
        held = self._fresh.ready((namespace, name))
        return held and _refreshed(held, raw)

    def ready_users(self, namespace: str, name: str) -> frozenset[str] | None:
        """As `users`; None where that would have to be waited for."""
        held = self._fresh.ready((namespace, name)) if self.all.there(namespace, name) else None
        if held is None:
            return None
        held.tenants.refresh()
        return held.users()

    async def tenant(self, namespace: str, name: str, user: str, scope: Scope) -> One:
        held = await self._held(self.all.get(namespace, name, scope))
        users = self._users(held, scope)
        row = held.tenants.rows.items.get(user)
        if row is None or (users is not None and user not in users):
            raise not_found(f"tenant {user} of {namespace}/{name}", hidden=row is not None)
        return _one(row.body)

    def connect(self, namespace: str, name: str, user: str, scope: Scope) -> Bundle:
        """Of any name that the caller may see, also of a tenant who never backed up."""
        raw = self.all.get(namespace, name, scope)
        if not (scope.sees_all_of(namespace) or scope.sees_tenant(namespace, user)):
            raise not_found(f"tenant {user} of {namespace}/{name}", hidden=True)
        url, fingerprint = kopia_url(raw), (raw.get("status") or {}).get("tlsFingerprint")
        if not url or not fingerprint:
            detail = f"The server {namespace}/{name} has no address or certificate yet: wait until it has."
            raise Problem(NOT_READY, detail, headers=retry_after(SOON_S))
        return make_bundle(url, user, fingerprint=fingerprint)

    async def _held(self, raw: dict[str, Any]) -> Projections:
        return _refreshed(await self._fresh.get((raw["metadata"]["namespace"], raw["metadata"]["name"])), raw)

    @staticmethod
    def _users(held: Projections, scope: Scope) -> Users:
        namespace = held.keys.namespace
        if scope.sees_all_of(namespace):
            return None
        return lists.visible(held.users(), lambda user: scope.sees_tenant(namespace, user))


def _refreshed(held: Projections, raw: dict[str, Any]) -> Projections:
    held.tenants.objective(max_snapshot_age(raw))
    held.tenants.refresh()
    return held


def _one(body: bytes) -> One:
    return One(body, etag_of(body).strip('"'))
