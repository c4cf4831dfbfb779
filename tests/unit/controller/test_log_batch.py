"""What there is to read of a pod, told by its status."""

from __future__ import annotations

from typing import Any

import pytest

from backend.controller.log_batch import LogBatch, LogPod, log_pod
from backend.controller.log_place import LogCursor

MADE, FIRST, SECOND = "2026-11-23T09:00:00Z", "2026-11-23T09:00:05Z", "2026-11-23T10:00:00Z"
RUNNING = {"running": {"startedAt": SECOND}}
ENDED = {"terminated": {"startedAt": FIRST, "finishedAt": SECOND}}
WAITING = {"waiting": {"reason": "CrashLoopBackOff"}}


def pod(state: Any = None, last: Any = None, restarts: int = 0, name: str = "kopia") -> Any:
    meta = {"namespace": "backup", "name": "vms-0", "uid": "u", "creationTimestamp": MADE}
    container = {"name": name, "state": state or {}, "lastState": last or {}, "restartCount": restarts}
    return {"metadata": meta, "status": {"containerStatuses": [container]}}


def found(restarts: int, *, ended: bool, since: str, began: str = "") -> LogPod:
    return LogPod("backup", "vms-0", "u", restarts, ended, since, began or since)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ({"metadata": {}}, None),
        ({"metadata": {}, "status": {"containerStatuses": None}}, None),
        (pod(RUNNING, name="another"), None),
        (pod(WAITING), None),  # never started
        (pod(RUNNING), found(0, ended=False, since=SECOND)),
        (pod(ENDED), found(0, ended=True, since=FIRST)),
        (pod(WAITING, ENDED, 0), found(0, ended=True, since=FIRST)),
        (pod(RUNNING, ENDED, 1), found(1, ended=False, since=SECOND)),
        (pod(RUNNING, ENDED, 2), found(2, ended=False, since=MADE, began=SECOND)),
        (pod(WAITING, ENDED, 5), found(5, ended=True, since=MADE, began=FIRST)),
    ],
)
def test_pods(raw: Any, expected: LogPod | None) -> None:
    assert log_pod(raw) == expected


def test_the_time_of_a_batch() -> None:
    place = LogCursor("u", 0, "2026-11-23T09:00:09.000000000Z", 1, "00")
    begun = LogCursor("u", 1)
    assert LogBatch("p", b"2026-11-23T09:00:10.000000000Z x\ny\n", place, place).at == "2026-11-23T09:00:10.000000000Z"
    assert LogBatch("p", b"", None, place).at == place.at
    assert LogBatch("p", b"", place, begun).at == place.at
    assert LogBatch("p", b"", None, begun).at == ""
