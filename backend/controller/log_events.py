"""The log of a server's Kopia container becomes events: sessions on the hot path, everything else line by line.

What it remembers between lines (open sessions, running maintenance, how many of a kind were told this minute, reported
failures) goes into the commit, so that another controller goes on exactly there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from backend.controller.claims import Claims
from backend.controller.log_batch import LogBatch
from backend.controller.log_place import LogCursor
from backend.controller.session_events import Open, SessionEvents, seconds_of
from backend.controller.tally import Books
from backend.events.catalogue import Payload, inputs, repository, server, session
from backend.events.catalogue import log as reports
from backend.events.catalogue.base import MAX_TEXT
from backend.events.commit import Change
from backend.events.envelope import Source, Trace, encode, trace_of
from backend.kopia import log_records as kopia
from backend.kopia.log_lines import parse_line, utc
from backend.kopia.log_records import Record
from backend.kopia.redact import redact

log = logging.getLogger(__name__)

LAST: Final = "last"
SAID_WITHIN_S: Final = 10.0  # of the end of a run that failed
A_MINUTE: Final = 10  # events of one kind that anybody can cause as often as they like


class LogEvents:
    """One server's log, run after run. `take` adds to a list of events; the rest says what to keep."""

    def __init__(self, source: Source, unseen: str = "", books: Books | None = None) -> None:
        """Sessions of the user `unseen` are no events: the controller's own trials of the login. `books` count."""
        self._source = source
        self._books = books or Books()
        self._told = self._others = 0
        self._unseen = unseen.encode()
        self._sessions = SessionEvents(source, self._other, self._unseen)
        self._place: LogCursor | None = None
        self._pod = ""
        self._limits: dict[str, list[Any]] = {}  # kind: [minute, told, left out]
        self._maintenance: dict[str, list[str]] = {}  # mode: when it began, and the name of that line; LAST: when, mode
        self.claims = Claims()

    # --- what is kept ------------------------------------------------------------------------------------------------

    def load(self, raw: bytes, sessions: Mapping[bytes, bytes]) -> LogCursor | None:
        """Go on where the projections are; the place in the log. What cannot be read counts as nothing read so far."""
        if not raw:
            return None
        try:
            self._sessions.load(sessions)
            kept = json.loads(raw)
            self._limits, self._maintenance, self._pod = kept["limits"], kept["maintenance"], kept["pod"]
            self.claims = Claims(kept["claims"])
            self._place = LogCursor.from_json(kept["log"]) if kept["log"] else None
        except (ValueError, KeyError, TypeError) as error:
            log.error("%s: the place in the log that was kept cannot be read (%s); reading it again", self._source.uri,
                      error)  # fmt: skip
            self._sessions = SessionEvents(self._source, self._other, self._unseen)
            return None
        return self._place

    def kept(self) -> bytes:
        """The cursor, for `load`."""
        fields = {
            "log": self._place.to_json() if self._place else None,
            "limits": self._limits,
            "maintenance": self._maintenance,
            "pod": self._pod,
            "claims": self.claims.kept(),
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def changes(self, key: bytes) -> list[Change]:
        """Of the projection `sessions`, since this was last asked for."""
        return self._sessions.changes(key)

    def latest(self, user: str) -> Open | None:
        """The latest session of a user, open or not, as far as this process has seen it."""
        return self._sessions.latest.get(user.encode())

    # --- what comes in -----------------------------------------------------------------------------------------------

    def take(self, batch: LogBatch, events: list[bytes]) -> None:
        """Adds the events of a batch, in their order."""
        sessions, before, now = self._sessions, self._place, batch.end
        sessions.events = events
        at = utc(batch.at)
        if before is not None and (before.pod_uid, before.restarts) != (now.pod_uid, now.restarts):
            self._restarted(batch, utc(before.at), at)
        if batch.gap is not None:
            self._gap(batch)
        if batch.pod:
            self._pod = batch.pod
        if batch.before:
            sessions.seen.prime(batch.before)
        if batch.lines:
            self._take_lines(now.pod_uid.encode() + b".", batch)
        if batch.ended:
            self._end_all(utc(now.at).encode())
        self._place = now

    @property
    def open(self) -> int:
        """Sessions."""
        return len(self._sessions.open)

    def _take_lines(self, run: bytes, batch: LogBatch) -> None:
        sessions, tally = self._sessions, self._books.next
        lines, unknown, opened = sessions.lines, sessions.unknown, self.open
        told, others, events = self._told, self._others, len(sessions.events)
        sessions.take(run, batch.lines)
        made = len(sessions.events) - events - (self._told - told)
        tally.sessions(events=made, opened=self.open - opened, unknown=sessions.unknown - unknown)
        tally.lines["session"] += sessions.lines - lines - (self._others - others)
        tally.oldest = tally.oldest or utc(batch.at)

    def _end_all(self, time: bytes) -> None:
        """The process that wrote this log is gone."""
        self._books.next.ended_by_server(self.open)
        self._sessions.end_all(time)
        self._maintenance.clear()

    def _restarted(self, batch: LogBatch, last: str, first: str) -> None:
        """Another process serves; of the one before, the end may not have been seen."""
        before, now = self._place, batch.end
        self._end_all((last or first).encode())
        if before is None or not first:
            return
        cause = "the container was restarted" if before.pod_uid == now.pod_uid else "another pod took over"
        payload = server.ServerRestarted(pod=batch.pod, pod_uid=now.pod_uid, restarts=now.restarts, cause=cause)
        self._tell(payload, f"{now.pod_uid}.{batch.at}.restarted", first)

    def _gap(self, batch: LogBatch) -> None:
        gap = batch.gap
        if gap is None:
            return
        from_time, to_time = utc(gap.from_time) or None, utc(gap.to_time) or None
        payload = reports.StreamGap.model_validate({"from": from_time, "to": to_time, "reason": gap.reason})
        time = to_time or from_time or utc(batch.at)
        self._tell(payload, f"{batch.end.pod_uid}.{gap.from_time}.{gap.to_time}.gap", time)

    def _tell(self, payload: Payload, name: str, time: str, trace: Trace | None = None) -> None:
        self._told += 1
        self._books.next.told(payload)
        self._sessions.events.append(encode(self._source, payload, id=name, time=time, trace=trace))

    # --- lines that are no plain session lines -----------------------------------------------------------------------

    def _other(self, name: bytes, at: bytes, line: bytes) -> None:
        record = parse_line(line)
        self._others += 1
        self._books.next.lines[_kind(record)] += 1
        handle = _HANDLERS.get(type(record)) if record is not None else None
        if handle is not None and (time := utc(at.decode("latin-1"))):  # kubelet gives each line its time
            handle(self, record, name.decode("latin-1"), time)

    def _session(self, record: Any, name: str, time: str) -> None:
        ended = isinstance(record, kopia.SessionEnded)
        user, address, moment = record.user.encode(), record.address.encode(), (record.time or time).encode()
        self._sessions.one(ended, user, address, name.encode(), moment)

    def _login_refused(self, record: kopia.LoginRefused, name: str, time: str) -> None:
        self._limited(
            "login", name, record.time or time,
            lambda left: session.LoginRefused(user=record.user, address=record.address, suppressed=left),
        )  # fmt: skip

    def _handshake(self, record: kopia.TLSHandshakeFailed, name: str, time: str) -> None:
        if record.error == "EOF":
            return  # connected and said nothing: a probe or a port scan
        self._limited(
            "tls", name, time,
            lambda left: inputs.TlsHandshakeFailed(address=record.address, error=record.error, suppressed=left),
        )  # fmt: skip

    def _maintenance_started(self, record: kopia.MaintenanceStarted, name: str, time: str) -> None:
        mode = _mode(record.full)
        self._maintenance[mode] = [record.time or time, name]
        self._tell(repository.MaintenanceStarted(mode=mode), name, record.time or time, trace_of(name))

    def _maintenance_finished(self, record: kopia.MaintenanceFinished, name: str, time: str) -> None:
        mode, ended = _mode(record.full), record.time or time
        began, start = self._maintenance.pop(mode, ("", ""))
        self._maintenance[LAST] = [ended, mode]
        took = max(0.0, round(seconds_of(ended.encode()) - seconds_of(began.encode()), 6)) if began else None
        payload = repository.MaintenanceFinished(mode=mode, started_at=began or None, duration_seconds=took)
        self._tell(payload, name, ended, trace_of(start or name))

    def _maintenance_failed(self, record: kopia.MaintenanceFailed, name: str, time: str) -> None:
        """What is only claimed, as anybody can, counts just after a run, when Kopia itself says so."""
        last, mode = self._maintenance.get(LAST, ("", ""))
        just = bool(last) and 0 <= seconds_of(time.encode()) - seconds_of(last.encode()) <= SAID_WITHIN_S
        if record.claimed and not just:
            text = redact(f"a client reported that maintenance failed: {record.error}", MAX_TEXT)
            self._report("warning", "notification", text, name, time)
            return
        payload = repository.MaintenanceFailed.model_validate({"mode": mode if just else None, "error": record.error})
        self._limited("maintenance", name, record.time or time, lambda _: payload)

    def _storage_failed(self, record: kopia.StorageFailed, name: str, time: str) -> None:
        message = f"{record.operation}: {record.error}"[:MAX_TEXT]
        self._limited(
            "storage", name, record.time or time,
            lambda _: repository.StorageFailed(reason="KopiaStorageError", message=message, origin="server"),
        )  # fmt: skip

    def _throttled(self, record: kopia.Throttled, name: str, time: str) -> None:
        self._limited(
            "throttled", name, record.time or time, lambda _: repository.StorageThrottled(message=record.message)
        )

    def _stopping(self, record: kopia.ShuttingDown, name: str, time: str) -> None:
        self._tell(server.ServerStopping(pod=self._pod), name, record.time or time)

    def _message(self, record: kopia.LogMessage, name: str, time: str) -> None:
        self._report(record.level, record.logger, record.message, name, record.time or time)

    def _cache_failed(self, record: kopia.CacheFailed, name: str, time: str) -> None:
        self._report("warning", "cache", record.error, name, record.time or time)

    def _repository_problem(self, record: kopia.RepositoryProblem, name: str, time: str) -> None:
        self._report("error", "repository", record.error, name, record.time or time)

    def _panic(self, record: kopia.Panic, name: str, time: str) -> None:
        self._report("error", "go", record.message, name, time)

    def _notification(self, record: kopia.Notification, name: str, time: str) -> None:
        """Failures wait until the repository was looked at; what names nobody is only reported."""
        users = self._sessions.users()
        only = next(iter(users)) if len(users) == 1 else ""
        for number, one in enumerate(record.snapshots):
            if one.status != "failed":
                continue
            if one.user or only:
                self.claims.add(f"{name}.{number}", one, one.user or only, time)
            else:
                text = redact(f"a client reported that a snapshot of {one.path} failed: {one.error}", MAX_TEXT)
                self._report("warning", "notification", text, name, time)
        if record.kind == "error" and not record.snapshots:
            text = f"{record.subject}: {record.error}"[:MAX_TEXT]
            self._report("warning", "notification", text, name, time)

    def _report(self, level: str, logger: str, message: str, name: str, time: str) -> None:
        fields = {"level": level, "logger": logger, "message": message}
        self._limited(
            f"log {logger}", name, time, lambda left: reports.LogReported.model_validate(fields | {"suppressed": left})
        )

    def _limited(self, kind: str, name: str, time: str, made: Callable[[int], Payload]) -> None:
        """At most A_MINUTE of a kind a minute, by the time in the log: a replay leaves out the same ones."""
        if kind not in self._limits and len(self._limits) >= 100:
            kind = "log"  # names of loggers are few; whoever makes many shares one limit
        minute = time[:16]
        known = self._limits.setdefault(kind, [minute, 0, 0])
        if known[0] != minute:
            known[0], known[1] = minute, 0
        known[1] += 1
        if known[1] > A_MINUTE:
            known[2] += 1
            return
        left, known[2] = known[2], 0
        self._tell(made(left), name, time)


def _kind(record: Record | None) -> str:
    """As the metric of log lines has it."""
    if record is None:
        return "ignored"
    return "reported" if isinstance(record, kopia.LogMessage) else "known"


def _mode(full: bool) -> Any:
    return "full" if full else "quick"


_HANDLERS: Final[Mapping[type[Record], Callable[[LogEvents, Any, str, str], None]]] = {
    kopia.SessionStarted: LogEvents._session,
    kopia.SessionEnded: LogEvents._session,
    kopia.LoginRefused: LogEvents._login_refused,
    kopia.TLSHandshakeFailed: LogEvents._handshake,
    kopia.MaintenanceStarted: LogEvents._maintenance_started,
    kopia.MaintenanceFinished: LogEvents._maintenance_finished,
    kopia.MaintenanceFailed: LogEvents._maintenance_failed,
    kopia.StorageFailed: LogEvents._storage_failed,
    kopia.Throttled: LogEvents._throttled,
    kopia.ShuttingDown: LogEvents._stopping,
    kopia.LogMessage: LogEvents._message,
    kopia.CacheFailed: LogEvents._cache_failed,
    kopia.RepositoryProblem: LogEvents._repository_problem,
    kopia.Panic: LogEvents._panic,
    kopia.Notification: LogEvents._notification,
}
