"""The audit log: one JSON object a line for every request, and one for every stream that begins.

`decision` is `allowed` (nothing was refused; `status` tells the rest), `unauthenticated`, `denied`, `limited` or
`undecided`. Queries, bodies, headers and tokens are never told, of a path only the route and the names of the server.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Collection
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

from aiohttp import web

from backend.api.access.gate import known_caller
from backend.api.http.frame import Quick, request_id
from backend.api.http.problem import (
    ACCESS_UNAVAILABLE,
    FORBIDDEN,
    IMPERSONATION,
    TOO_MANY_REQUESTS,
    TOO_MANY_STREAMS,
    UNAUTHENTICATED,
    Problem,
)

LOGGER = "backend.api.audit"
_DECISIONS = {
    UNAUTHENTICATED.name: "unauthenticated",
    IMPERSONATION.name: "denied",
    FORBIDDEN.name: "denied",
    TOO_MANY_REQUESTS.name: "limited",
    TOO_MANY_STREAMS.name: "limited",
    ACCESS_UNAVAILABLE.name: "undecided",
}


def set_up(stream: TextIO | None = None) -> None:
    """Its lines go to `stream` (stderr) as they are."""
    logger = logging.getLogger(LOGGER)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def decision_of(problem: Problem | None) -> str:
    if problem is None:
        return "allowed"
    return "denied" if problem.hidden else _DECISIONS.get(problem.kind.name, "allowed")


class Audit:
    """The observer of all requests. Lines of one turn of the event loop are written together: it saves most of the
    cost, and none waits longer than that. `quiet`: paths whose answers are of no interest (probes).
    """

    def __init__(self, quiet: Collection[str] = ()) -> None:
        self._log = logging.getLogger(LOGGER)
        self._quiet = frozenset(quiet)
        self._lines: list[str] = []
        self._time = ""

    def streams(self, request: web.Request, status: int) -> None:
        self._add(request, status, "allowed", None)

    def ended(self, request: web.Request, status: int, problem: Problem | None, seconds: float) -> None:
        if request.path not in self._quiet:
            self._add(request, status, decision_of(problem), seconds)

    def quick(self, told: Quick) -> None:
        user, route, namespace, name, status, identity, seconds = told
        about = _about("ended", user, "GET", route, namespace, name, "allowed")
        self._line(about, status, identity, seconds)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._log.info("\n".join(lines))

    def _add(self, request: web.Request, status: int, decision: str, seconds: float | None) -> None:
        caller, match = known_caller(request), request.match_info
        resource = match.route.resource
        about = _about(
            "began" if seconds is None else "ended", caller.username if caller else None, request.method,
            resource.canonical if resource else None, match.get("namespace"), match.get("name"), decision,
        )  # fmt: skip
        self._line(about, status, request_id(request), seconds)

    def _line(self, about: str, status: int, identity: str, seconds: float | None) -> None:
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
            self._time = datetime.now(UTC).isoformat(timespec="milliseconds")  # of a turn of the event loop
        took = "" if seconds is None else f',"milliseconds":{seconds * 1000:.1f}'
        self._lines.append(f'{{"time":"{self._time}",{about},"status":{status},"requestId":"{identity}"{took}}}')


@lru_cache(8192)
def _about(
    event: str, user: str | None, verb: str, path: str | None, namespace: str | None, name: str | None, decision: str
) -> str:
    """The members of a line that are often the same."""
    told = {"logger": "audit", "event": event, "user": user, "verb": verb, "path": path, "namespace": namespace,
            "name": name, "decision": decision}  # fmt: skip
    return json.dumps(told, separators=(",", ":"))[1:-1]
