"""All cohorts of a process, found by what an event is about: one for one server or tenant is not asked in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backend.api.stream.cohort import Cohort
from backend.api.stream.log import Log
from backend.api.stream.scope import Scope, subject_of, visible
from backend.events.select import Event, Selection, server_of

_GLOB = frozenset("*?[")
_ANY = ("",)


def keys_of(selection: Selection) -> tuple[str, ...]:
    """Servers, tenants, or namespaces with a `/`: what matches has at least one of these names; `""`: it need not."""
    servers, tenants, namespaces = selection.servers, selection.tenants, selection.namespaces
    if servers and all("/" in one and not _GLOB & set(one) for one in servers):
        return tuple(dict.fromkeys(servers))
    if tenants and not any(_GLOB & set(one) for one in tenants):
        return tuple(dict.fromkeys(tenants))
    if namespaces and not any(_GLOB & set(one) for one in namespaces):
        return tuple(dict.fromkeys(f"{one}/" for one in namespaces))
    return _ANY


def names_of(event: Event) -> list[str]:
    """Under which cohorts that match can be found."""
    data, server = event.get("data") or {}, server_of(event)
    names = ["", server, server.partition("/")[0] + "/", str(event.get("subject", "")), str(data.get("user", ""))]
    users = data.get("users")
    return [*names, *map(str, users)] if isinstance(users, list) else names


class Cohorts:
    """Made when somebody asks for one, dropped when nobody uses it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._all: dict[tuple[Selection, Scope], Cohort] = {}
        self._by_name: dict[str, dict[Cohort, None]] = {}
        self._gaps = 0

    def __iter__(self) -> Iterator[Cohort]:
        return iter(tuple(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def gaps(self) -> int:
        """How often a client was told that it missed something."""
        return self._gaps + sum(one.gaps for one in self)

    def enter(self, selection: Selection, scope: Scope, now: float) -> Cohort:
        """For one more user. What streams happens now: conditions of time do not tell cohorts apart."""
        selection = replace(selection, since_ms=None, until_ms=None)
        cohort = self._all.get((selection, scope))
        if cohort is None:
            cohort = self._all[selection, scope] = Cohort(selection, scope, self._log, now)
            for name in keys_of(selection):
                self._by_name.setdefault(name, {})[cohort] = None
        cohort.users += 1
        return cohort

    def leave(self, cohort: Cohort) -> None:
        cohort.users -= 1
        if cohort.users:
            return
        self._gaps += cohort.gaps
        del self._all[cohort.selection, cohort.scope]
        for name in keys_of(cohort.selection):
            del self._by_name[name][cohort]
            if not self._by_name[name]:
                del self._by_name[name]

    def of(self, event: Event) -> list[Cohort]:
        """Those whose clients get it."""
        namespace, subject = subject_of(event)
        found = {cohort: None for name in names_of(event) for cohort in self._by_name.get(name, ())}
        return [one for one in found if visible(one.scope, namespace, subject) and one.selection.matches(event, "")]
