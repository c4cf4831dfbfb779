"""What a commit holds, counted while it is made, and booked once it is in Redis: so nothing is counted twice.

On the hot path only lengths are compared; no line and no event is counted by itself.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from backend.events.catalogue import Payload, log, repository, session, type_of
from backend.events.catalogue.snapshot import SnapshotCreated, SnapshotFailed, SnapshotIncomplete
from backend.kopia.snapshots import seconds
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter, histogram
from backend.telemetry.spans import Ref

_EVENTS, _LINES = counter(catalogue.EVENTS), counter(catalogue.LOG_LINES)
_STARTED, _ENDED = counter(catalogue.SESSIONS_STARTED), counter(catalogue.SESSIONS_ENDED)
_LOST = counter(catalogue.EVENTS_LOST)
_LAG, _TOOK = histogram(catalogue.PUBLISH_LAG), histogram(catalogue.SNAPSHOT_DURATION)

_SESSION_STARTED, _SESSION_ENDED = type_of(session.SessionStarted).name, type_of(session.SessionEnded).name
_STORIES = (
    _SESSION_ENDED,
    *(type_of(one).name for one in (SnapshotCreated, SnapshotIncomplete, repository.MaintenanceFinished)),
)
MOST_SENT = 8  # commits whose outcome is not known; more are never under way


@dataclass
class Totals:
    """Of one server, since this process began: for series that end with the server."""

    complete: int = 0
    incomplete: int = 0
    failed: int = 0
    size: int = 0
    files: int = 0
    errors: int = 0


@dataclass
class Tally:
    """One commit. `oldest`: kubelet's time of its first log line, RFC 3339, or empty; `caused_by`: the pass whose
    events it holds.
    """

    events: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    snapshots: list[SnapshotCreated | SnapshotIncomplete | SnapshotFailed] = field(default_factory=list)
    cut: int = 0  # sessions that the server ended
    gaps: int = 0
    trimmed: int = 0
    oldest: str = ""
    caused_by: Ref | None = None

    @property
    def stories(self) -> int:
        """Events that are the end of a session, a snapshot or maintenance."""
        return sum(self.events[name] for name in _STORIES)

    def told(self, payload: Payload) -> None:
        """An event that is not of the hot path."""
        self.events[type_of(payload).name] += 1
        if isinstance(payload, SnapshotCreated | SnapshotIncomplete | SnapshotFailed):
            self.snapshots.append(payload)
        elif isinstance(payload, log.StreamGap):
            self.gaps += 1
        elif isinstance(payload, log.StreamTrimmed):
            self.trimmed += 1

    def sessions(self, *, events: int, opened: int, unknown: int) -> None:
        """`events` of sessions were made, after which so many more were open than before; `unknown`: ends of sessions
        whose begin was not seen.
        """
        paired = events - unknown
        self.events[_SESSION_STARTED] += (paired + opened) // 2
        self.events[_SESSION_ENDED] += (paired - opened) // 2 + unknown

    def ended_by_server(self, number: int) -> None:
        self.cut += number
        self.events[_SESSION_ENDED] += number


class Books:
    """Of one journal: the tally of the next commit, and those that were sent."""

    def __init__(self) -> None:
        self.next = Tally()
        self.totals = Totals()
        self._sent: dict[bytes, Tally] = {}

    def sent(self, token: bytes) -> None:
        """The commit with this token holds what was counted up to now."""
        self._sent[token], self.next = self.next, Tally()
        while len(self._sent) > MOST_SENT:
            del self._sent[next(iter(self._sent))]

    def committed(self, token: bytes) -> Tally:
        """What is booked now."""
        found = self._sent.pop(token, None) or Tally()
        self._book(found)
        return found

    def loaded(self, token: bytes) -> None:
        """Redis has this token: commits up to that one were written, though nobody heard of it; later ones were not."""
        if token in self._sent:
            for one in list(self._sent):
                self.committed(one)
                if one == token:
                    break
        self._sent.clear()
        self.next = Tally()

    def _book(self, tally: Tally) -> None:
        for name, number in tally.events.items():
            _EVENTS.add(number, name)
        for kind, number in tally.lines.items():
            _LINES.add(number, kind)
        _STARTED.add(tally.events[_SESSION_STARTED])
        _ENDED.add(tally.events[_SESSION_ENDED] - tally.cut, "closed")
        _ENDED.add(tally.cut, "server-ended")
        _LOST.add(tally.gaps, "log")
        _LOST.add(tally.trimmed, "trimmed")
        for one in tally.snapshots:
            self._snapshot(one)
        oldest = seconds(tally.oldest)
        if oldest:
            _LAG.record(max(0.0, time.time() - oldest))

    def _snapshot(self, one: SnapshotCreated | SnapshotIncomplete | SnapshotFailed) -> None:
        totals = self.totals
        if isinstance(one, SnapshotFailed):
            totals.failed += 1
        elif isinstance(one, SnapshotIncomplete):
            totals.incomplete += 1
        else:
            totals.complete += 1
            totals.size += one.size_bytes
            totals.files += one.files
            totals.errors += one.errors + one.ignored_errors
            start, end = seconds(one.start_time), seconds(one.end_time)
            if 0 < start <= end:
                _TOOK.record(end - start)
