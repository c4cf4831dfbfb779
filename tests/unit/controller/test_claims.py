"""What clients report as failed is told once, unless the repository says otherwise."""

from __future__ import annotations

import pytest

from backend.controller.claims import MOST, Claims
from backend.kopia.log_records import ReportedSnapshot
from backend.kopia.snapshots import Snapshot, seconds

ALICE, BOB = "alice@vm-1", "bob@vm-2"
START, AT = "2026-11-23T21:11:56Z", "2026-11-23T21:12:00.5Z"
MAIL = "Mon, 23 Nov 2026 21:11:56 +0000"


def report(path: str = "/a", start: str = START, error: str = "no") -> ReportedSnapshot:
    return ReportedSnapshot("", path, start, "", "failed", error)


def snapshot(start: float, path: str = "/a", incomplete: str = "") -> dict[str, dict[str, Snapshot]]:
    one = Snapshot("id", ALICE, path, start, start + 4, 1000, 7, 2, 7, 0, 0, incomplete, "", ())
    return {ALICE: {"id": one}}


def waiting(*reports: ReportedSnapshot, at: str = AT) -> Claims:
    claims = Claims()
    for number, one in enumerate(reports):
        claims.add(f"n{number}", one, ALICE, at)
    return claims


@pytest.mark.parametrize("start", [START, MAIL, "2026-11-23T22:11:56+01:00"])
def test_a_failure_is_told_with_what_is_known(start: str) -> None:
    claims = waiting(report(start=start))
    (news,) = claims.settle({}, [ALICE])
    data = news.payload.model_dump(by_alias=True)
    assert (data["user"], data["path"], data["error"]) == (ALICE, "/a", "no")
    assert seconds(data["startTime"]) == seconds(START)
    assert (news.key, news.time) == ("n0.failed", AT)
    assert not claims.users
    assert not claims.settle({}, None)


@pytest.mark.parametrize("start", ["", "yesterday", "Thu, 01 Jan 1970 00:00:00 +0000", "9" * 60, "Mon, 99 Foo 2026"])
def test_a_start_that_nobody_can_read_is_left_out(start: str) -> None:
    (news,) = waiting(report(start=start)).settle({}, None)
    assert "startTime" not in news.payload.model_dump(by_alias=True, exclude_none=True)


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (snapshot(seconds(START) + 1), 0),
        (snapshot(seconds(START) + 3), 1),
        (snapshot(seconds(START), path="/b"), 1),
        (snapshot(seconds(START), incomplete="canceled"), 1),
        ({}, 1),
    ],
)
def test_a_complete_snapshot_of_that_start_disproves_it(there: dict[str, dict[str, Snapshot]], told: int) -> None:
    assert len(waiting(report()).settle(there, None)) == told


def test_without_a_start_one_that_ended_just_then_disproves_it() -> None:
    end = seconds(AT)
    assert not waiting(report(start="")).settle(snapshot(end - 5), None)
    assert waiting(report(start="")).settle(snapshot(end - 60), None)


def test_others_wait_until_somebody_looks_at_them() -> None:
    claims = waiting(report())
    claims.add("n9", report(), BOB, AT)
    assert len(claims.settle({}, [BOB])) == 1
    assert claims.users == {ALICE}
    assert not claims.settle({}, [])
    assert len(Claims(claims.kept()).settle({}, None)) == 1


def test_two_reports_of_one_failure_are_one() -> None:
    """The first has the start, the second the error."""
    claims = waiting(report(error="x"), report(start="", error="Found 2 errors"), report(start="", error="y"))
    (news,) = claims.settle({}, None)
    data = news.payload.model_dump(by_alias=True)
    assert (data["error"], seconds(data["startTime"])) == ("Found 2 errors", seconds(START))


def test_the_oldest_are_forgotten() -> None:
    claims = waiting(*(report(f"/{number}") for number in range(MOST + 5)))
    told = claims.settle({}, None)
    assert len(told) == MOST
    assert told[0].payload.model_dump()["path"] == "/5"
