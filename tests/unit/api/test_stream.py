"""Positions, frames, cohorts and the pace of live streams, without a socket."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from backend.api.access.scope import Scope
from backend.api.stream.cohort import split
from backend.api.stream.cohorts import Cohorts, keys_of, names_of
from backend.api.stream.frames import chunk, comment, event_frame, place
from backend.api.stream.log import Entry, Log
from backend.api.stream.pace import LONGEST_S, pause_s
from backend.api.stream.position import BEGINNING, InvalidPosition, at, just_before, parse
from backend.api.stream.scope import visible
from backend.events.select import Selection

EVENT = {
    "type": "io.openshift.oadp.bsls.session.started.v1",
    "source": "/apis/oadp.openshift.io/v1alpha1/namespaces/backup/backupstoragelocationservers/vms",
    "subject": "alice@vm-1.team-a",
    "severity": "info",
    "data": {"user": "alice@vm-1.team-a", "users": ["bob@vm-2.team-b"]},
}


def test_positions_are_read_as_they_are_written() -> None:
    for text in ("1763890942978-0.3", "1763890942978-12", "0-0"):
        assert str(parse(text)) == text
    assert parse("0-0") == BEGINNING


@pytest.mark.parametrize(
    "text", ["", "5", "5-", "5-1.", "5-1.2.3", "-1-2", "5-1.-1", "$", "5-1\n", "\u0665-1", "9" * 21 + "-1"]
)
def test_what_is_no_position_is_said(text: str) -> None:
    with pytest.raises(InvalidPosition, match="send the id of the last event"):
        parse(text)


def test_positions_are_ordered_as_the_firehose_is() -> None:
    texts = ["0-0", "5-1.0", "5-1.2", "5-1.10", "5-1", "5-2.0", "10-0.0"]
    assert sorted(map(parse, reversed(texts))) == list(map(parse, texts))
    assert just_before(at("5-1", 2)) == at("5-1", 1)
    assert str(just_before(at("5-1", 0))) == "5-0"  # one that a client may send


def test_a_frame_keeps_to_its_lines() -> None:
    raw = b'{"a":\n1,\r\n"b":2}'
    frame = event_frame(at("5-1", 0), "x\ndata: forged", raw)
    assert frame.split(b"\n")[:2] == [b"id: 5-1.0", b"event: message"]
    data = b"\n".join(line.removeprefix(b"data: ") for line in frame.split(b"\n") if line.startswith(b"data: "))
    assert json.loads(data) == {"a": 1, "b": 2}
    assert frame.endswith(b"\n\n")
    assert comment("one\n\ndata: forged\r\n") == b": one data: forged\n\n"
    assert place(at("5-1", 2), 100) == b":\nretry: 100\nid: 5-1.2\n\n"
    assert chunk(b"x" * 17) == b"11\r\n" + b"x" * 17 + b"\r\n"


@pytest.mark.parametrize("seed", range(20))
def test_parts_hold_everything_in_order(seed: int) -> None:
    chance = random.Random(seed)
    entries = [Entry(BEGINNING, bytes([65 + n % 26]) * chance.choice([1, 50, 99, 100, 300])) for n in range(40)]
    parts = split(entries, 100)
    assert [one for part in parts for one in part.entries] == entries
    assert b"".join(part.data[False] for part in parts) == b"".join(one.frame for one in entries)
    assert all(len(part.data[False]) <= 100 or len(part.entries) == 1 for part in parts)
    assert all(part.data[True] == chunk(part.data[False]) for part in parts)


def test_the_log_forgets_the_oldest_and_knows_what_it_covers() -> None:
    log = Log(max_bytes=1000, max_age_s=60)
    assert not log.covers(at("1-0"))
    log.begin(at("1-0"))
    for number in range(2, 20):
        log.append(at(f"{number}-0", 0), b"x" * 80, EVENT, now=float(number))
    first = next(log.after(log.floor or BEGINNING))
    assert first.number == log.first_number > 0
    assert log.covers(log.floor or BEGINNING)
    assert not log.covers(at("1-0"))
    assert not log.covers(at("20-0"))
    assert [one.position for one in log.after(at("18-0"))] == [at("19-0", 0)]
    log.trim(now=200.0)
    assert list(log.after(log.floor or BEGINNING)) == []
    assert log.floor == log.head == at("19-0", 0)


def test_a_log_that_goes_back_begins_anew() -> None:
    """After a failover ids may be older than those that were there."""
    log = Log(max_bytes=1000, max_age_s=60)
    log.begin(at("5-0"))
    log.append(at("9-0", 0), b"{}", EVENT, now=0)
    entry = log.append(at("7-0", 0), b"{}", EVENT, now=0)
    assert entry.number == 1
    assert not log.covers(at("9-0", 0))
    assert [one.number for one in log.after(at("6-9"))] == [1]


SELECTIONS = [
    Selection(**{name: value for name, value in chosen if value})
    for chosen in itertools.product(
        [("servers", one) for one in ((), ("backup/vms",), ("vms",), ("backup/*",), ("x/y", "backup/vms"), ("x/y",))],
        [("tenants", one) for one in ((), ("alice@vm-1.team-a",), ("bob@vm-2.team-b",), ("*@vm-1.*",), ("eve@x",))],
        [("namespaces", one) for one in ((), ("backup",), ("back*",), ("other",))],
    )
]


def test_no_cohort_is_overlooked() -> None:
    """Whatever matches is found by a name of the event."""
    cohorts = Cohorts(Log(1000, 60))
    scope = Scope(everything=True)
    entered = [cohorts.enter(one, scope, 0.0) for one in SELECTIONS]
    found = {one.selection for one in cohorts.of(EVENT)}
    assert found == {one for one in SELECTIONS if one.matches(EVENT, "")}
    assert any(keys_of(one) != ("",) and not set(keys_of(one)) & set(names_of(EVENT)) for one in SELECTIONS)
    for one in entered:
        cohorts.leave(one)
    assert len(cohorts) == 0
    assert cohorts.of(EVENT) == []


@pytest.mark.parametrize(
    ("scope", "namespace", "subject", "seen"),
    [
        (Scope(everything=True), "", "bsls:events", True),
        (Scope(everything=True), "backup", "vms", True),
        (Scope(namespaces=frozenset(["backup"])), "backup", "vms", True),
        (Scope(namespaces=frozenset(["backup"])), "other", "vms", False),
        (Scope(namespaces=frozenset(["backup"])), "", "bsls:events", False),
        (Scope(tenant_namespaces=frozenset(["team-a"])), "backup", "alice@vm-1.team-a", True),
        (Scope(tenant_namespaces=frozenset(["team-a"])), "backup", "alice@vm-1.team-b", False),
        (Scope(tenant_namespaces=frozenset(["team-a"])), "backup", "vms.team-a", False),
        (Scope(tenant_namespaces=frozenset(["team-a"])), "", "alice@vm-1.team-a", False),
        (Scope(every_tenant=True), "backup", "alice@vm-1.team-b", True),
        (Scope(every_tenant=True), "backup", "vms", False),
        (Scope(), "backup", "alice@vm-1.team-a", False),
    ],
)
def test_who_sees_which_event(scope: Scope, namespace: str, subject: str, seen: bool) -> None:
    assert visible(scope, namespace, subject) is seen


def test_flushes_leave_time_to_others() -> None:
    assert pause_s(0.006) == 0.003
    assert pause_s(10) == LONGEST_S
