"""Metrics of all servers, read from what is known anyway: their statuses, the monitor's facts, the journals."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from backend.controller.cache import Key
from backend.controller.facts import ServerFacts
from backend.kopia.snapshots import seconds
from backend.telemetry import catalogue
from backend.telemetry.instruments import Figures, Watches
from backend.telemetry.metric import Metric

Json = dict[str, Any]
Facts = Callable[[Key], ServerFacts]

_LISTS = ("desired", "applied", "rejected", "drifted", "conflicting")


def watch_servers(watches: Watches, servers: Callable[[], Iterable[Json]], facts: Facts, tenant_series: int) -> None:
    """`servers`: as the API server has them; `tenant_series`: how many tenants have a series of their own at most."""
    watches.add(catalogue.SERVERS, lambda: states(list(servers())))
    for metric, read in _OF_A_SERVER.items():
        watches.add(metric, _of_all(servers, read))
    if tenant_series > 0:
        watches.add(catalogue.TENANT_SNAPSHOT_AGE, lambda: _shown(servers, facts, tenant_series))
        watches.one(
            catalogue.TENANT_SERIES_LEFT_OUT,
            lambda: max(0, sum(1 for _ in _tenants(servers, facts)) - tenant_series),
        )


def _of_all(servers: Callable[[], Iterable[Json]], read: Callable[[Json, float], Figures]) -> Callable[[], Figures]:
    def figures() -> Figures:
        now = time.time()
        for raw in list(servers()):
            of = (str(raw["metadata"]["namespace"]), str(raw["metadata"]["name"]))
            for attributes, value in read(raw.get("status") or {}, now):
                yield (*of, *attributes), value

    return figures


# --- of a status; pure -----------------------------------------------------------------------------------------------


def state_of(status: Json) -> str:
    """One of the values of `bsls.server.state`."""
    held = {one["type"]: one["status"] for one in status.get("conditions") or ()}
    if held.get("Available") == "True":
        return "degraded" if held.get("Degraded") == "True" else "available"
    return "failed" if held.get("Degraded") == "True" else "starting"


def states(servers: Iterable[Json]) -> Figures:
    """How many there are of each, 0 included."""
    counted = Counter(state_of(raw.get("status") or {}) for raw in servers)
    return [((state,), counted[state]) for state in catalogue.STATE.values]


def _available(status: Json, _now: float) -> Figures:
    yield (), float(state_of(status) in {"available", "degraded"})


def _conditions(status: Json, _now: float) -> Figures:
    for one in status.get("conditions") or ():
        yield (one["type"], one["status"], one["reason"]), 1


def _repository(status: Json, _now: float) -> Figures:
    yield (str(status.get("repositoryStatus") or "NotInitialized"),), 1


def _certificate(status: Json, now: float) -> Figures:
    end = seconds(status.get("tlsNotAfter"))
    if end:
        yield (), end - now


def _maintenance(status: Json, now: float) -> Figures:
    held = status.get("maintenance") or {}
    for mode, name in (("quick", "lastQuickTime"), ("full", "lastFullTime")):
        ended = seconds(held.get(name))
        if ended:
            yield (mode,), max(0.0, now - ended)


def _count(part: str, name: str) -> Callable[[Json, float], Figures]:
    def read(status: Json, _now: float) -> Figures:
        value = (status.get(part) or {}).get(name)
        if value is not None:
            yield (), value

    return read


def _list(part: str) -> Callable[[Json, float], Figures]:
    def read(status: Json, _now: float) -> Figures:
        held = status.get(part) or {}
        return [((name,), held[name]) for name in _LISTS if held.get(name) is not None]

    return read


def _snapshots(status: Json, _now: float) -> Figures:
    held = status.get("snapshots") or {}
    if held.get("total") is not None:
        incomplete = held.get("incomplete") or 0
        yield ("complete",), held["total"] - incomplete
        yield ("incomplete",), incomplete


def _snapshot_age(status: Json, now: float) -> Figures:
    ended = seconds((status.get("snapshots") or {}).get("lastTime"))
    if ended:
        yield (), max(0.0, now - ended)


_OF_A_SERVER: Mapping[Metric, Callable[[Json, float], Figures]] = {
    catalogue.SERVER_AVAILABLE: _available,
    catalogue.SERVER_CONDITION: _conditions,
    catalogue.REPOSITORY: _repository,
    catalogue.CERTIFICATE_LEFT: _certificate,
    catalogue.MAINTENANCE_AGE: _maintenance,
    catalogue.TENANTS: _count("tenants", "total"),
    catalogue.TENANTS_OVERDUE: _count("tenants", "overdue"),
    catalogue.USERS: _list("users"),
    catalogue.ACL_ENTRIES: _list("accessControl"),
    catalogue.SNAPSHOTS: _snapshots,
    catalogue.SNAPSHOT_AGE: _snapshot_age,
}


# --- tenants ---------------------------------------------------------------------------------------------------------


def _tenants(servers: Callable[[], Iterable[Json]], facts: Facts) -> Iterator[tuple[float, str, str, str]]:
    """When each last backed up, and who it is."""
    for raw in list(servers()):
        namespace, name = str(raw["metadata"]["namespace"]), str(raw["metadata"]["name"])
        repository = facts((namespace, name)).repository
        for user, last in list(repository.backed_up.items()) if repository else ():
            yield last, namespace, name, user


def _shown(servers: Callable[[], Iterable[Json]], facts: Facts, most: int) -> Figures:
    now = time.time()
    for last, *of in heapq.nsmallest(most, _tenants(servers, facts)):
        yield tuple(of), max(0.0, now - last)
