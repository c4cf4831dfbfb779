"""Events become traces: a session with its snapshots, also where a part was not seen."""

from __future__ import annotations

import json
from typing import Any

from backend.api.data.traces import traces_of
from backend.events.catalogue import Payload, repository, session, snapshot
from backend.events.envelope import Source, Trace, encode

SOURCE = Source("backup", "vms")
STORY = Trace("0" * 31 + "1", "0" * 15 + "1")
INNER = Trace(STORY.trace_id, "0" * 15 + "2")
Json = dict[str, Any]


def event(payload: Payload, second: int, trace: Trace = STORY) -> Json:
    time = f"2026-11-23T09:42:{second:02}Z"
    return dict(json.loads(encode(SOURCE, payload, id=f"e{second}", time=time, trace=trace)))


def started(second: int, trace: Trace = STORY) -> Json:
    return event(session.SessionStarted(session="s", user="alice@vm-1", address="10.0.0.7:1"), second, trace)


def ended(second: int, **more: Any) -> Json:
    fields = {"session": "s", "user": "alice@vm-1", "address": "10.0.0.7:1", "reason": "closed"} | more
    return event(session.SessionEnded.model_validate(fields), second)


def made(second: int, **more: Any) -> Json:
    times = {"startTime": "2026-11-23T09:42:11Z", "endTime": "2026-11-23T09:42:14Z"}
    fields = {"snapshot": "m1", "user": "alice@vm-1", "path": "/home", "sizeBytes": 1, "files": 2} | times
    return event(
        snapshot.SnapshotCreated.model_validate({"errors": 0, "ignoredErrors": 0} | fields | more), second, INNER
    )


def test_a_session_with_its_snapshot() -> None:
    (found,) = traces_of([started(10), made(14), ended(15, startedAt="2026-11-23T09:42:10Z")])
    assert (found.trace_id, found.subject) == (STORY.trace_id, "alice@vm-1")
    assert (found.start, found.end) == ("2026-11-23T09:42:10Z", "2026-11-23T09:42:15Z")
    root, child = found.spans
    assert (root.kind, root.parent_span_id, root.start, root.end) == ("session", None, found.start, found.end)
    assert (child.kind, child.name, child.parent_span_id) == ("snapshot", "/home", root.span_id)
    assert (child.start, child.end, child.status) == ("2026-11-23T09:42:11Z", "2026-11-23T09:42:14Z", "ok")
    assert child.attributes["files"] == 2


def test_what_is_open_has_no_end() -> None:
    (found,) = traces_of([started(10), made(14)])
    assert found.end is None
    assert found.spans[0].end is None


def test_an_end_alone_tells_when_it_began() -> None:
    (found,) = traces_of([ended(15, startedAt="2026-11-23T09:42:10Z", reason="server-ended")])
    assert (found.start, found.spans[0].status) == ("2026-11-23T09:42:10Z", "error")


def test_a_snapshot_whose_session_was_trimmed() -> None:
    missed = {"path": "etc/key", "error": "permission denied"}
    told = made(14, errors=3, unread=[missed])
    told["data"]["unread"][0]["more"] = "of a newer version"
    (found,) = traces_of([told])
    (only,) = found.spans
    assert (only.kind, only.parent_span_id, only.status) == ("snapshot", None, "error")
    assert [one.model_dump() for one in only.unread] == [missed]


def test_a_failed_snapshot_is_told_in_the_session_that_was_open() -> None:
    failed = snapshot.SnapshotFailed(user="alice@vm-1", path="/srv", error="permission denied")
    own = Trace("a" * 32, "b" * 16)
    (found,) = traces_of([started(10), event(failed, 14, own), ended(15, startedAt="2026-11-23T09:42:10Z")])
    root, child = found.spans
    assert (found.trace_id, child.parent_span_id, child.status) == (STORY.trace_id, root.span_id, "error")
    assert child.attributes == {"path": "/srv", "error": "permission denied"}
    later, _ = traces_of([started(10), ended(15, startedAt="2026-11-23T09:42:10Z"), event(failed, 16, own)])
    assert (later.trace_id, later.spans[0].parent_span_id) == (own.trace_id, None)


def test_maintenance_and_the_newest_first() -> None:
    run = Trace("f" * 32, "e" * 16)
    begin = event(repository.MaintenanceStarted(mode="full"), 20, run)
    end = event(repository.MaintenanceFinished(mode="full", started_at="2026-11-23T09:42:20Z"), 25, run)
    first, second = traces_of([started(10), begin, end, event(repository.MaintenanceFailed(error="x"), 30)])
    assert (first.spans[0].name, first.end) == ("full maintenance", "2026-11-23T09:42:25Z")
    assert second.trace_id == STORY.trace_id


def test_nothing_and_garbage() -> None:
    assert traces_of([]) == []
    assert traces_of([{"type": "x"}, {"traceparent": 5}, started(1) | {"traceparent": "odd"}]) == []
