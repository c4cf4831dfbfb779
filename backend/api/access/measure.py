"""Metrics of requests, beside the audit log: an observer around another one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection

from aiohttp import web

from backend.api.access.audit import decision_of
from backend.api.http.frame import Observer, Quick
from backend.api.http.problem import Problem
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter, histogram

_DURATION, _DECISIONS = histogram(catalogue.HTTP_DURATION), counter(catalogue.DECISIONS)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"))


class Measured:
    """`quiet`: paths that are not counted (probes). Short answers of one turn of the event loop are counted together:
    one by one it was a 20th of what such an answer costs.
    """

    def __init__(self, inner: Observer, quiet: Collection[str] = ()) -> None:
        self._inner = inner
        self._quiet = frozenset(quiet)
        self._short: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._scheme = "http"  # of the process's clients: a short answer is never the first one

    def streams(self, request: web.Request, status: int) -> None:
        self._inner.streams(request, status)

    def ended(self, request: web.Request, status: int, problem: Problem | None, seconds: float) -> None:
        if request.path not in self._quiet:
            self._scheme = request.scheme
            _DURATION.record(seconds, _method(request.method), route_of(request), status, self._scheme)
            _DECISIONS.add(1, decision_of(problem))
        self._inner.ended(request, status, problem, seconds)

    def quick(self, told: Quick) -> None:
        if not self._short:
            asyncio.get_running_loop().call_soon(self._count)
        self._short[told.route, told.status].append(told.seconds)
        self._inner.quick(told)

    def _count(self) -> None:
        for (route, status), seconds in self._short.items():
            _DURATION.record_all(seconds, "GET", route, status, self._scheme)
            _DECISIONS.add(len(seconds), "allowed")
        self._short.clear()


def route_of(request: web.Request) -> str:
    """The template of its path: never the path, which anybody can make up."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _method(method: str) -> str:
    return method if method in _METHODS else "_OTHER"
