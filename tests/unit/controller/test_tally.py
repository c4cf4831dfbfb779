"""What is counted of a log and of events is what an event by event count would say, and only once it is in Redis."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from backend.controller.log_batch import LogBatch
from backend.controller.log_events import LogEvents
from backend.controller.log_place import LogCursor, advance
from backend.controller.tally import Books
from backend.events.catalogue.snapshot import SnapshotCreated, SnapshotFailed
from backend.events.envelope import Source
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter, histogram
from benchmarks.event_path.lines import make_log

UID = "3a7f0000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("seed", range(4))
def test_the_tally_of_a_log_is_that_of_its_events(seed: int) -> None:
    made = make_log(3000, seed)
    text = made.text.splitlines(keepends=True)
    cut = [b"".join(text[start : start + 700]) for start in range(0, len(text), 700)]
    books = Books()
    log = LogEvents(Source("backup", "vms"), "", books)
    place: LogCursor | None = None
    events: list[bytes] = []
    for number, lines in enumerate(cut):
        restarts = number // 3  # another process now and then, which ends sessions
        here = place if place and place.restarts == restarts else LogCursor(UID, restarts)
        end = advance(here, lines)
        log.take(LogBatch("vms-0", lines, place, end, ended=number == len(cut) - 1), events)
        place = end
    told = Counter(json.loads(one)["type"].split("bsls.")[1].removesuffix(".v1") for one in events)
    assert +books.next.events == told
    cut_off = sum(json.loads(one)["data"].get("reason") == "server-ended" for one in events)
    assert books.next.cut == cut_off
    assert books.next.lines.total() == len(text)
    assert books.next.lines["session"] > books.next.lines["known"] > 0
    assert books.next.oldest.startswith("2026-11-01T00:00:00")


def sums() -> tuple[float, float, int]:
    events, ended = counter(catalogue.EVENTS), counter(catalogue.SESSIONS_ENDED)
    return (
        sum(events.values.values()),
        ended.values[("server-ended",)],
        histogram(catalogue.SNAPSHOT_DURATION).count,
    )


def created(size: int) -> SnapshotCreated:
    return SnapshotCreated(
        snapshot="x", user="alice@vm-1", path="/", start_time="2026-11-23T09:42:19Z", end_time="2026-11-23T09:42:22Z",
        size_bytes=size, files=3, errors=1, ignored_errors=1,
    )  # fmt: skip


def test_what_was_not_committed_is_not_booked() -> None:
    books, before = Books(), sums()
    books.next.told(created(10))
    books.next.sessions(events=3, opened=1, unknown=0)
    books.next.ended_by_server(2)
    books.sent(b"1")
    books.next.told(created(100))
    books.next.told(SnapshotFailed(user="alice@vm-1", path="/", error="no"))
    books.sent(b"2")
    assert sums() == before
    books.committed(b"1")
    assert sums() == (before[0] + 6, before[1] + 2, before[2] + 1)
    assert (books.totals.complete, books.totals.size, books.totals.errors) == (1, 10, 2)
    books.loaded(b"1")  # the second one was refused: it is made again
    assert books.totals.failed == 0
    assert books.next.events.total() == 0


def test_a_commit_whose_reply_was_lost_is_booked_when_redis_has_it() -> None:
    books = Books()
    for number, token in enumerate((b"1", b"2", b"3"), 1):
        books.next.told(created(number))
        books.sent(token)
    books.loaded(b"2")
    assert (books.totals.complete, books.totals.size) == (2, 3)
    books.loaded(b"3")
    assert books.totals.complete == 2
