"""The log of a server's Kopia containers becomes events: sessions on the hot path, everything else line by line.

What it remembers between lines (open sessions, running maintenance, how many of a kind were told this minute) goes into
the commit, so that another controller goes on exactly there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from backend.controller.log_follow import LogBatch
from backend.controller.log_place import LogCursor, advance
from backend.controller.session_events import Key, Open, SessionEvents, seconds_of
from backend.events.catalogue import Payload, inputs, log, repository, server, session, snapshot
from backend.events.commit import Change
from backend.events.envelope import Source, Trace, encode
from backend.kopia import log_lines as kopia

A_MINUTE: Final = 10  # events of one kind that anybody can cause as often as they like
MAX_RECENT: Final = 10_000


class LogEvents:
    """One server's log, run after run. `take` adds to a list of events; the rest says what to keep."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._sessions = SessionEvents(source, self._other)
        self._cursor: LogCursor | None = None
        self._pod = ""
        self._limits: dict[str, list[Any]] = {}  # kind: [minute, told, left out]
        self._maintenance: dict[str, str] = {}  # mode: when it began

    # --- what is kept ------------------------------------------------------------------------------------------------

    def load(self, raw: bytes, sessions: Mapping[bytes, bytes]) -> LogCursor | None:
        """Go on where the projections are; the cursor in the log."""
        self._sessions.open.update(read_sessions(sessions))
        if not raw:
            return None
        kept = json.loads(raw)
        self._limits, self._maintenance, self._pod = kept["limits"], kept["maintenance"], kept["pod"]
        self._cursor = LogCursor.from_bytes(json.dumps(kept["log"]).encode())
        self._sessions.seen.go_on(self._cursor.at.encode(), self._cursor.nth)
        return self._cursor

    def cursor_bytes(self) -> bytes:
        kept = {
            "log": json.loads(self._cursor.to_bytes()) if self._cursor else None,
            "limits": self._limits,
            "maintenance": self._maintenance,
            "pod": self._pod,
        }
        return json.dumps(kept, separators=(",", ":")).encode()

    def changes(self, key: bytes) -> list[Change]:
        """Of the projection `sessions`, since this was last asked for."""
        dirty, self._sessions.dirty = self._sessions.dirty, set()
        return session_changes(key, dirty, self._sessions.open)

    def sessions(self) -> Mapping[str, Open]:
        """The latest session of each user, open or not."""
        return self._sessions.latest

    # --- what comes in -----------------------------------------------------------------------------------------------

    def take(self, batch: LogBatch, events: list[bytes]) -> LogCursor | None:
        """The events of a batch, in their order, and the place after it."""
        sessions = self._sessions
        sessions.events = events
        run = (batch.pod_uid, batch.restarts)
        at = batch.at
        if self._cursor is not None and run != (self._cursor.pod_uid, self._cursor.restarts):
            self._restarted(batch, at)
        if batch.gap is not None:
            fields = {"from": batch.gap.from_time or None, "to": batch.gap.to_time or None, "reason": batch.gap.reason}
            self._tell(log.StreamGap.model_validate(fields), f"{_name(batch)}.{at}.gap", at)
        self._pod = batch.pod
        if batch.lines:
            sessions.take(f"{_name(batch)}.".encode(), batch.lines)
            self._cursor = advance(self._cursor_of(batch), batch.lines)
        elif self._cursor is None or run != (self._cursor.pod_uid, self._cursor.restarts):
            self._cursor = LogCursor(batch.pod_uid, batch.restarts)
        if batch.ended:
            sessions.end_all(at.encode())
            self._cursor = batch.end_cursor(self._cursor)
        return self._cursor
