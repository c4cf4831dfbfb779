"""Pages of what one server holds: filtered, sorted, and cut out of what is in memory. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from backend.api.data.index import Collection, Found, Index, Item, Slice
from backend.api.data.projections import Projections
from backend.api.data.query import Query, SessionQuery, SnapshotQuery, TenantQuery
from backend.api.data.records import END, SIZE, START
from backend.api.data.tenants import LAST_TIME, NAME, SNAPSHOTS

Users = frozenset[str] | None
"""Whose things the caller may see; None for everybody's."""

_SNAPSHOT_ORDERS = {"startTime": START, "endTime": END, "sizeBytes": SIZE}
_TENANT_ORDERS = {"user": NAME, "lastTime": LAST_TIME, "snapshots": SNAPSHOTS}


@dataclass(frozen=True, slots=True)
class Page:
    """`bodies`: an object each, as JSON; `total`: how many match in all; `following`: the cursor of the next page.

    The same question with the same `version` has the same answer, from whichever replica: `etag` of it is strong.
    """

    bodies: Sequence[bytes]
    total: int
    following: str | None
    version: str

    @property
    def etag(self) -> str:
        return f'"{self.version}"'

    def encode(self) -> bytes:
        tail = b',"next":"%b"}' % self.following.encode() if self.following else b"}"
        return b'{"items":[%b],"total":%d%b' % (b",".join(self.bodies), self.total, tail)


def page_of(held: Projections, query: Query, users: Users, now_ms: int) -> Page:
    """The page that this kind of query asks for. Raises Problem."""
    if isinstance(query, SnapshotQuery):
        return snapshots_page(held, query, users, now_ms)
    if isinstance(query, TenantQuery):
        return tenants_page(held, query, users)
    if isinstance(query, SessionQuery):
        return sessions_page(held, query, users)
    raise TypeError(f"no list for {type(query).__name__}")


def version_of(held: Projections, query: Query) -> int:
    """Of all that pages of such a query are made of, but for the time."""
    if isinstance(query, SnapshotQuery):
        return held.snapshots.all.version
    return held.tenants.rows.version if isinstance(query, TenantQuery) else held.sessions.all.version


def snapshots_page(held: Projections, query: SnapshotQuery, users: Users, now_ms: int) -> Page:
    """Raises Problem."""
    order = _SNAPSHOT_ORDERS[query.sort]
    since, until = query.times(now_ms)
    index, version, users = _chosen(held.snapshots, query.tenant, users)
    if query.state == "incomplete" and index is held.snapshots.all:
        index = held.snapshots.incomplete
        version = index.version
    told = _mixed(version, since, until)
    sliced = Slice(query.limit, query.after, query.order == "desc", *((since, until) if order == START else ()))
    path, state = query.path or "", query.state
    limits = (None, None) if order == START else (since, until)
    if not path and state is None and users is None and limits == (None, None):
        return _page(query, index, order, index.find(order, sliced), told)

    def matches(item: Item) -> bool:
        started = item.keys[START]
        return (
            (users is None or item.owner in users)
            and item.about.startswith(path)
            and (state is None or item.good == (state == "complete"))
            and (limits[0] is None or started >= limits[0])
            and (limits[1] is None or started < limits[1])
        )

    return _page(query, index, order, index.search(order, sliced, (path, state, users, limits), matches), told)


def sessions_page(held: Projections, query: SessionQuery, users: Users) -> Page:
    """Raises Problem."""
    index, version, users = _chosen(held.sessions, query.tenant, users)
    found = _seen(index, 0, Slice(query.limit, query.after), users)
    return _page(query, index, 0, found, f"{version:x}")


def tenants_page(held: Projections, query: TenantQuery, users: Users) -> Page:
    """Raises Problem. Rows have to be refreshed."""
    rows, order = held.tenants.rows, _TENANT_ORDERS[query.sort]
    sliced = Slice(query.limit, query.after, query.order == "desc")
    search, overdue = query.search or "", query.overdue

    def matches(item: Item) -> bool:
        return (
            (users is None or item.owner in users)
            and search in item.owner
            and (overdue is None or item.good != overdue)
        )

    if users is None and not search and overdue is None:
        found = rows.find(order, sliced)
    else:
        found = rows.search(order, sliced, (users, search, overdue), matches)
    version = rows.version if users is None else sum(rows.items[user].digest for user in users)
    return _page(query, rows, order, found, f"{version:x}")


def visible(users: Iterable[str], sees: Callable[[str], bool]) -> frozenset[str]:
    return frozenset(user for user in users if sees(user))


def _chosen(held: Collection, tenant: str | None, users: Users) -> tuple[Index, int, Users]:
    """The smallest index that has all that is asked for, its version, and whom it has to be searched for."""
    if users is not None and len(users) == 1 and tenant is None:
        (tenant,) = users
    if tenant is not None:
        index = held.tenant(tenant if users is None or tenant in users else "")
        return index, index.version, None
    if users is None:
        return held.all, held.all.version, None
    return held.all, sum(held.tenant(user).version for user in users), users


def _seen(index: Index, order: int, sliced: Slice, users: Users) -> Found:
    if users is None:
        return index.find(order, sliced)
    return index.search(order, sliced, users, lambda item: item.owner in users)


def _mixed(version: int, *bounds: int | None) -> str:
    """A window of time that moves makes another answer of the same contents."""
    if bounds == (None, None):
        return f"{version:x}"
    return hashlib.blake2b(f"{version:x} {bounds}".encode(), digest_size=8).hexdigest()


def _page(query: Query, index: Index, order: int, found: Found, version: str) -> Page:
    items = index.items
    following = None
    if found.more:
        last = found.ids[-1]
        following = query.following((items[last].keys[order], last))
    return Page([items[name].body for name in found.ids], found.total, following, version)
