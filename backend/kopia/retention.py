"""Why Kopia keeps a snapshot, by the rules of 0.21 to 0.23 (the same in all three). Pure.

The server decides in its local time, which is UTC in its pod; a client elsewhere may show another week or cutoff.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

INCOMPLETE = "incomplete"
INCOMPLETE_KEPT_S = 4 * 3600
INCOMPLETE_KEPT_COUNT = 3

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_FAR_AHEAD = datetime.max.replace(tzinfo=UTC)
_EPOCH = datetime.fromtimestamp(0, UTC)
_MAX_S = 2**63 // 10**9  # Kopia's times are 64 bits of nanoseconds


class Timed(Protocol):
    """What is asked of a snapshot: seconds since the epoch, and why it is incomplete ("" when it is whole)."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def incomplete(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How many snapshots of each kind are kept. 0 and "not set anywhere" have the same effect."""

    keep_latest: int = 0
    keep_hourly: int = 0
    keep_daily: int = 0
    keep_weekly: int = 0
    keep_monthly: int = 0
    keep_annual: int = 0
    ignore_identical_snapshots: bool = False

    @property
    def keeps_all(self) -> bool:
        """Whether every complete snapshot is a latest one: when the numbers add up to nothing."""
        return not (
            self.keep_latest
            + self.keep_hourly
            + self.keep_daily
            + self.keep_weekly
            + self.keep_monthly
            + self.keep_annual
        )


@dataclass(slots=True)
class _Kind:
    """One sort of reason: snapshots from `cutoff` on may have it, `limit` of them (None: any number) do."""

    name: str
    limit: int | None
    cutoff: datetime = _LONG_AGO
    used: int = 0


def retention_reasons(snapshots: Sequence[Timed], retention: Retention) -> list[tuple[str, ...]]:
    """The reasons for each snapshot of ONE source, in the given order, as `kopia snapshot list --json` has them.

    For example ("latest-1", "hourly-1", "annual-1"), or ("incomplete",). Without a reason and without a pin, a
    snapshot is deleted when the source's next one is made. Pass all snapshots of the source: each counts.
    """
    order = sorted(range(len(snapshots)), key=lambda at: (snapshots[at].start, snapshots[at].end), reverse=True)
    newest_whole = next((snapshots[at].start for at in order if not snapshots[at].incomplete), 0.0)
    kinds = _kinds(retention, _time(newest_whole))
    taken: set[str] = set()
    reasons: list[tuple[str, ...]] = [()] * len(snapshots)
    for position, at in enumerate(order):
        if not snapshots[at].incomplete:
            reasons[at] = _reasons(position, _time(snapshots[at].start), kinds, taken)
    for at in _kept_incomplete([snapshots[at] for at in order]):
        reasons[order[at]] = (INCOMPLETE,)
    return reasons


def is_kept(reasons: Collection[str], pins: Collection[str]) -> bool:
    """Whether Kopia spares this snapshot when it applies the retention policy: a pin is as good as a reason."""
    return bool(reasons or pins)


def _kinds(keep: Retention, newest: datetime) -> list[_Kind]:
    """In the order in which Kopia hands out periods. Cutoffs count back from the newest complete snapshot."""
    return [
        _Kind("latest", None if keep.keeps_all else keep.keep_latest),
        _Kind("annual", keep.keep_annual, _months_before(newest, 12 * keep.keep_annual)),
        _Kind("monthly", keep.keep_monthly, _months_before(newest, keep.keep_monthly)),
        _Kind("weekly", keep.keep_weekly, _hours_before(newest, 7 * 24 * keep.keep_weekly)),
        _Kind("daily", keep.keep_daily, _hours_before(newest, 24 * keep.keep_daily)),
        _Kind("hourly", keep.keep_hourly, _hours_before(newest, keep.keep_hourly)),
    ]


def _reasons(position: int, start: datetime, kinds: list[_Kind], taken: set[str]) -> tuple[str, ...]:
    """One snapshot's, newest first. `taken` is shared by all kinds, as it is in Kopia.

    So a week (2024-05) and a month (2024-05), or a position (2024) and a year, are the same period: whichever comes
    first has it, and the other kind gets no reason from it. That can cost a latest one of thousands its only reason.
    """
    found: dict[str, str] = {}
    for kind, period in zip(kinds, _periods(position, start), strict=True):
        full = kind.limit is not None and kind.used >= kind.limit
        if full or start < kind.cutoff or period in taken:
            continue
        taken.add(period)
        kind.used += 1
        found[kind.name] = f"{kind.name}-{kind.used}"
    shown = ("latest", "hourly", "daily", "weekly", "monthly", "annual")
    return tuple(found[name] for name in shown if name in found)


def _periods(position: int, start: datetime) -> tuple[str, ...]:
    """The names of the periods that a snapshot lies in, one for each of `_kinds`."""
    week = start.isocalendar()
    year, month, day = f"{start.year:04d}", f"{start.month:02d}", f"{start.day:02d}"
    return (
        str(position),
        year,
        f"{year}-{month}",
        f"{week.year:04d}-{week.week:02d}",
        f"{year}-{month}-{day}",
        f"{year}-{month}-{day} {start.hour:02d}",
    )


def _kept_incomplete(newest_first: Sequence[Timed]) -> range:
    """Those before the newest complete one: all of the last hours, and never fewer than the first few."""
    for at, one in enumerate(newest_first):
        old = newest_first[0].start - one.start >= INCOMPLETE_KEPT_S and at >= INCOMPLETE_KEPT_COUNT
        if not one.incomplete or old:
            return range(at)
    return range(len(newest_first))


def _time(seconds: float) -> datetime:
    """A client may claim any time: what Kopia cannot hold is drawn to what it can."""
    return _EPOCH + timedelta(seconds=min(max(seconds, -_MAX_S), _MAX_S))


def _hours_before(moment: datetime, hours: int) -> datetime:
    try:
        return moment - timedelta(hours=hours)
    except OverflowError:
        return _LONG_AGO if hours > 0 else _FAR_AHEAD


def _months_before(moment: datetime, months: int) -> datetime:
    """A day that the month does not have runs over into the next one: a month before 31 March is 2 or 3 March."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    if not _LONG_AGO.year <= year < _FAR_AHEAD.year:
        return _LONG_AGO if months > 0 else _FAR_AHEAD
    return moment.replace(year=year, month=month + 1, day=1) + timedelta(days=moment.day - 1)
