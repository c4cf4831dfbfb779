"""What clients report of themselves, in Kopia's own words and in JSON: never more than a claim, never an exception."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from backend.kopia.log_lines import parse_line
from backend.kopia.log_notifications import MAX_PATH, MAX_SNAPSHOTS, parse_notification
from backend.kopia.log_records import MaintenanceFailed, Notification, ReportedSnapshot

FOOTER = "\n\nGenerated at Mon, 23 Nov 2026 21:11:56 +0000 by Kopia v0.23.1.\n\nhttps://kopia.io/"
STARTED = "Mon, 23 Nov 2026 21:11:56 +0000"
STACK = "\ngithub.com/kopia/kopia/cli.run\n\tgithub.com/kopia/kopia@v0.23.1/cli/app.go:458\nmain.main\n\tmain.go:77"
ERROR = "Kopia has encountered an error during {} on machine"


def read(subject: str, body: object, severity: object = 20) -> Notification | MaintenanceFailed | None:
    text = body if isinstance(body, str) else json.dumps(body)
    return parse_notification(json.dumps({"subject": subject, "severity": severity, "body": text}))


def report(subject: str, body: object) -> Notification:
    found = read(subject, body)
    assert isinstance(found, Notification)
    return found


@pytest.mark.parametrize(
    ("word", "status"),
    [("success", "success"), ("warnings", "warnings"), ("incomplete", "incomplete"), ("fatal", "failed"),
     ("fine", "unknown"), ("", "unknown")],
)  # fmt: skip
def test_a_report_in_kopias_words(word: str, status: str) -> None:
    body = f"Path: /srv/a\n\n  Status:      {word}\n  Start:       {STARTED}\n  Size:        0 B{FOOTER}"
    found = report("Successfully created a snapshot of /srv/a on machine", body)
    assert found.kind == "snapshot-report"
    assert found.snapshots == (ReportedSnapshot("", "/srv/a", STARTED, "", status, ""),)  # type: ignore[arg-type]


def test_a_failed_one_says_why() -> None:
    body = (
        f"Path: /a\n\n  Status:      fatal\n  Start:       {STARTED}\n  Error:       Found 2 fatal error(s).\n\n"
        f"  Failed Entries:\n\n  - x: read x: invalid argument\n  - y: no\n\n\nPath: /b\n\n  Status:      fatal\n\n"
        f"  Failed Entries:\n\n  - x: read x\n  - y: no{FOOTER}"
    )
    first, second = report("Failed to create a snapshot", body).snapshots
    assert (first.path, first.status, first.error) == ("/a", "failed", "Found 2 fatal error(s).")
    assert (second.path, second.status, second.error) == ("/b", "failed", "x: read x; y: no")


def test_the_first_of_two_fields_counts() -> None:
    """What comes later may be a file's name."""
    body = "Path: /a\n\n  Status:      fatal\n  Error:       real\n\n  Failed Entries:\n\n  Status: success\n  Error: x"
    (one,) = report("x", body).snapshots
    assert (one.status, one.error) == ("failed", "real")


def test_an_error_that_names_the_snapshot() -> None:
    said = "Found 6 fatal error(s) while snapshotting bob@vm-2:/proc/1/attr."
    body = f"Operation: snapshot create\nStarted:   {STARTED}\nFinished:  {STARTED} (1s)\n\n{said}{STACK}{FOOTER}"
    found = report(ERROR.format("snapshot create"), body)
    assert (found.kind, found.severity, found.operation, found.error) == ("error", 20, "snapshot create", said)
    assert found.snapshots == (ReportedSnapshot("bob@vm-2", "/proc/1/attr", "", "", "failed", said),)


def test_an_error_that_names_none() -> None:
    body = f"Operation: snapshot create\nStarted: x\n\nunable to write pack: Access Denied.{STACK}{FOOTER}"
    found = report(ERROR.format("snapshot create"), body)
    assert (found.kind, found.snapshots, found.error) == ("error", (), "unable to write pack: Access Denied.")


