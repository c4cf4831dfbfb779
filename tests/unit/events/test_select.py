"""Selections of events, and times as people give them."""

from __future__ import annotations

from typing import Any

import pytest

from backend.events.catalogue import ALL, log, session, snapshot
from backend.events.catalogue.base import Payload
from backend.events.envelope import AllServers, Source, encode
from backend.events.feed import parse
from backend.events.keys import FIREHOSE
from backend.events.moments import parse_moment
from backend.events.resp import order, previous
from backend.events.select import InvalidSelection, Selection, check_server, check_type, happened_ms, server_of

NOW = 1_763_890_942_978
ENTRY = f"{NOW}-0"


def event(
    payload: type[Payload] = session.SessionStarted, source: Source | None = None, **extra: Any
) -> dict[str, Any]:
    source = source or Source("backup", "vms")
    made = payload.model_validate(dict(ALL[payload].example))
    return parse(encode(source, made, id="1", time="2025-11-23T09:42:22.978012Z")) | extra


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), True),
        (Selection(types=("session.started",)), True),
        (Selection(types=("session.started.v1",)), True),
        (Selection(types=("io.openshift.oadp.bsls.session.started.v1",)), True),
        (Selection(types=("snapshot.*", "session.*")), True),
        (Selection(types=("*.ended",)), False),
        (Selection(types=("session",)), False),
        (Selection(servers=("vms",)), True),
        (Selection(servers=("backup/vms",)), True),
        (Selection(servers=("other", "back*/v?s")), True),
        (Selection(servers=("backup",)), False),
        (Selection(servers=("other/vms",)), False),
        (Selection(namespaces=("backup",)), True),
        (Selection(namespaces=("vms",)), False),
        (Selection(tenants=("alice@vm-1",)), True),
        (Selection(tenants=("*@vm-1",)), True),
        (Selection(tenants=("bob@vm-1",)), False),
        (Selection(severity="info"), True),
        (Selection(severity="warning"), False),
        (Selection(since_ms=NOW), True),
        (Selection(since_ms=NOW + 1), False),
        (Selection(until_ms=NOW), True),
        (Selection(until_ms=NOW - 1), False),
        (Selection(types=("session.*",), tenants=("bob@vm-1",)), False),
    ],
)
def test_selections(selection: Selection, expected: bool) -> None:
    assert selection.matches(event(), f"{NOW + 5}-0") is expected


def test_severity_is_a_least_one() -> None:
    failed = event(snapshot.SnapshotFailed)
    assert all(Selection(severity=one).matches(failed, ENTRY) for one in ("info", "warning", "error"))


def test_tenants_are_found_in_events_about_servers() -> None:
    assert Selection(tenants=("mallory@vm-1",)).matches(event(session.LoginRefused), ENTRY)
    drifted = event(log.StreamGap, data={"users": ["bob@vm-1", "alice@vm-1"]})
    assert Selection(tenants=("alice@vm-1",)).matches(drifted, ENTRY)
    assert not Selection(tenants=("*",)).matches({"data": "text"}, ENTRY)


def test_events_about_no_server() -> None:
    about_all = event(log.StreamTrimmed, AllServers())
    assert (server_of(about_all), server_of(event())) == ("", "backup/vms")
    assert Selection().matches(about_all, ENTRY)
    assert not Selection(servers=("*",)).matches(about_all, ENTRY)
    assert not Selection(namespaces=("*",)).matches(about_all, ENTRY)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2025-11-23T09:42:22.978012Z", NOW),
        ("2025-11-23T09:42:22.9780129999Z", NOW),
        ("2025-11-23T08:42:22.978Z", NOW - 3_600_000),
        ("2031-01-01T00:00:00Z", NOW + 7),  # a client's clock that is ahead
        ("2025-11-23T09:42:22.978", NOW),
        ("soon", NOW + 7),
    ],
)
def test_an_event_happened_before_it_was_stored(time: str, expected: int) -> None:
    assert happened_ms({"time": time}, f"{NOW + 7}-3") == expected


def test_no_entry_before_the_start_can_match() -> None:
    assert order(Selection(since_ms=NOW).after) < order(f"{NOW}-0")
    assert Selection().after == "0-0"
    assert (previous("5-0"), previous("5-3"), previous("0-0")) == (f"4-{2**64 - 1}", "5-2", "0-0")


@pytest.mark.parametrize(
    ("selection", "stream"),
    [
        (Selection(), FIREHOSE),
        (Selection(servers=("backup/vms",)), b"bsls:{backup/vms}:events"),
        (Selection(servers=("backup/vms", "backup/vms")), b"bsls:{backup/vms}:events"),
        (Selection(servers=("vms",), namespaces=("backup",)), b"bsls:{backup/vms}:events"),
        (Selection(servers=("vms",)), FIREHOSE),
        (Selection(servers=("vms",), namespaces=("a", "b")), FIREHOSE),
        (Selection(servers=("backup/vm*",)), FIREHOSE),
        (Selection(servers=("backup/vms", "backup/more")), FIREHOSE),
        (Selection(namespaces=("backup",)), FIREHOSE),
    ],
)
def test_one_server_is_read_from_its_own_stream(selection: Selection, stream: bytes) -> None:
    assert selection.stream == stream


def test_types_are_checked_against_the_catalogue() -> None:
    for text in ("snapshot.created", "snapshot.created.v1", "snap*", "io.openshift.oadp.bsls.new.one.v3"):
        assert check_type(text) == text
    with pytest.raises(InvalidSelection, match=r"did you mean snapshot\.created\?"):
        check_type("snapshot.create")
    with pytest.raises(InvalidSelection, match="glob"):
        check_type("###")
    for text in ("", "/", "a/", "a/b/c"):
        with pytest.raises(InvalidSelection, match="is no server"):
            check_server(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - 600_000), ("1h30m", NOW - 5_400_000), ("2d", NOW - 172_800_000), ("500ms", NOW - 500),
        ("0s", NOW), ("999999999999w", 0), ("2025-11-23T09:42:22.978Z", NOW), ("2025-11-23t10:42:22.978+01:00", NOW),
    ],
)  # fmt: skip
def test_moments(text: str, expected: int) -> None:
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "10", "m", "-10m", "2025-11-23", "2025-11-23T09:42:22", "2025-02-30T00:00:00Z"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_moment(text, NOW)
