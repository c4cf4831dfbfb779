"""The servers, from a watch of their custom resources: listed, and one in detail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from backend.api.data.errors import DataUnavailable
from backend.api.data.index import Entry, Found, Index, Slice, cut, make_item
from backend.api.data.lists import Page
from backend.api.data.query import ServerQuery
from backend.api.data.records import dump
from backend.api.data.scope import Scope
from backend.api.http.answers import etag_of
from backend.api.http.problem import not_found
from backend.kube.client import KubeClient
from backend.kube.informer import Informer
from backend.kube.resources import BSLS

Json = dict[str, Any]
Tell = Callable[[Json], Awaitable[bytes]]
"""A custom resource as JSON for a caller."""
_SPOKEN = ("type", "status", "reason", "lastTransitionTime")  # a message may name tenants


class Servers:
    """`run` has to run; until the first list came, everything raises DataUnavailable."""

    def __init__(self, client: KubeClient) -> None:
        self._informer = Informer(client, BSLS, handler=self._changed)
        self._full = Index(1)
        self._limited = Index(1)
        self._namespaces: frozenset[str] | None = None

    async def run(self) -> None:
        """Never returns."""
        await self._informer.run()

    def check(self) -> None:
        """Raises DataUnavailable while the servers are not known."""
        if not self._informer.synced.is_set():
            raise DataUnavailable("The servers are not listed yet: wait a moment.")
        if self._informer.error is not None:
            raise DataUnavailable(f"The servers cannot be listed: {self._informer.error}.")

    @property
    def version(self) -> int:
        """Of all that their list is made of."""
        return self._full.version

    def keys(self) -> list[tuple[str, str]]:
        """Namespaces and names."""
        self.check()
        return [_names(one) for one in self._full.items]

    def namespaces(self) -> frozenset[str]:
        """Those that have servers."""
        self.check()
        if self._namespaces is None:
            self._namespaces = frozenset(item.owner for item in self._full.items.values())
        return self._namespaces

    def there(self, namespace: str, name: str) -> bool:
        """Whoever asks: only to find out what they may see."""
        self.check()
        return self._informer.get(namespace, name) is not None

    def knows(self, namespace: str, name: str) -> bool:
        return self._informer.error is None and self._informer.get(namespace, name) is not None

    def get(self, namespace: str, name: str, scope: Scope) -> Json:
        """The custom resource; never change it. Raises Problem for one that the caller must not know of."""
        self.check()
        found = self._informer.get(namespace, name)
        if found is None or not scope.sees_server(namespace):
            raise not_found(f"server {namespace}/{name}", hidden=found is not None)
        return found

    def body(self, namespace: str, name: str, scope: Scope) -> Json:
        """What a list shows of it."""
        return shown(self.get(namespace, name, scope), full=scope.sees_all_of(namespace))

    def page(self, query: ServerQuery, scope: Scope) -> Page:
        """Raises Problem."""
        seen = frozenset(one for one in self.namespaces() if scope.sees_server(one))
        full = frozenset(one for one in seen if scope.sees_all_of(one))
        found = self._found(query, seen)
        bodies = []
        for one in found.ids:
            namespace = one.partition("/")[0]
            bodies.append((self._full if namespace in full else self._limited).items[one].body)
        return _page(query, found, bodies)

    async def page_of(self, query: ServerQuery, scope: Scope, tell: Tell) -> Page:
        """The same, each server as `tell` tells it. Raises Problem."""
        found = self._found(query, frozenset(one for one in self.namespaces() if scope.sees_server(one)))
        raws = [self.get(*_names(one), scope) for one in found.ids]
        return _page(query, found, await asyncio.gather(*map(tell, raws)))

    def _found(self, query: ServerQuery, seen: frozenset[str]) -> Found:
        return cut(self._matching(query, seen), Slice(query.limit, query.after, descending=False))

    def _matching(self, query: ServerQuery, seen: frozenset[str]) -> list[Entry]:
        entries = self._full.entries(0)
        if query.namespace is not None:
            seen &= {query.namespace}
        elif not query.search and query.state is None and query.names is None and seen == self._namespaces:
            return entries
        search, state, named, items = query.search or "", query.state, query.named, self._full.items
        return [
            one
            for one in entries
            if items[one[1]].owner in seen
            and search in one[1]
            and (named is None or one[1] in named)
            and (state is None or state in items[one[1]].about.split())
        ]

    def _changed(self, raw: Json) -> None:
        namespace, name = raw["metadata"]["namespace"], raw["metadata"]["name"]
        known = self._informer.get(namespace, name)
        for index, full in ((self._full, True), (self._limited, False)):
            item = None if known is None else make_item(namespace, (0,), dump(shown(known, full=full)), states(known))
            index.apply({f"{namespace}/{name}": item})
        self._namespaces = None


def _names(one: str) -> tuple[str, str]:
    """Namespace and name of a key."""
    namespace, _, name = one.partition("/")
    return namespace, name


def _page(query: ServerQuery, found: Found, bodies: Sequence[bytes]) -> Page:
    following = query.following((0, found.ids[-1])) if found.more else None
    page = Page(bodies, found.total, following, "")
    return Page(bodies, found.total, following, etag_of(page.encode()).strip('"'))


def shown(raw: Json, *, full: bool) -> Json:
    """The custom resource without its bookkeeping; not in full: its name, conditions and address only."""
    meta, status = raw["metadata"], raw.get("status") or {}
    names = {"namespace": meta["namespace"], "name": meta["name"]}
    if not full:
        conditions = [{key: one[key] for key in _SPOKEN if key in one} for one in status.get("conditions") or ()]
        address = {"serviceURL": status["serviceURL"]} if status.get("serviceURL") else {}
        return names | {"status": {"conditions": conditions, **address}}
    about = {key: meta[key] for key in ("uid", "generation", "creationTimestamp", "deletionTimestamp") if key in meta}
    return names | about | {"spec": raw.get("spec") or {}, "status": status}


def states(raw: Json) -> str:
    """The words of `ServerQuery.state` that fit, separated by blanks."""
    held = {one["type"]: one["status"] for one in (raw.get("status") or {}).get("conditions") or ()}
    words = ["available" if held.get("Available") == "True" else "unavailable"]
    words += [kind.lower() for kind in ("Degraded", "Progressing") if held.get(kind) == "True"]
    return " ".join(words)


def detail(raw: Json, figures: Mapping[str, Any] | None, *, full: bool) -> Json:
    """All of a server, or what tenants see of it; `figures` are absent while Redis is away."""
    status = raw.get("status") or {}
    found = shown(raw, full=full)
    if full and status.get("tlsFingerprint"):
        found["certificate"] = {"fingerprint": status["tlsFingerprint"], "notAfter": status.get("tlsNotAfter")}
    if full and status.get("serviceURL"):
        found["urls"] = {"kopia": kopia_url(raw)}
    if figures is not None:
        found["figures"] = dict(figures)
    return found


def kopia_url(raw: Json) -> str:
    """What the stock client takes; `""` while there is none."""
    address = (raw.get("status") or {}).get("serviceURL")
    return f"https://{address}" if address else ""


def max_snapshot_age(raw: Json) -> str:
    return str(((raw.get("spec") or {}).get("objectives") or {}).get("maxSnapshotAge") or "")
