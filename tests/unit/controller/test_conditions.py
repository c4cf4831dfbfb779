from __future__ import annotations

from datetime import UTC, datetime

from backend.controller.announce import events
from backend.controller.conditions import Verdict, news, to_conditions

EARLY = datetime(2026, 1, 1, tzinfo=UTC)
LATE = datetime(2026, 1, 2, tzinfo=UTC)
SERVER = {"metadata": {"name": "s", "namespace": "ns", "uid": "u", "resourceVersion": "7"}}


def test_the_transition_time_changes_only_with_the_status():
    first = to_conditions([Verdict("Available", False, "A", "a")], [], 1, EARLY)
    second = to_conditions([Verdict("Available", False, "B", "b")], first, 2, LATE)
    third = to_conditions([Verdict("Available", None, "B", "b")], second, 2, LATE)
    assert [c[0]["lastTransitionTime"] for c in (first, second, third)] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2026-01-02T00:00:00Z",
    ]
    assert third[0]["status"] == "Unknown"
    assert second[0]["observedGeneration"] == 2


def test_an_event_for_each_new_reason_once():
    before = to_conditions([Verdict("Available", True, "ServerReady", "up")], [], 1, EARLY)
    after = to_conditions(
        [
            Verdict("Available", False, "BSLNotFound", "create it"),
            Verdict("Progressing", False, "Blocked", "waiting"),
            Verdict("Degraded", True, "BSLNotFound", "create it"),
            Verdict("TLSReady", None, "CertificatePending", "soon"),
        ],
        before,
        1,
        LATE,
    )
    told = events(SERVER, news(before, after), LATE)
    assert [(event["reason"], event["type"]) for event in told] == [("BSLNotFound", "Warning")]
    assert events(SERVER, news(after, after), LATE) == []
