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
from backend.api.data.query import ServerQuery, SessionQuery, SnapshotQuery, TenantQuery
from backend.api.data.records import dump
from backend.api.data.scope import Scope
from backend.api.data.servers import Servers, detail, kopia_url, max_snapshot_age, shown
from backend.api.http.answers import etag_of
from backend.api.http.problem import not_found

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

    def start(self, spawn: Spawn) -> None:
        """What keeps it up to date."""
        spawn(self.all.run(), "servers")
        spawn(self._fresh.run(), "projections")

    @property
    def problem(self) -> str:
        """A sentence while questions cannot be answered, else `""`."""
        try:
            self.all.check()
        except DataUnavailable as error:
            return error.detail
        return self._fresh.problem

    @property
    def loads(self) -> int:
        """How often a server's projections were read as a whole."""
        return self._fresh.loads

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
        return frozenset(held.tenants.rows.items)

    def servers(self, query: ServerQuery, scope: Scope) -> Page:
        return self.all.page(query, scope)

    async def server(self, namespace: str, name: str, scope: Scope) -> One:
        """With figures, except while Redis is away: its conditions are wanted most then."""
        raw = self.all.get(namespace, name, scope)
        if not scope.sees_all_of(namespace):
            return _one(dump(shown(raw, full=False)))
        try:
            figures = (await self._held(raw)).figures()
        except DataUnavailable:
            figures = None
        return _one(dump(detail(raw, figures)))

    def unchanged(self, namespace: str, name: str) -> Callable[[], bool]:
        """A function that tells whether a page of snapshots that was made just now would still be the same."""
        same = self._fresh.snapshots_unchanged((namespace, name))
        return lambda: same() and self.all.knows(namespace, name)

    async def snapshots(self, namespace: str, name: str, query: SnapshotQuery, scope: Scope) -> Page:
        held, users = await self._seen(namespace, name, scope)
        return lists.snapshots_page(held, query, users, int(time.time() * 1000))

    async def sessions(self, namespace: str, name: str, query: SessionQuery, scope: Scope) -> Page:
        held, users = await self._seen(namespace, name, scope)
        return lists.sessions_page(held, query, users)

    async def tenants(self, namespace: str, name: str, query: TenantQuery, scope: Scope) -> Page:
        held, users = await self._seen(namespace, name, scope)
        return lists.tenants_page(held, query, users)

    async def tenant(self, namespace: str, name: str, user: str, scope: Scope) -> One:
        held, users = await self._seen(namespace, name, scope)
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
            raise DataUnavailable(
                f"The server {namespace}/{name} has no address or certificate yet: wait until it has."
            )
        return make_bundle(url, user, fingerprint=fingerprint)

    async def _seen(self, namespace: str, name: str, scope: Scope) -> tuple[Projections, Users]:
        held = await self._held(self.all.get(namespace, name, scope))
        if scope.sees_all_of(namespace):
            return held, None
        return held, lists.visible(held.tenants.rows.items, lambda user: scope.sees_tenant(namespace, user))

    async def _held(self, raw: dict[str, Any]) -> Projections:
        held = await self._fresh.get((raw["metadata"]["namespace"], raw["metadata"]["name"]))
        held.tenants.objective(max_snapshot_age(raw))
        held.tenants.refresh()
        return held


def _one(body: bytes) -> One:
    return One(body, etag_of(body).strip('"'))
