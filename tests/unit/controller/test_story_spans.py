"""Committed events become spans with the ids that they carry, at most so many a second."""

from __future__ import annotations

import json

import pytest

from backend.controller import story_spans
from backend.controller.session_events import SessionEvents
from backend.controller.story_spans import Teller, span_of
from backend.events.batch import batches
from backend.events.catalogue.repository import MaintenanceFinished
from backend.events.catalogue.snapshot import SnapshotCreated, SnapshotIncomplete
from backend.events.envelope import Source, Trace, encode
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter
from backend.telemetry.spans import Kept
from tests.unit.controller.test_log_events import ended, started

SOURCE = Source("backup", "vms")
UID = "3a7f0000-0000-4000-8000-000000000000"
DROPPED = ("traces", "rate")


def session() -> list[bytes]:
    made = SessionEvents(SOURCE, lambda *_: None)
    made.take(UID.encode() + b".", started(1.5) + ended(4))
    return made.events


def snapshot(name: str, trace: str, kind: type = SnapshotCreated, **more: object) -> bytes:
    payload = kind(
        snapshot="k1", user="alice@vm-1", path="/home", start_time="2026-11-23T09:00:02Z",
        end_time="2026-11-23T09:00:03.5Z", size_bytes=10, session=name, **more,
    )  # fmt: skip
    return encode(SOURCE, payload, id="x", time="2026-11-23T09:00:03.5Z", trace=Trace(trace, "ab" * 8))


def test_a_session_and_its_snapshot() -> None:
    _, end = (json.loads(one) for one in session())
    made = span_of(end)
    assert made
    assert made.ref.traceparent == end["traceparent"]
    assert (made.name, made.parent, made.problem) == ("session", "", "")
    assert (made.end - made.start) / 1e9 == pytest.approx(2.5)
    assert made.attributes["bsls.tenant"] == "alice@vm-1"
    assert (made.attributes["bsls.namespace"], made.attributes["bsls.server"]) == ("backup", "vms")
    inner = span_of(json.loads(snapshot(end["data"]["session"], made.ref.trace_id)))
    assert inner
    assert (inner.name, inner.parent, inner.ref.trace_id) == ("snapshot", made.ref.span_id, made.ref.trace_id)
    assert inner.attributes["bsls.sizeBytes"] == 10
    broken = span_of(json.loads(snapshot("", made.ref.trace_id, SnapshotIncomplete, cause="canceled")))
    assert broken
    assert (broken.parent, broken.problem) == ("", "canceled")


def test_what_a_machine_holds_is_in_no_span() -> None:
    missed = ({"path": "etc/key-of-alice", "error": "permission denied"},)
    made = span_of(json.loads(snapshot("", "1" * 32, errors=1, unread=missed)))
    assert made
    assert made.problem == "files could not be read"
    assert "key-of-alice" not in repr(made)


def test_maintenance_without_a_beginning_is_none() -> None:
    payload = MaintenanceFinished(mode="full")
    assert span_of(json.loads(encode(SOURCE, payload, id="x", time="2026-11-23T09:00:03Z"))) is None
    whole = MaintenanceFinished(mode="full", started_at="2026-11-23T09:00:01Z", duration_seconds=2.0)
    found = span_of(json.loads(encode(SOURCE, whole, id="x", time="2026-11-23T09:00:03Z")))
    assert found
    assert (found.name, found.end - found.start) == ("maintenance", 2 * 10**9)


def test_beyond_the_rate_they_are_counted_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Kept] = []
    monkeypatch.setattr(story_spans, "tell", told.append)
    monkeypatch.setattr(story_spans, "telling", lambda: True)
    monkeypatch.setattr(story_spans, "A_SECOND", 3)
    dropped = counter(catalogue.TELEMETRY_DROPPED).values[DROPPED]
    begin, end = session()
    Teller().tell(batches([begin, end, begin, end] * 5), 10)
    assert len(told) == 3
    assert counter(catalogue.TELEMETRY_DROPPED).values[DROPPED] == dropped + 7


def test_without_a_receiver_nothing_is_read() -> None:
    Teller().tell(batches([b"no json"]), 1)
