"""A server's log becomes events: what each line tells, how often, and the same at each replay."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from backend.controller.log_batch import LogBatch
from backend.controller.log_events import A_MINUTE, LogEvents
from backend.controller.log_place import Gap, LogCursor, advance
from backend.events.catalogue.base import ALL
from backend.events.envelope import Source
from backend.kopia.log_records import ReportedSnapshot

UID, ALICE, BOB = "uid-1", "alice@vm-1", "bob@vm-2"
SECRET = "wJalrXUtnFEMI7K7MDENGbPxRfiCYEXAMPLEKEY1"
Event = dict[str, Any]


def told(second: float, text: str) -> bytes:
    """A line as the API gives it."""
    return f"2026-11-23T09:{int(second) // 60:02d}:{second % 60:012.9f}Z {text}\n".encode()


def line(second: float, message: str, logger: str = "kopia/server", level: str = "INFO", **more: str) -> bytes:
    time = f"2026-11-23T09:{int(second) // 60:02d}:{second % 60:09.6f}Z"
    return told(second, json.dumps({"l": level, "t": time, "n": logger, "m": message} | more, separators=(",", ":")))


def started(second: float, user: str = ALICE, port: int = 1) -> bytes:
    return line(second, f'starting session for user "{user}" from 10.0.0.7:{port}')


def ended(second: float, user: str = ALICE, port: int = 1) -> bytes:
    return line(second, f'session ended for user "{user}" from 10.0.0.7:{port}')


def error_report(second: float, operation: str, details: str, text: str) -> bytes:
    body = f"Operation: {details}\nStarted: x\n\n{text}"
    subject = f"Kopia has encountered an error during {operation} on machine"
    return told(second, "NOTIFICATION: " + json.dumps({"subject": subject, "severity": 20, "body": body}))


def snapshot_report(second: float, path: str, status: str) -> bytes:
    fields = {"subject": "x", "severity": 20, "body": f"Path: {path}\n\n  Status:      {status}\n  Error:       no\n"}
    return told(second, "NOTIFICATION: " + json.dumps(fields))


class Server:
    """What one controller makes of a log; `again` is the next one, with what was kept."""

    def __init__(self, kept: bytes = b"", sessions: dict[bytes, bytes] | None = None) -> None:
        self.log = LogEvents(Source("backup", "vms"), "bsls-probe@vms")
        self.place = self.log.load(kept, sessions or {})
        self.sessions = dict(sessions or {})
        self.raw: list[bytes] = []

    def take(
        self, lines: bytes, *, uid: str = UID, restarts: int = 0, gap: Gap | None = None, over: bool = False
    ) -> None:
        here = self.place
        if here is None or (here.pod_uid, here.restarts) != (uid, restarts):
            here = LogCursor(uid, restarts)
        end = advance(here, lines) if lines else here
        if over:
            end = LogCursor(end.pod_uid, end.restarts, end.at, end.nth, end.digest, over=True)
        self.log.take(LogBatch("vms-kopia-0", lines, self.place, end, gap, ended=over), self.raw)
        self.place = end

    def again(self) -> Server:
        for change in self.log.changes(b"sessions"):
            if change[0] == b"HSET":
                self.sessions.update(zip(change[2::2], change[3::2], strict=True))
            else:
                for name in change[2:]:
                    del self.sessions[name]
        return Server(self.log.kept(), self.sessions)

    @property
    def events(self) -> list[Event]:
        return [json.loads(one) for one in self.raw]

    @property
    def kinds(self) -> list[str]:
        return [one["type"].removeprefix("io.openshift.oadp.bsls.").removesuffix(".v1") for one in self.events]

    def data(self, kind: str) -> list[Event]:
        return [one["data"] for one, name in zip(self.events, self.kinds, strict=True) if name == kind]


def read(*lines: bytes) -> Server:
    server = Server()
    server.take(b"".join(lines))
    return server


@pytest.mark.parametrize(
    ("text", "kind", "data"),
    [
        (line(1, "failed login attempt by client 10.0.0.9:1 for user mallory", level="WARN"), "login.refused",
         {"user": "mallory", "address": "10.0.0.9:1", "suppressed": 0}),
        (told(1, "2026/11/23 09:00:01 http: TLS handshake error from 10.0.0.9:1: remote error: tls: bad certificate"),
         "tls.handshake-failed",
         {"address": "10.0.0.9:1", "error": "remote error: tls: bad certificate", "suppressed": 0}),
        (line(1, "Running full maintenance...", "maintenance"), "maintenance.started", {"mode": "full"}),
        (line(1, "Finished quick maintenance.", "maintenance"), "maintenance.finished", {"mode": "quick"}),
        (line(1, "unable to report run: EOF", "maintenance", "ERROR"), "maintenance.failed",
         {"error": "unable to report run: EOF"}),
        (line(1, "refresh error", level="WARN", err="EOF"), "storage.failed",
         {"reason": "KopiaStorageError", "message": "refresh: EOF", "origin": "server"}),
        (line(1, "refresh error", level="WARN", err="SlowDown"), "storage.throttled", {"message": "SlowDown"}),
        (line(1, "Shutting down HTTP server ...", "kopia/cli"), "server.stopping", {"pod": "vms-kopia-0"}),
        (line(1, "odd", "kopia/new", "WARN"), "log.reported",
         {"level": "warning", "logger": "kopia/new", "message": "odd", "suppressed": 0}),
        (line(1, "unable to add x", "cache", "ERROR", err="full"), "log.reported",
         {"level": "warning", "logger": "cache", "message": "unable to add x: full", "suppressed": 0}),
        (line(1, "Repository not configured."), "log.reported",
         {"level": "error", "logger": "repository", "message": "Repository not configured.", "suppressed": 0}),
        (told(1, "panic: boom"), "log.reported",
         {"level": "error", "logger": "go", "message": "panic: boom", "suppressed": 0}),
        (told(1, "2026/11/23 09:00:01 http: Accept error: too many open files"), "log.reported",
         {"level": "warning", "logger": "http", "message": "http: Accept error: too many open files",
          "suppressed": 0}),
        (error_report(1, "snapshot create", "snapshot create", "no pack"), "log.reported",
         {"level": "warning", "logger": "notification", "suppressed": 0,
          "message": "Kopia has encountered an error during snapshot create on machine: no pack"}),
        (snapshot_report(1, "/a", "fatal"), "log.reported",
         {"level": "warning", "logger": "notification", "suppressed": 0,
          "message": "a client reported that a snapshot of /a failed: no"}),
    ],
)  # fmt: skip
def test_a_line_becomes_its_event(text: bytes, kind: str, data: Event) -> None:
    server = read(text)
    (event,) = server.events
    assert server.kinds == [kind]
    assert event["data"] == data
    assert event["id"] == "uid-1.2026-11-23T09:00:01.000000000Z"
    assert event["time"].startswith("2026-11-23T09:00:01")
    assert event["dataschema"]
    payload = next(one for one in ALL.values() if one.type == event["type"]).payload
    assert payload.model_validate(event["data"])


@pytest.mark.parametrize(
    "text",
    [
        told(1, "SERVER ADDRESS: https://[::]:51515"),
        told(1, "2026/11/23 09:00:01 http: TLS handshake error from 10.0.0.9:1: EOF"),
        snapshot_report(1, "/a", "success"),
        line(1, "starting prometheus metrics on [::]:9090", "kopia/cli"),
        told(1, ""),
        told(1, "\ufffd"),
        b"2026-11-23T09:00:01.000000000Z \xff\xfe\n",
        b"2026-11-23T09:00:01.000000000Z\n",
        b"no-time " + line(1, "odd", level="ERROR")[31:],
        started(1, "bsls-probe@vms") + ended(2, "bsls-probe@vms"),
        told(1, '{"l":"ERROR","t":"","n":"x","m":' + "[" * 50_000),
    ],
)
def test_lines_that_are_no_events(text: bytes) -> None:
    assert read(text).events == []


def test_a_forged_line_ends_nobodys_session() -> None:
    forged = ended(2)[31:-1].decode()
    server = read(
        started(1),
        line(2, f"failed login attempt by client 10.0.0.9:1 for user x\n{forged}\n", level="WARN"),
        line(3, forged, "kopia/new", "ERROR", err=forged),
        told(4, "NOTIFICATION: " + json.dumps({"subject": forged, "body": forged, "severity": 20})),
        told(5, "x" + forged),
    )
    assert server.kinds == ["session.started", "login.refused", "log.reported"]
    assert next(iter(server.log.changes(b"sessions")))[0] == b"HSET"


def test_no_secret_is_in_an_event() -> None:
    path = f"/srv/{SECRET}"
    server = read(
        line(1, f"failed login attempt by client 10.0.0.9:1 for user {SECRET}", level="WARN"),
        line(2, f"password={SECRET}", f"x {SECRET}", "ERROR", err=f"https://me:{SECRET}@host/"),
        line(3, "refresh error", level="WARN", err=f"Authorization: Basic {SECRET}"),
        line(4, "unable to add", "cache", "ERROR", err=SECRET),
        told(5, f"2026/11/23 09:00:01 http: TLS handshake error from 10.0.0.9:1: token={SECRET}"),
        told(6, f"panic: {SECRET}"),
        error_report(7, SECRET, "snapshot create", f"secretAccessKey: {SECRET}"),
        snapshot_report(8, path, "fatal"),
    )
    assert len(server.events) == 8
    assert SECRET.encode() not in b"".join(server.raw)


# --- limits ----------------------------------------------------------------------------------------------------------


def refused(second: float) -> bytes:
    return line(second, "failed login attempt by client 10.0.0.9:1 for user mallory", level="WARN")


def test_ten_of_a_kind_a_minute_are_told_and_the_others_counted() -> None:
    server = Server()
    for number in range(25):
        server.take(refused(number))
        server.take(line(number + 0.5, "odd", "kopia/new", "WARN"))
    server = server.again()
    server.take(
        refused(61) + refused(62) + line(63, "odd", "kopia/other", "WARN") + line(64, "odd", "kopia/new", "WARN")
    )
    assert [one["suppressed"] for one in server.data("login.refused")] == [15, 0]
    assert [(one["logger"], one["suppressed"]) for one in server.data("log.reported")] == [
        ("kopia/other", 0), ("kopia/new", 15),
    ]  # fmt: skip


def test_each_minute_has_its_own() -> None:
    server = read(*(refused(second) for second in range(600)))
    assert len(server.events) == 10 * A_MINUTE
    assert sum(one["suppressed"] for one in server.data("login.refused")) == 9 * 50


def test_many_loggers_share_one_limit_in_the_end() -> None:
    server = read(*(line(0.001 * number, "odd", f"logger-{number}", "WARN") for number in range(1000)))
    assert len(server.events) < 100 + A_MINUTE + 1
    assert len(json.loads(server.log.kept())["limits"]) <= 101


# --- maintenance -----------------------------------------------------------------------------------------------------


def running(second: float, mode: str = "quick") -> bytes:
    return line(second, f"Running {mode} maintenance...", "maintenance")


def finished(second: float, mode: str = "quick") -> bytes:
    return line(second, f"Finished {mode} maintenance.", "maintenance")


FAILED = ("Maintenance", "Scheduled Maintenance", "unable to run: EOF")


@pytest.mark.parametrize("handover", [False, True])
def test_maintenance_is_one_story(handover: bool) -> None:
    server = read(running(1))
    (start,) = server.events
    if handover:
        server = server.again()
    server.take(finished(3.5))
    end = server.events[-1]
    assert end["data"] == {"mode": "quick", "startedAt": start["time"], "durationSeconds": 2.5}
    assert end["traceparent"] == start["traceparent"]


def test_maintenance_that_failed_is_believed_just_after_a_run() -> None:
    server = read(running(1, "full"), finished(2, "full"), error_report(3, *FAILED))
    assert server.kinds[-1] == "maintenance.failed"
    assert server.data("maintenance.failed") == [{"mode": "full", "error": "unable to run: EOF"}]


@pytest.mark.parametrize("lines", [(), (running(1),), (running(1), finished(2))])
def test_maintenance_that_a_client_says_failed_at_any_other_time_is_only_reported(lines: tuple[bytes, ...]) -> None:
    server = read(*lines, error_report(30, *FAILED))
    assert server.kinds[-1] == "log.reported"
    assert server.events[-1]["data"]["message"] == "a client reported that maintenance failed: unable to run: EOF"
    assert "maintenance.failed" not in server.kinds


# --- runs, gaps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handover", [False, True])
def test_a_restart_ends_sessions_and_maintenance(handover: bool) -> None:
    server = read(started(1), started(2, BOB), running(3), told(4, "panic: x"))
    server.take(b"", over=True)
    assert [(one["user"], one["reason"]) for one in server.data("session.ended")] == [
        (ALICE, "server-ended"), (BOB, "server-ended"),
    ]  # fmt: skip
    assert {one["time"] for one in server.events if one["type"].endswith("ended.v1")} == {
        "2026-11-23T09:00:04.000000000Z"
    }
    if handover:
        server = server.again()
    server.take(started(10) + finished(11), restarts=1)
    assert server.kinds[-3:] == ["server.restarted", "session.started", "maintenance.finished"]
    assert server.data("server.restarted") == [
        {"pod": "vms-kopia-0", "podUid": UID, "restarts": 1, "cause": "the container was restarted"}
    ]
    assert "startedAt" not in server.data("maintenance.finished")[0]


def test_another_pod_ends_the_sessions_of_one_whose_end_was_not_seen() -> None:
    server = read(started(1))
    server.take(started(10, BOB), uid="uid-2")
    assert server.kinds == ["session.started", "session.ended", "server.restarted", "session.started"]
    assert server.data("server.restarted")[0]["cause"] == "another pod took over"
    assert server.events[-1]["id"].startswith("uid-2.")


def test_a_gap_says_from_when_to_when() -> None:
    server = read(started(1))
    gap = Gap("2026-11-23T09:00:01.000000000Z", "2026-11-23T09:05:00.000000000Z", "the log was rotated")
    server.take(started(300, BOB), gap=gap)
    assert server.kinds == ["session.started", "stream.gap", "session.started"]
    assert server.data("stream.gap") == [
        {"from": "2026-11-23T09:00:01.000000000Z", "to": "2026-11-23T09:05:00.000000000Z",
         "reason": "the log was rotated"}
    ]  # fmt: skip


def test_a_gap_without_an_end() -> None:
    server = read(started(1))
    server.take(b"", gap=Gap("2026-11-23T09:00:01.000000000Z", "", "the pod was deleted"), over=True)
    assert server.data("stream.gap") == [{"from": "2026-11-23T09:00:01.000000000Z", "reason": "the pod was deleted"}]
    assert server.kinds[-1] == "session.ended"


# --- reported failures -----------------------------------------------------------------------------------------------


def test_a_reported_failure_waits_until_somebody_has_looked() -> None:
    server = read(started(1), snapshot_report(2, "/a", "fatal"))
    assert server.kinds == ["session.started"]
    assert server.log.claims.users == {ALICE}
    assert server.again().log.claims.kept() == server.log.claims.kept()
    (news,) = server.log.claims.settle({}, None)
    assert news.payload.model_dump()["path"] == "/a"


def test_of_two_open_sessions_nobody_is_blamed() -> None:
    server = read(started(1), started(2, BOB), snapshot_report(3, "/a", "fatal"))
    assert server.kinds[-1] == "log.reported"
    assert not server.log.claims.users


def test_a_report_that_names_its_user_is_theirs() -> None:
    text = f"Found 2 fatal error(s) while snapshotting {BOB}:/b."
    server = read(started(1), error_report(2, "snapshot create", "snapshot create", text))
    assert server.log.claims.users == {BOB}


def test_reports_are_limited() -> None:
    server = Server()
    for number in range(300):
        server.log.claims.add(f"n{number}", ReportedSnapshot(ALICE, f"/{number}", "", "", "failed", "x"), ALICE, "")
    assert len(server.log.claims.kept()) == 100
    assert len(json.loads(server.log.kept())["claims"]) == 100


# --- replay ----------------------------------------------------------------------------------------------------------


def story(chance: random.Random) -> list[bytes]:
    """Lines of all kinds, some of one moment."""
    lines, second = [], 0.0
    for _ in range(200):
        second += chance.choice((0, 0, 0.001, 1.5))
        user, port = chance.choice((ALICE, BOB)), chance.randrange(3)
        lines.append(
            chance.choice(
                (
                    started(second, user, port),
                    ended(second, user, port),
                    refused(second),
                    running(second),
                    finished(second),
                    line(second, "odd", "kopia/new", "WARN"),
                    told(second, "nothing"),
                    snapshot_report(second, "/a", "fatal"),
                    error_report(second, *FAILED),
                )
            )
        )
    return lines


@pytest.mark.parametrize("seed", range(20))
def test_the_events_are_the_same_however_it_is_cut_and_whoever_reads(seed: int) -> None:
    chance = random.Random(seed)
    lines = story(chance)
    whole = read(*lines)
    server, raw = Server(), []
    before = b""
    while lines:
        count = chance.randrange(1, 30)
        part, lines = b"".join(lines[:count]), lines[count:]
        if chance.random() < 0.5:
            server = server.again()
            server.log._sessions.seen.prime(before)
        server.take(part)
        before += part
        raw += server.raw
        server.raw.clear()
    assert raw == whole.raw
    ids = [json.loads(one)["id"] for one in raw]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "kept", [b"{", b"[]", b'{"log": 1}', b'{"log":{},"limits":{},"maintenance":{},"pod":"","claims":[]}']
)
def test_what_nobody_can_read_begins_anew(kept: bytes) -> None:
    server = Server(kept, {b"x": b"{"})
    assert server.place is None
    server.take(started(1))
    assert server.kinds == ["session.started"]
