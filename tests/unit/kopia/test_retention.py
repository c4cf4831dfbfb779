"""Retention reasons, case by case; tests/kopia/test_policy.py compares them with the stock command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from backend.kopia.retention import Retention, is_kept, retention_reasons


@dataclass(frozen=True)
class Taken:
    start: float
    end: float
    incomplete: str = ""


def at(text: str, incomplete: str = "", *, lasts: float = 60) -> Taken:
    start = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    return Taken(start, start + lasts, incomplete)


def reasons(retention: Retention, *texts: str) -> list[str]:
    return [" ".join(one) for one in retention_reasons([at(text) for text in texts], retention)]


@pytest.mark.parametrize(
    ("retention", "times", "expected"),
    [
        (Retention(keep_latest=2), ("2024-05-01", "2024-05-02", "2024-05-03"), ["", "latest-2", "latest-1"]),
        (Retention(keep_daily=2), ("2024-05-03T01", "2024-05-03T09", "2024-05-02"), ["", "daily-1", "daily-2"]),
        (Retention(keep_hourly=3), ("2024-05-03T09:59:59", "2024-05-03T10:00:00"), ["hourly-2", "hourly-1"]),
        (Retention(keep_weekly=4), ("2023-12-31", "2024-01-01"), ["weekly-2", "weekly-1"]),
        (Retention(keep_weekly=4), ("2024-12-30", "2025-01-05"), ["", "weekly-1"]),
        (Retention(keep_annual=3), ("2022-06-01", "2023-06-01", "2024-05-01"), ["annual-3", "annual-2", "annual-1"]),
    ],
    ids=["latest", "daily", "hour-border", "week-border", "week-over-new-year", "annual"],
)
def test_newest_of_each_period(retention: Retention, times: tuple[str, ...], expected: list[str]) -> None:
    assert reasons(retention, *times) == expected


@pytest.mark.parametrize(
    ("retention", "newest", "inside", "outside"),
    [
        (Retention(keep_hourly=3), "2024-05-03T10:30", "2024-05-03T07:30", "2024-05-03T07:29:59"),
        (Retention(keep_daily=3), "2024-05-10T10:30", "2024-05-07T10:30", "2024-05-07T10:29:59"),
        (Retention(keep_weekly=2), "2024-05-20T10:30", "2024-05-06T10:30", "2024-05-06T10:29:59"),
        (Retention(keep_monthly=3), "2024-05-31", "2024-03-02", "2024-03-01T23:59:59"),
        (Retention(keep_monthly=2), "2024-05-31T01", "2024-03-31T01", "2024-03-31T00:59:59"),
        (Retention(keep_annual=2), "2024-02-29", "2022-03-01", "2022-02-28"),
    ],
    ids=["hourly", "daily", "weekly", "overflowing-month", "monthly", "leap-day"],
)
def test_the_cutoff_counts_back_from_the_newest(retention: Retention, newest: str, inside: str, outside: str) -> None:
    assert reasons(retention, newest, outside)[1] == ""
    assert reasons(retention, newest, inside)[1] != "", "the border itself is inside"


def test_several_reasons_in_kopias_order() -> None:
    default = Retention(10, 48, 7, 4, 24, 3)
    assert retention_reasons([at("2024-05-15T10:00")], default) == [
        ("latest-1", "hourly-1", "daily-1", "weekly-1", "monthly-1", "annual-1")
    ]


def test_all_zero_keeps_all() -> None:
    assert reasons(Retention(), "2020-01-01", "2024-05-01", "2010-01-01") == ["latest-2", "latest-1", "latest-3"]


def test_a_month_takes_the_week_of_the_same_number() -> None:
    """Kopia keeps the periods of all kinds in one set: May 2024 and week 5 of 2024 are both 2024-05."""
    both = Retention(keep_weekly=40, keep_monthly=40)
    assert reasons(both, "2024-05-15", "2024-01-31") == ["weekly-1 monthly-1", "monthly-2"]
    assert reasons(Retention(keep_weekly=40), "2024-05-15", "2024-01-31") == ["weekly-1", "weekly-2"]


def test_a_position_takes_the_year_of_the_same_number() -> None:
    newest = at("2024-12-31").start
    both = Retention(keep_latest=3000, keep_annual=100)
    more = [Taken(newest - number, newest) for number in range(2019)]
    assert retention_reasons([*more[:2018], at("2018-05-01")], both)[-1] == ("latest-2019",)
    assert retention_reasons([*more[:2017], at("2018-05-01")], both)[-1] == ("latest-2018", "annual-2")
    taken = retention_reasons([*more, at("2019-05-01"), at("2018-05-01")], both)
    assert taken[-2:] == [("latest-2020",), ("latest-2021",)], "positions 2018 and 2019 came first"
    taken = retention_reasons([at("2025-05-01"), *(Taken(newest - one, newest) for one in range(2025))], both)
    assert [place for place, why in enumerate(taken) if not why] == [2024, 2025], "the years came first"


@pytest.mark.parametrize("keep", [-1, 10**6, 10**12])
def test_absurd_numbers_do_no_harm(keep: int) -> None:
    absurd = Retention(keep, keep, keep, keep, keep, keep)
    found = reasons(absurd, "2024-05-15", "1970-01-01")
    assert all(found) is (keep > 0)


def test_times_that_no_calendar_has() -> None:
    odd = [Taken(-1e18, 0), Taken(1e18, 0), at("2024-05-15")]
    assert [one[0] for one in retention_reasons(odd, Retention(keep_latest=3))] == ["latest-3", "latest-1", "latest-2"]


def test_incomplete_ones_after_the_last_complete_one() -> None:
    newest_first = [at("2024-05-03T10", "canceled"), at("2024-05-03T09", "checkpoint"), at("2024-05-03T08")]
    found = retention_reasons([*newest_first, at("2024-05-03T07", "canceled")], Retention(keep_latest=9))
    assert found == [("incomplete",), ("incomplete",), ("latest-1",), ()]


@pytest.mark.parametrize(
    ("hours_apart", "kept"), [(0.1, 8), (1.0, 4), (1.5, 3), (5.0, 3)], ids=["young", "at-four-hours", "old", "older"]
)
def test_how_many_incomplete_ones(hours_apart: float, kept: int) -> None:
    newest = datetime(2024, 5, 3, 10, tzinfo=UTC)
    times = [(newest - timedelta(hours=hours_apart * number)).timestamp() for number in range(8)]
    found = retention_reasons([Taken(time, 0, "canceled") for time in times], Retention())
    assert found == [("incomplete",)] * kept + [()] * (8 - kept)


def test_the_later_end_is_the_newer_of_equal_starts() -> None:
    short, long = at("2024-05-03", lasts=10), at("2024-05-03", lasts=20)
    assert retention_reasons([short, long], Retention(keep_latest=1)) == [(), ("latest-1",)]


def test_incomplete_ones_use_up_no_number() -> None:
    found = retention_reasons([at("2024-05-04", "canceled"), at("2024-05-03"), at("2024-05-02")], Retention(2))
    assert found == [("incomplete",), ("latest-1",), ("latest-2",)]


def test_nothing() -> None:
    assert retention_reasons([], Retention(keep_latest=1)) == []


@pytest.mark.parametrize(("why", "pins", "kept"), [((), (), False), (("daily-1",), (), True), ((), ("audit",), True)])
def test_a_pin_keeps(why: tuple[str, ...], pins: tuple[str, ...], kept: bool) -> None:
    assert is_kept(why, pins) is kept
