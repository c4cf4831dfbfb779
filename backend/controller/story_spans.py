"""What clients did, as spans for a trace viewer: sessions, the snapshots in them, maintenance; of committed events.

The events carry the ids already. At most so many a second are told: a busy night must not become work for each line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Final

from backend.controller.session_events import trace_of
from backend.events.batch import Batch, each
from backend.events.catalogue import repository, session, snapshot, type_of
from backend.kopia.snapshots import seconds
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter
from backend.telemetry.rate import Rate
from backend.telemetry.spans import Kept, Ref, tell, telling

A_SECOND: Final = 100
_DROPPED = counter(catalogue.TELEMETRY_DROPPED)

_SESSION: Final = type_of(session.SessionEnded).type
_SNAPSHOTS: Final = {type_of(one).type for one in (snapshot.SnapshotCreated, snapshot.SnapshotIncomplete)}
_MAINTENANCE: Final = type_of(repository.MaintenanceFinished).type
STORIES: Final = (_SESSION, *sorted(_SNAPSHOTS), _MAINTENANCE)
_MARKS: Final = tuple(f'"type":"{one}"'.encode() for one in STORIES)
_FIGURES: Final = ("snapshot", "path", "sizeBytes", "files", "errors", "ignoredErrors", "cause", "address", "reason")


class Teller:
    """`tell` what was committed; it is given up beyond the rate."""

    def __init__(self) -> None:
        self._rate = Rate(A_SECOND)

    def tell(self, batches: Iterable[Batch], stories: int) -> None:
        """Events of one commit, among which are so many that end a story."""
        if not stories or not telling():
            return
        left = stories
        for event in chain.from_iterable(map(each, batches)):
            if any(mark in event for mark in _MARKS):
                if not self._rate.take():
                    break
                left -= 1
                made = span_of(json.loads(event))
                if made is not None:
                    tell(made)
                if not left:
                    return
        _DROPPED.add(left, "traces", "rate")


def span_of(event: Mapping[str, Any]) -> Kept | None:
    """None for what has no beginning."""
    kind, data = str(event["type"]), event["data"]
    _, trace_id, span_id, _ = str(event["traceparent"]).split("-")
    parent, problem, name = "", "", "session"
    start, end = data.get("startedAt"), str(event["time"])
    if kind == _SESSION:
        problem = "the server ended it" if data.get("reason") == session_end_of_server() else ""
    elif kind in _SNAPSHOTS:
        name, start, end = "snapshot", data.get("startTime"), data.get("endTime") or end
        parent = _session_span(trace_id, str(data.get("session") or ""))
        problem = str(data.get("cause") or ("files could not be read" if data.get("errors") else ""))
    else:
        name = "maintenance"
    began, ended = seconds(start), seconds(end)
    if not began:
        return None
    attributes = {f"bsls.{field}": data[field] for field in _FIGURES if data.get(field) is not None}
    namespace, server = _server(str(event["source"]))
    attributes |= {"bsls.namespace": namespace, "bsls.server": server}
    if "user" in data:
        attributes["bsls.tenant"] = data["user"]
    return Kept(
        Ref(trace_id, span_id), parent, name, _nanoseconds(began), _nanoseconds(max(began, ended)), problem, attributes
    )


def session_end_of_server() -> str:
    return "server-ended"


def _session_span(trace_id: str, name: str) -> str:
    """The span of the session that a snapshot's trace is of: in its name, or the end of the trace's id."""
    if not name:
        return ""
    trace, span = trace_of(name.encode())
    return span.decode() if trace.decode() == trace_id else trace_id[-16:]


def _server(source: str) -> tuple[str, str]:
    parts = source.split("/")
    return parts[-3], parts[-1]


def _nanoseconds(moment: float) -> int:
    return int(moment * 1e9)


def published(ref: Ref, started: int, events: int) -> None:
    """The commit of events that a pass gave rise to, as the end of its trace."""
    if telling() and ref.sampled:
        span = Ref(ref.trace_id, f"{time.time_ns() & (1 << 64) - 1:016x}")
        tell(Kept(span, ref.span_id, "publish", started, time.time_ns(), "", {"bsls.events": events}), sampled=True)
