"""Snapshots that a client reported as failed, until somebody has looked whether the repository holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from backend.controller.state_events import News, stamp
from backend.events.catalogue.snapshot import SnapshotFailed
from backend.kopia.log_lines import utc
from backend.kopia.log_records import ReportedSnapshot
from backend.kopia.snapshots import Snapshot, seconds

MOST: Final = 100  # anybody can send them
NEAR_S: Final = 2.0

Claim = dict[str, str]  # name (of the log line), user, path, start, error, at


class Claims:
    """In the order of the log; past MOST the oldest are forgotten."""

    def __init__(self, kept: Iterable[Mapping[str, Any]] = ()) -> None:
        self._waiting: list[Claim] = [{key: str(value) for key, value in one.items()} for one in kept]

    def kept(self) -> list[Claim]:
        return self._waiting

    def add(self, name: str, one: ReportedSnapshot, user: str, at: str) -> None:
        """Kopia reports a failure twice, once without the user: the longer text counts."""
        claim = {"name": name, "user": user, "path": one.path, "start": _time(one.start), "error": one.error, "at": at}
        for known in self._waiting:
            if (known["user"], known["path"]) == (user, one.path):
                known["start"] = known["start"] or claim["start"]
                known["error"] = max(known["error"], claim["error"], key=len)
                return
        self._waiting = [*self._waiting, claim][-MOST:]

    @property
    def users(self) -> set[str]:
        return {one["user"] for one in self._waiting}

    def settle(self, groups: Mapping[str, Mapping[str, Snapshot]], looked: Iterable[str] | None) -> list[News]:
        """The failures of those tenants that were looked at, which no complete snapshot disproves."""
        due = self.users if looked is None else self.users & set(looked)
        told, self._waiting = (
            [one for one in self._waiting if one["user"] in due],
            [one for one in self._waiting if one["user"] not in due],
        )
        return [_news(one) for one in told if not _disproved(one, groups.get(one["user"], {}).values())]


def _disproved(claim: Claim, there: Iterable[Snapshot]) -> bool:
    """A complete snapshot of that folder, begun when the report says; without a time, ended since shortly before it."""
    at, start = seconds(claim["at"]), seconds(claim["start"])
    mine = [one for one in there if one.path == claim["path"] and one.complete]
    if start > 0:
        return any(abs(one.start - start) <= NEAR_S for one in mine)
    return any(abs(one.end - at) <= NEAR_S for one in mine)


def _news(claim: Claim) -> News:
    payload = SnapshotFailed(
        user=claim["user"], path=claim["path"], start_time=claim["start"] or None, error=claim["error"]
    )
    return News(payload, f"{claim['name']}.failed", claim["at"] or stamp(datetime.now(UTC)))


def _time(text: str) -> str:
    """RFC 3339 of Kopia's two forms; empty for anything else, and for the zero time of what never began."""
    found = utc(text)
    if not found:
        try:
            found = stamp(parsedate_to_datetime(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            return ""
    return found if seconds(found) > 0 else ""
