"""Traces of what tenants did, put together from events: a session with its snapshots, a maintenance run; and of the
controller's own work, from the spans that it keeps. Pure.

Each of these events carries the trace that it belongs to, so nothing else has to be kept of what tenants did. Only a
failed snapshot has one of its own, as the client's report names no session: it is put to the tenant's session that was
open at that time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from backend.events.catalogue import repository, session, snapshot, type_of
from backend.events.spans import spans_from_json
from backend.telemetry.spans import Kept

Event = Mapping[str, Any]
Kind = Literal["session", "snapshot", "maintenance", "change", "reconcile", "sync", "step"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Span(_Model):
    """Times are RFC 3339 in UTC. A session that is still open has no end."""

    span_id: str = Field(description="16 hexadecimal digits.")
    parent_span_id: str | None = None
    kind: Kind
    name: str
    start: str | None = Field(default=None, description="Absent where the beginning was not seen.")
    end: str | None = None
    status: Literal["ok", "error"] = "ok"
    attributes: dict[str, str | int | float] = {}
    unread: tuple[snapshot.Unread, ...] = Field(
        default=(), description="Of a snapshot: some of what could not be read, and why."
    )


class TraceView(_Model):
    """One story; the first span is its root."""

    trace_id: str = Field(description="32 hexadecimal digits.")
    subject: str = Field(description="The tenant (user@host), or the server.")
    start: str
    end: str | None = None
    spans: tuple[Span, ...]
    url: str | None = Field(default=None, description="Of this trace in the cluster's viewer, where one is configured.")


_SESSION_STARTED, _SESSION_ENDED = type_of(session.SessionStarted).type, type_of(session.SessionEnded).type
_SNAPSHOTS = {type_of(one).type for one in (snapshot.SnapshotCreated, snapshot.SnapshotIncomplete)}
_MAINTENANCE_STARTED = type_of(repository.MaintenanceStarted).type
_MAINTENANCE_FINISHED = type_of(repository.MaintenanceFinished).type
_OF_SERVER = ("bsls.namespace", "bsls.server")
_FAILED = type_of(snapshot.SnapshotFailed).type
_EVER = "9999"  # later than any time
_FIGURES = ("snapshot", "path", "sizeBytes", "files", "errors", "ignoredErrors", "cause")


def traces_of(events: Iterable[Event]) -> list[TraceView]:
    """Of events in their order; the newest trace first."""
    stories: dict[str, dict[str, Span]] = {}
    subjects: dict[str, str] = {}
    for event in events:
        trace_id, span_id = _ids(event)
        made = _span(event, span_id) if trace_id else None
        if made is None:
            continue
        spans = stories.setdefault(trace_id, {})
        known = spans.get(made.span_id)
        spans[made.span_id] = made if known is None else _joined(known, made)
        subjects.setdefault(trace_id, str(event.get("subject", "")))
    _settle(stories, subjects)
    found = [_trace(trace_id, subjects[trace_id], list(spans.values())) for trace_id, spans in stories.items()]
    return sorted(found, key=lambda one: (one.start, one.trace_id), reverse=True)


def traces_of_work(stories: Iterable[bytes], server: str) -> list[TraceView]:
    """Of what the controller kept, in any order; the newest trace first. What cannot be read is left out."""
    spans: dict[str, dict[str, Span]] = {}
    for raw in stories:
        try:
            for kept in spans_from_json(raw):
                spans.setdefault(kept.ref.trace_id, {})[kept.ref.span_id] = _work(kept)
        except (ValueError, KeyError, TypeError):
            continue
    found = [_work_trace(trace_id, server, list(held.values())) for trace_id, held in spans.items()]
    return sorted(found, key=lambda one: (one.start, one.trace_id), reverse=True)


def _work(kept: Kept) -> Span:
    known: dict[str, Kind] = {"change": "change", "reconcile": "reconcile", "sync": "sync"}
    attributes = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in kept.attributes.items()
        if name not in _OF_SERVER
    }
    return Span(
        span_id=kept.ref.span_id,
        parent_span_id=kept.parent or None,
        kind=known.get(kept.name, "step"),
        name=kept.name,
        start=_moment(kept.start),
        end=_moment(kept.end),
        status="error" if kept.problem else "ok",
        attributes=attributes | ({"problem": kept.problem} if kept.problem else {}),
    )


def _work_trace(trace_id: str, server: str, spans: list[Span]) -> TraceView:
    spans.sort(key=lambda one: (one.start or "", one.end or ""))
    there = {one.span_id for one in spans}
    root = next((one for one in spans if one.parent_span_id not in there), spans[0])
    rest = [one for one in spans if one is not root]
    end = max(one.end or "" for one in spans)
    return TraceView(trace_id=trace_id, subject=server, start=root.start or "", end=end, spans=(root, *rest))


def _moment(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // 1000 / 1e6, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _ids(event: Event) -> tuple[str, str]:
    parts = str(event.get("traceparent", "")).split("-")
    return (parts[1], parts[2]) if len(parts) == 4 else ("", "")


def _span(event: Event, span_id: str) -> Span | None:
    kind, time, data = str(event.get("type")), str(event.get("time", "")), event.get("data") or {}
    if kind in {_SESSION_STARTED, _SESSION_ENDED}:
        ended = kind == _SESSION_ENDED
        return Span(
            span_id=span_id,
            kind="session",
            name="session",
            start=data.get("startedAt") if ended else time,
            end=time if ended else None,
            status="error" if data.get("reason") == "server-ended" else "ok",
            attributes={name: data[name] for name in ("address", "reason") if name in data},
        )
    if kind in _SNAPSHOTS:
        return Span(
            span_id=span_id,
            kind="snapshot",
            name=str(data.get("path", "snapshot")),
            start=data.get("startTime"),
            end=data.get("endTime") or time,
            status="error" if "cause" in data or data.get("errors") else "ok",
            attributes={name: data[name] for name in _FIGURES if data.get(name) is not None},
            unread=_unread(data),
        )
    if kind == _FAILED:
        return Span(
            span_id=span_id,
            kind="snapshot",
            name=str(data.get("path", "snapshot")),
            start=data.get("startTime"),
            end=time,
            status="error",
            attributes={name: data[name] for name in ("path", "error") if name in data},
        )
    if kind in {_MAINTENANCE_STARTED, _MAINTENANCE_FINISHED}:
        ended = kind == _MAINTENANCE_FINISHED
        return Span(
            span_id=span_id,
            kind="maintenance",
            name=f"{data.get('mode', '')} maintenance".strip(),
            start=data.get("startedAt") if ended else time,
            end=time if ended else None,
        )
    return None


def _unread(data: Mapping[str, Any]) -> tuple[snapshot.Unread, ...]:
    """What a newer controller may tell beside it is left out."""
    return tuple(snapshot.Unread(path=one["path"], error=one["error"]) for one in data.get("unread") or ())


def _settle(stories: dict[str, dict[str, Span]], subjects: Mapping[str, str]) -> None:
    """Puts failed snapshots into the session of that tenant that was open when they were reported, if any."""
    sessions: dict[str, list[tuple[str, str, str]]] = {}
    for trace_id, spans in stories.items():
        for one in spans.values():
            if one.kind == "session" and one.start:
                times = (one.start.rstrip("Z"), (one.end or _EVER).rstrip("Z"))  # so that fractions sort after none
                sessions.setdefault(subjects[trace_id], []).append((*times, trace_id))
    for trace_id, spans in list(stories.items()):
        (first, *others) = spans.values()
        if others or "error" not in first.attributes:
            continue
        at = (first.end or "").rstrip("Z")
        open_then = [one for one in sessions.get(subjects[trace_id], ()) if one[0] <= at <= one[1]]
        if open_then:
            stories[max(open_then)[2]][first.span_id] = first
            del stories[trace_id]


def _joined(known: Span, more: Span) -> Span:
    """Beginning and end of one span, in either order."""
    return known.model_copy(
        update={
            "start": known.start or more.start,
            "end": known.end or more.end,
            "status": "error" if "error" in (known.status, more.status) else "ok",
            "attributes": known.attributes | more.attributes,
        }
    )


def _trace(trace_id: str, subject: str, spans: list[Span]) -> TraceView:
    root = next((one for one in spans if one.kind != "snapshot"), spans[0])
    rest = sorted((one for one in spans if one is not root), key=lambda one: (one.start or "", one.span_id))
    children = [one.model_copy(update={"parent_span_id": root.span_id}) for one in rest]
    times = [time for one in spans for time in (one.start, one.end) if time]
    end = max((one.end or "" for one in spans), default="") if root.end else ""
    return TraceView(
        trace_id=trace_id, subject=subject, start=min(times, default=""), end=end or None, spans=(root, *children)
    )
