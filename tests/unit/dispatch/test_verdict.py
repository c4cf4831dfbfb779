"""What answers mean, how long to wait, and when to give up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from backend.dispatch.verdict import LONGEST_ASKED_S, Outcome, asked_wait, backoff, given_up, judge
from backend.events.push.models import Retry

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Outcome.DELIVERED), (202, Outcome.DELIVERED), (204, Outcome.DELIVERED),
        (301, Outcome.AGAIN), (307, Outcome.AGAIN),
        (400, Outcome.DEAD), (401, Outcome.DEAD), (404, Outcome.DEAD), (413, Outcome.DEAD), (415, Outcome.DEAD),
        (408, Outcome.AGAIN), (425, Outcome.AGAIN), (429, Outcome.AGAIN), (410, Outcome.GONE),
        (500, Outcome.AGAIN), (502, Outcome.AGAIN), (503, Outcome.AGAIN), (504, Outcome.AGAIN), (599, Outcome.AGAIN),
    ],
)  # fmt: skip
def test_statuses(status: int, expected: Outcome) -> None:
    verdict = judge(status, None, NOW)
    assert verdict.outcome is expected
    assert expected is Outcome.DELIVERED or str(status) in verdict.reason


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, 0), ("", 0), ("0", 0), ("120", 120), (" 7 ", 7), ("-1", 0), ("1.5", 0), ("soon", 0), ("9" * 30, 0),
        ("999999999", LONGEST_ASKED_S),
        ("Wed, 25 Nov 2026 10:01:00 GMT", 60), ("Wed, 25 Nov 2026 09:00:00 GMT", 0),
        ("Wed, 25 Nov 2099 09:00:00 GMT", LONGEST_ASKED_S), ("Wed, 99 Nov 2026 10:01:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, expected: float) -> None:
    assert asked_wait(header, NOW) == expected


def test_only_429_holds_up_everyone() -> None:
    assert judge(429, "5", NOW).everyone
    assert not judge(503, "5", NOW).everyone
    assert judge(503, "5", NOW).wait_s == 5
    assert not judge(429, None, NOW).everyone
    assert judge(500, "5", NOW).wait_s == 0


def test_waits_double_up_to_the_longest_and_spread() -> None:
    retry = Retry(first_wait=timedelta(seconds=1), longest_wait=timedelta(seconds=60))
    assert [backoff(n, retry, lambda: 1.0) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff(n, retry, lambda: 0.0) for n in range(1, 4)] == [0.5, 1, 2]
    draw = random.Random(3).random
    for n in range(1, 2000):
        assert 0.5 <= backoff(n, retry, draw) <= 60


def test_giving_up() -> None:
    retry = Retry(attempts=3, age=timedelta(hours=3))
    assert given_up(2, NOW, NOW, retry) == ""
    assert given_up(3, NOW, NOW, retry) == "given up after 3 attempts"
    assert given_up(1, NOW - timedelta(hours=3), NOW, retry) == "given up after 3 h"
