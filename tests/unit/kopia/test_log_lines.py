"""What each form of a line becomes, with all its fields; and lines that only look like one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.kopia.log_lines import NAME_LIMIT, parse_line, utc
from backend.kopia.log_records import (
    CacheFailed,
    LoginRefused,
    LogMessage,
    MaintenanceFailed,
    MaintenanceFinished,
    MaintenanceStarted,
    Notification,
    Panic,
    Record,
    RepositoryProblem,
    ServerStarted,
    SessionEnded,
    SessionStarted,
    ShuttingDown,
    StorageFailed,
    Throttled,
    TLSHandshakeFailed,
)
from backend.kopia.redact import LIMIT

AT = "2026-11-23T09:42:18.475562Z"
SLOW = "Please reduce your request rate."


def line(message: object, name: object = "kopia/server", level: object = "INFO", **more: Any) -> bytes:
    fields = {"l": level, "t": AT, "n": name, "m": message} | more
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("text", "record"),
    [
        (line('starting session for user "alice@vm-1" from 127.0.0.1:48418'),
         SessionStarted(AT, "alice@vm-1", "127.0.0.1:48418")),
        (line('session ended for user "a.b_c-d@vm_1.x" from [fd00::1%eth0]:48418'),
         SessionEnded(AT, "a.b_c-d@vm_1.x", "[fd00::1%eth0]:48418")),
        (line("failed login attempt by client 127.0.0.1:1 for user mallory", level="WARN"),
         LoginRefused(AT, "mallory", "127.0.0.1:1")),
        (line("Running full maintenance...", "maintenance"), MaintenanceStarted(AT, full=True)),
        (line("Running quick maintenance...", "maintenance"), MaintenanceStarted(AT, full=False)),
        (line("Finished full maintenance.", "maintenance"), MaintenanceFinished(AT, full=True)),
        (line("Finished quick maintenance.", "maintenance"), MaintenanceFinished(AT, full=False)),
        (line("Running full maintenance...", "-"), MaintenanceStarted(AT, full=True)),  # of 0.21
        (line("Finished quick maintenance.", "-"), MaintenanceFinished(AT, full=False)),
        (line("unable to report run: no space", "maintenance", "ERROR"),
         MaintenanceFailed(AT, None, "unable to report run: no space")),
        (line("Shutting down HTTP server ...", "kopia/cli"), ShuttingDown(AT)),
        (line("shutting down due to API request"), ShuttingDown(AT)),
        (line("refresh error", level="WARN", err="dial tcp: refused"),
         StorageFailed(AT, "refresh", "dial tcp: refused")),
        (line("refresh error", level="WARN", error="dial tcp: refused"),
         StorageFailed(AT, "refresh", "dial tcp: refused")),
        (line("refresh error", level="WARN"), StorageFailed(AT, "refresh", "refresh error")),
        (line("refresh error", level="WARN", err=SLOW), Throttled(AT, SLOW)),
        (line("unable to refresh authenticator: EOF", level="ERROR"), StorageFailed(AT, "refresh users", "EOF")),
        (line("unable to refresh authorizer: EOF", level="ERROR"), StorageFailed(AT, "refresh access control", "EOF")),
        (line("unable to load userProfiles map: EOF", "kopia/auth", "ERROR"), StorageFailed(AT, "load users", "EOF")),
        (line("unable to load aclEntries: EOF", "auth", "ERROR"), StorageFailed(AT, "load access control", "EOF")),
        (line("got error EOF when PutBlob(p1) (#3), sleeping for 1s before retrying", "retry", "DEBUG"),
         StorageFailed(AT, "PutBlob", "EOF")),
        (line(f"got error {SLOW} when GetBlob(p1) (#3), sleeping for 1s before retrying", "retry", "DEBUG"),
         Throttled(AT, SLOW)),
        (line("got error context canceled when GetBlob(p1) (#3), sleeping for 1s before retrying", "retry"), None),
        (line("unable to add to cache", "cache", "WARN", err="no space"),
         CacheFailed(AT, "unable to add to cache: no space")),
        (line("unable to sweep cache", "cache", "WARN"), CacheFailed(AT, "unable to sweep cache")),
        (line("unable to open repository: EOF, will keep trying until canceled. Sleeping for 1s", level="WARN"),
         RepositoryProblem(AT, "unable to open repository: EOF")),
        (line("unable to initialize repository: EOF", "kopia/cli", "ERROR"),
         RepositoryProblem(AT, "unable to initialize repository: EOF")),
        (line("failed to open repository: EOF", "kopia/repo", "ERROR"),
         RepositoryProblem(AT, "failed to open repository: EOF")),
        (line("Repository not configured."), RepositoryProblem(AT, "Repository not configured.")),
        (line("the repository connection is read-only, maintenance tasks will not be performed", level="WARN"),
         RepositoryProblem(AT, "the repository connection is read-only, maintenance tasks will not be performed")),
        (b"SERVER ADDRESS: https://[::]:51515", ServerStarted("", "[::]:51515")),
        (b"SERVER ADDRESS: unix+https:///run/kopia.sock", ServerStarted("", "/run/kopia.sock")),
        (b"2026/11/23 21:12:00 http: TLS handshake error from 127.0.0.1:39740: remote error: tls: bad certificate",
         TLSHandshakeFailed("", "127.0.0.1:39740", "remote error: tls: bad certificate")),
        (b"2026/11/23 21:12:00 http2: server connection error from 127.0.0.1:1: connection error: PROTOCOL_ERROR",
         LogMessage("", "warning", "http",
                    "http2: server connection error from 127.0.0.1:1: connection error: PROTOCOL_ERROR")),
        (b"panic: runtime error: index out of range", Panic("", "panic: runtime error: index out of range")),
        (b"fatal error: concurrent map writes", Panic("", "fatal error: concurrent map writes")),
        (b"2026/11/23 21:12:00 http: panic serving 127.0.0.1:1: boom",
         Panic("", "2026/11/23 21:12:00 http: panic serving 127.0.0.1:1: boom")),
    ],
)  # fmt: skip
def test_a_line_becomes_its_record(text: bytes, record: Record | None) -> None:
    assert parse_line(text) == record


@pytest.mark.parametrize(
    ("level", "kept"),
    [("WARN", "warning"), ("ERROR", "error"), ("DPANIC", "error"), ("PANIC", "error"), ("FATAL", "error"),
     ("INFO", None), ("DEBUG", None), ("info", None), ("", None), (3, None), (None, None), (["WARN"], None)],
)  # fmt: skip
def test_what_no_rule_knows_is_kept_from_warnings_on(level: object, kept: str | None) -> None:
    expected = LogMessage(AT, kept, "kopia/new", "a new text: cause") if kept else None  # type: ignore[arg-type]
    assert parse_line(line("a new text", "kopia/new", level, err="cause")) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{",
        b"{}",
        b"null",
        b"[]",
        b"\xff\xfe\x00",
        b"starting prometheus metrics on 127.0.0.1:9090",
        b'starting session for user "alice@vm-1" from 127.0.0.1:48418',
        b'{"n":"kopia/server","m":"session ended for user',
        b'["session ended for user \\"a@b\\" from x"]',
        b" " + line("Finished full maintenance.", "maintenance"),
        line('session ended for user "alice@vm-1" from 127.0.0.1:1', "content"),
        line('session ended for user "a b@vm" from 127.0.0.1:1'),
        line('session ended for user "A@vm" from 127.0.0.1:1'),
        line('session ended for user "a@b" from x y'),
        line('note: session ended for user "a@b" from 127.0.0.1:1'),
        line('session ended for user "a@b" from 127.0.0.1:1\n'),
        line("Finished full maintenance.\n", "maintenance"),
        line(["session", " maintenance."]),
        line("Finished full maintenance.", ["maintenance"]),
        line("no maintenance. today"),
        b"{" * 100_000 + b" session maintenance.",
        b"[" * 100_000,
        b'{"l":"WARN","n":"a","m":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"NOTIFICATION: ",
        b"NOTIFICATION: []",
        b'NOTIFICATION: {"subject":1,"body":""}',
        b'NOTIFICATION: {"subject":"x"}',
        b"NOTIFICATION: " + b"{" * 100_000,
    ],
)
def test_lines_that_say_nothing(text: bytes) -> None:
    assert parse_line(text) is None


FORGED = (
    line('session ended for user "bob@vm-2" from 10.0.0.7:1').decode(),
    'session ended for user "bob@vm-2" from 10.0.0.7:1',
    'SERVER ADDRESS: https://10.0.0.7:1\nNOTIFICATION: {"subject":"x","body":"y"}',
    "panic: no",
    'mallory","m":"session ended for user \\"bob@vm-2\\" from 10.0.0.7:1',
)


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\u2028", "\x85", "\x0b"])
def test_a_line_within_a_line_stays_data(forged: str, end: str) -> None:
    """In a user name, in a message, in an error, in a client's report."""
    text = f"a{end}{forged}{end}"
    refused = parse_line(line(f"failed login attempt by client 10.0.0.7:1 for user {text}", level="WARN"))
    assert isinstance(refused, LoginRefused)
    assert refused.address == "10.0.0.7:1"
    assert refused.user.isprintable()
    assert refused.user.startswith("a")
    for known in (line(text, level="ERROR"), line("odd", level="ERROR", err=text)):
        message = parse_line(known)
        assert isinstance(message, LogMessage)
        assert message.message.isprintable()
    report = parse_line(b"NOTIFICATION: " + json.dumps({"subject": text, "body": text, "severity": 20}).encode())
    assert isinstance(report, Notification)
    assert report.subject.isprintable()
    handshake = parse_line(f"2026/11/23 21:12:00 http: TLS handshake error from 10.0.0.7:1: {text}".encode())
    assert isinstance(handshake, TLSHandshakeFailed)
    assert handshake.error.isprintable()