def test_maintenance_that_failed_is_a_claim() -> None:
    body = f"Operation: Scheduled Maintenance\nStarted: x\n\nunable to run: EOF{STACK}{FOOTER}"
    assert read(ERROR.format("Maintenance"), body) == MaintenanceFailed("", None, "unable to run: EOF", claimed=True)
    other = read(ERROR.format("Maintenance"), body.replace("Scheduled Maintenance", "maintenance run"))
    assert isinstance(other, Notification)


def test_a_report_in_json() -> None:
    snapshots = [
        {"userQ": "alice", "hostQ": "vm-1", "pathQ": "%2Fsrv%2Fa+b%C3%BC", "status": "success",
         "start": "2026-11-23T09:44:57.888Z", "end": "2026-11-23T09:44:57.891Z"},
        {"user": "bob", "host": "vm-2", "path": "/plain", "status": "fatal", "errorQ": "no%20way"},
        {"user": 1, "status": None},
        "none",
    ]  # fmt: skip
    found = report("kopia-snapshot-report", {"type": "snapshot-report", "snapshots": snapshots})
    assert found.snapshots == (
        ReportedSnapshot(
            "alice@vm-1", "/srv/a bü", "2026-11-23T09:44:57.888Z", "2026-11-23T09:44:57.891Z", "success", ""
        ),
        ReportedSnapshot("bob@vm-2", "/plain", "", "", "failed", "no way"),
        ReportedSnapshot("", "", "", "", "unknown", ""),
    )


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"snapshots": 1}', '{"snapshots": []}', "", "Path:", "hello", "{" * 9999]
)
def test_a_body_without_snapshots_is_something_else(body: str) -> None:
    assert read("a subject", body, 10) == Notification("", "other", 10, "a subject", "", (), "")


@pytest.mark.parametrize(
    ("severity", "kept"),
    [(20, 20), (-10, -10), (100, 100), (101, 0), (1e3, 0), (True, 0), ("20", 0), (None, 0), (10**400, 0)],
)
def test_severities(severity: object, kept: int) -> None:
    found = read("x", "y", severity)
    assert isinstance(found, Notification)
    assert found.severity == kept


def test_sizes_are_limited() -> None:
    long = {"user": "u" * 500, "path": "p" * 5000, "error": "r" * 3000}
    many = [long | {"host": "h", "status": "fatal"}] * 101
    found = report("s" * 5000, {"snapshots": many})
    assert len(found.snapshots) == MAX_SNAPSHOTS
    one = found.snapshots[0]
    assert (len(one.user), len(one.path), len(one.error), len(found.subject)) == (200, MAX_PATH, 1000, 200)
    assert len(report("x", "Path: /a\n" * 100_000).snapshots) == MAX_SNAPSHOTS


@pytest.mark.parametrize("seed", range(20))
def test_no_text_breaks_it(seed: int) -> None:
    """Pieces of everything that a rule looks for, in any order."""
    chance = random.Random(seed)
    pieces = [
        "Path: ", "/a", "\n", "\n\n", "  Status:      fatal\n", "  Start:       x\n", "  Error:       e\n", "  - a\n",
        "Operation: ", "Scheduled Maintenance", "while snapshotting ", "a@b:/c.", "\tx", "Generated at ", '"', "\\",
        "\x00", "\u2028", "\ud800", "é", ERROR.format("x"), '{"snapshots":[{"userQ":"%"}]}', "NOTIFICATION: ",
    ]  # fmt: skip
    for _ in range(20):
        subject = chance.choice((ERROR.format("Maintenance"), "".join(chance.choices(pieces, k=3))))
        fields: dict[str, Any] = {"subject": subject, "body": "".join(chance.choices(pieces, k=chance.randint(0, 40)))}
        line = b"NOTIFICATION: " + json.dumps(fields).encode()
        found = parse_line(line)
        assert isinstance(found, Notification | MaintenanceFailed)
        assert repr(found).encode()
        assert parse_line(line[: chance.randrange(14, len(line))]) is None
