"""Token buckets and open streams, on a clock that the test turns."""

from __future__ import annotations

import pytest

from backend.api.access import limits
from backend.api.access.caller import Caller
from backend.api.access.limits import Limits, Rates
from backend.api.http.problem import Problem

ALICE, BOB = Caller("alice"), Caller("bob")


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_and_then_the_rate() -> None:
    clock = Clock()
    found = Limits(Rates(per_second=2, burst=3), clock=clock)
    assert [found.wait("alice") for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert found.wait("bob") == 0
    clock.now += 0.5
    assert [found.wait("alice") for _ in range(2)] == [0, 0.5]
    clock.now += 3600
    assert [found.wait("alice") for _ in range(4)] == [0, 0, 0, 0.5]


def test_over_a_long_time_it_is_the_rate() -> None:
    clock = Clock()
    found = Limits(Rates(per_second=10, burst=5), clock=clock)
    served = 0
    for _ in range(10_000):
        clock.now += 1 / 128
        served += not found.wait("alice")
    assert served == pytest.approx(10_000 / 128 * 10 + 5, abs=1)


def test_who_was_not_seen_for_long_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_USERS", 2)
    found = Limits(Rates(per_second=1, burst=1), clock=Clock())
    assert [found.wait(user) for user in ("a", "b", "a", "c", "a", "b")] == [0, 0, 1, 0, 1, 0]


def test_the_answer_says_when_to_come_again() -> None:
    found = Limits(Rates(per_second=0.25, burst=1), clock=Clock())
    found.admit(ALICE)
    with pytest.raises(Problem) as refused:
        found.admit(ALICE)
    assert (refused.value.kind.status, refused.value.headers) == (429, {"Retry-After": "4"})
    found.admit(BOB)


def test_streams_are_counted_for_each_user() -> None:
    found = Limits(Rates(streams=2), clock=Clock())
    found.enter(ALICE)
    found.enter(Caller("alice", token="another"))
    with pytest.raises(Problem) as refused:
        found.enter(ALICE)
    assert (refused.value.kind.name, refused.value.headers) == ("too-many-streams", {"Retry-After": "30"})
    found.enter(BOB)
    found.leave("alice")
    found.enter(ALICE)
    with pytest.raises(Problem):
        found.enter(ALICE)