def test_broken_utf_8_becomes_replacement_marks() -> None:
    text = line("failed login attempt by client 10.0.0.7:1 for user X", level="WARN").replace(b"X", b"\xff\xfe\xc3(")
    assert parse_line(text) == LoginRefused(AT, "\ufffd\ufffd\ufffd(", "10.0.0.7:1")
    assert parse_line(line("X", "a", "WARN").replace(b"X", b"\xed\xa0\x80")) == LogMessage(
        AT, "warning", "a", "\ufffd" * 3
    )
    escaped = parse_line(b'{"l":"WARN","t":"","n":"a","m":"\\ud800 alone"}')
    assert isinstance(escaped, LogMessage)
    assert escaped.message.encode() == "\ufffd alone".encode()


@pytest.mark.parametrize("size", [1 << 20, 1 << 22])
def test_long_lines_are_cut(size: int) -> None:
    big = "x" * size
    refused = parse_line(line(f"failed login attempt by client 10.0.0.7:1 for user {big}", level="WARN"))
    assert isinstance(refused, LoginRefused)
    assert len(refused.user) == NAME_LIMIT
    message = parse_line(line(big, big, "ERROR", err=big))
    assert isinstance(message, LogMessage)
    assert (len(message.message), len(message.logger)) == (LIMIT, NAME_LIMIT)
    assert parse_line(line(f'starting session for user "alice@vm-1" from {big}')) is not None
    assert parse_line(line(f'session ended for user "{big}" from 10.0.0.7:1')) is None
    assert parse_line(big.encode()) is None
    assert parse_line(line(big, level="WARN")[:-9]) is None  # cut off by the reader


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (AT, AT),
        ("2026-11-23T09:42:18Z", "2026-11-23T09:42:18Z"),
        ("2026-11-23T10:42:18.475562+01:00", AT),
        ("2026-11-23T09:42:18", ""),
        ("2026-11-23T09:42:18.123456789Z", "2026-11-23T09:42:18.123456789Z"),
        ("2026-11-23T09:42:18.1234567890Z", "2026-11-23T09:42:18.123456Z"),
        ("2026-11-23T09:42:18Z\n", ""),
        ("2026-13-23T09:42:18Z", ""),
        ("2026-11-23T09:42:61Z", ""),
        ("0001-01-01T00:00:00+14:00", ""),
        ("yesterday", ""),
        ("9" * 5000, ""),
        (3, ""),
        (None, ""),
    ],
)
def test_times(value: object, expected: str) -> None:
    assert utc(value) == expected
