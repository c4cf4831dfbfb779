"""Session lines become events: joined, numbered, the same however the log is cut into chunks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from backend.controller.session_events import LINE, SessionEvents, seconds_of
from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.envelope import Source

RUN = b"b1d6f0a4-62a5-4c62-8a44-0f6c2f6f3f10."
ALICE = "alice@vm-1"
CAPTURES = Path(__file__).parents[1] / "kopia/captures"


def line(second: float, word: str, user: str = ALICE, address: str = "10.0.0.7:48418") -> bytes:
    at = f"2026-11-23T09:42:{second:012.9f}Z"
    body = {"l": "INFO", "t": f"2026-11-23T09:42:{second:09.6f}Z", "n": "kopia/server"}
    text = json.dumps(body | {"m": f'{word} for user "{user}" from {address}'}, separators=(",", ":"))
    return f"{at} {text}\n".encode()


START, END = "starting session", "session ended"


def made() -> tuple[SessionEvents, list[tuple[bytes, bytes, bytes]]]:
    others: list[tuple[bytes, bytes, bytes]] = []
    return SessionEvents(Source("backup", "vms"), lambda *args: others.append(args)), others


def read(sessions: SessionEvents) -> list[dict[str, Any]]:
    return [json.loads(event) for event in sessions.events]


def kinds(sessions: SessionEvents) -> list[str]:
    return [event["type"].removeprefix("io.openshift.oadp.bsls.session.") for event in read(sessions)]


def test_a_session_is_started_and_ended() -> None:
    sessions, others = made()
    sessions.take(RUN, line(1.5, START) + line(4.75, END))
    started, ended = read(sessions)
    name = f"{RUN.decode()}2026-11-23T09:42:01.500000000Z"
    assert started["id"] == name
    assert (started["subject"], started["time"]) == (ALICE, "2026-11-23T09:42:01.500000Z")
    assert SessionStarted.model_validate(started["data"]).session == name
    end = SessionEnded.model_validate(ended["data"])
    assert (end.session, end.duration_seconds, end.reason) == (name, 3.25, "closed")
    assert ended["id"] == f"{RUN.decode()}2026-11-23T09:42:04.750000000Z"
    assert ended["traceparent"] == started["traceparent"]
    assert len(started["traceparent"]) == 55
    assert not sessions.open
    assert not others


def test_several_streams_of_one_connection_are_one_session() -> None:
    sessions, _ = made()
    sessions.take(RUN, line(1, START) + line(2, START) + line(3, END))
    assert kinds(sessions) == ["started.v1"]
    sessions.take(RUN, line(4, END))
    assert kinds(sessions) == ["started.v1", "ended.v1"]
    assert read(sessions)[1]["data"]["durationSeconds"] == 3


def test_an_end_without_a_start_says_so() -> None:
    sessions, _ = made()
    sessions.take(RUN, line(1, END))
    (ended,) = read(sessions)
    assert SessionEnded.model_validate(ended["data"]).started_at is None


def test_an_ended_server_ends_its_sessions() -> None:
    sessions, _ = made()
    sessions.take(RUN, line(1, START) + line(2, START, "bob@vm-2", "[fd00::7]:1234"))
    sessions.events.clear()
    sessions.changes(b"sessions")
    sessions.end_all(b"2026-11-23T09:43:01Z")
    assert {(event["subject"], event["data"]["reason"]) for event in read(sessions)} == {
        (ALICE, "server-ended"),
        ("bob@vm-2", "server-ended"),
    }
    assert read(sessions)[0]["data"]["durationSeconds"] == 60
    assert not sessions.open
    ((verb, _, *gone),) = sessions.changes(b"sessions")
    assert (verb, set(gone)) == (b"HDEL", {b"alice@vm-1 10.0.0.7:48418", b"bob@vm-2 [fd00::7]:1234"})


def test_the_projection_goes_on_where_it_was() -> None:
    sessions, _ = made()
    sessions.take(RUN, line(1, START) + line(2, START) + line(3, START, "bob@vm-2"))
    ((verb, _, *fields),) = sessions.changes(b"sessions")
    assert verb == b"HSET"
    again, _ = made()
    again.load(dict(zip(fields[::2], fields[1::2], strict=True)))
    assert again.open == sessions.open
    again.take(RUN, line(4, END))
    assert not again.events
    again.take(RUN, line(5, END))
    assert kinds(again) == ["ended.v1"]


def test_what_came_and_went_between_two_commits_changes_no_projection() -> None:
    sessions, _ = made()
    sessions.take(RUN, line(1, START) + line(2, END))
    assert len(sessions.events) == 2
    assert sessions.changes(b"sessions") == []


def test_lines_of_one_moment_have_ids_of_their_own() -> None:
    sessions, _ = made()
    addresses = [f"10.0.0.7:{port}" for port in range(1000, 1010)]
    sessions.take(RUN, b"".join(line(1, START, address=address) for address in addresses))
    ids = [event["id"] for event in read(sessions)]
    assert len(set(ids)) == 10
    assert ids[1] == ids[0] + ".2"
    assert len({event["traceparent"] for event in read(sessions)}) == 10


@pytest.mark.parametrize(
    "text",
    [
        line(1, START, user='alice@vm-1" from 10.0.0.9:1"}'),
        line(1, START, user="alice@vm-1\\u000a"),
        line(1, START).replace(b"kopia/server", b"kopia/cli"),
        line(1, START).replace(b"INFO", b"WARN"),
        line(1, START).replace(b'.000000Z"', b'Z"'),  # other lengths than a server's log has
        line(1, START).replace(b'.000000Z"', b'.000000000Z"'),
        line(1, START).replace(b"000Z {", b"000+02:00 {"),
        line(1, START).replace(b'"}\n', b'"} more\n'),
        line(1, START).replace(b'"}\n', b'","more":1}\n'),
        b"2026-11-23T09:42:01.000000000Z " + b'starting session for user "alice@vm-1" from 10.0.0.7:1\n',
        b"2026-11-23T09:42:01.000000000Z \xff\xfe\n",
        b"2026-11-23T09:42:01.000000000Z\n",
        b"\n",
    ],
)
def test_other_lines_are_left_to_others(text: bytes) -> None:
    sessions, others = made()
    sessions.take(RUN, text + line(2, START))
    assert kinds(sessions) == ["started.v1"]
    assert len(others) == 1
    assert b" ".join(part for part in others[0][1:] if part) == text[:-1].rstrip()


def test_chunks_do_not_matter() -> None:
    """What the events are does not depend on where the log was cut, and every line is seen once."""
    chance = random.Random(7)
    lines, other = [], b"2026-11-23T09:42:01.000000000Z other\n"
    for number in range(2000):
        second = 1 + number // 3 * 0.001
        word = chance.choice((START, END))
        user, port = f"tenant-{chance.randrange(5)}@vm", 1000 + chance.randrange(3)
        lines.append(chance.choice((line(second, word, user, f"10.0.0.7:{port}"), other)))
    whole, others = made()
    whole.take(RUN, b"".join(lines))
    parts, parted = made()
    while lines:
        count = chance.randrange(1, 40)
        parts.take(RUN, b"".join(lines[:count]))
        lines = lines[count:]
    assert parts.events == whole.events
    assert parts.open == whole.open
    assert parted == others
    ids = [event["id"] for event in read(whole)]
    assert len(ids) == len(set(ids)) > 200


@pytest.mark.parametrize("capture", sorted(CAPTURES.glob("*.log")), ids=lambda one: one.stem)
def test_servers_of_all_versions_write_the_form_that_is_read_fast(capture: Path) -> None:
    sessions, others = made()
    lines = capture.read_bytes().splitlines()
    sessions.take(RUN, b"".join(b"2026-11-23T09:42:01.%09dZ %b\n" % (at, text) for at, text in enumerate(lines)))
    wanted = [one for one in lines if b'"m":"starting session' in one or b'"m":"session ended' in one]
    assert len(wanted) == len(lines) - len(others) > 0


def test_a_line_without_end_is_nobodys() -> None:
    assert LINE.findall(line(1, START)[:-1]) == []


def test_seconds() -> None:
    assert seconds_of(b"1970-01-02T00:01:02.5Z") == 86462.5
    assert seconds_of(b"2026-13-02T00:01:02.5Z") == 0
