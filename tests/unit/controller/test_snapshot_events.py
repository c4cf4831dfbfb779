"""Snapshots that came and went become events, once, whatever was seen in between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.api.data.records import snapshot_item
from backend.controller.claims import Claims
from backend.controller.snapshot_events import Context, SnapshotStep, overdue_step, snapshot_step
from backend.controller.snapshot_journal import AT_ONCE, Holdings, SnapshotJournal
from backend.events.catalogue import Payload, type_of
from backend.events.envelope import Source, encode
from backend.kopia.snapshots import Snapshot
from backend.kopia.unread import Unread

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SOURCE = Source("backup", "vms")
ALICE, BOB = "alice@vm-1", "bob@vm-2"
SESSION = (b"session-1", b"2025-11-23T09:26:30Z", b"0" * 31 + b"1", b"0" * 15 + b"1", 1)
Told = dict[str, dict[str, str]]


def snapshot(name: str, tenant: str = ALICE, end: float = 1_763_890_000.5, incomplete: str = "") -> Snapshot:
    return Snapshot(name, tenant, "/home", end - 3, end, 1000, 7, 2, 7, 0, 0, incomplete, "", ())


def there(*snapshots: Snapshot) -> dict[str, dict[str, Snapshot]]:
    found: dict[str, dict[str, Snapshot]] = {}
    for one in snapshots:
        found.setdefault(one.tenant, {})[one.id] = one
    return found


def kinds(step: SnapshotStep) -> list[str]:
    return [type_of(one.payload).name for one in step.news]


def keep(step: SnapshotStep, told: Told, tenants: dict[str, str]) -> None:
    """As the projections do."""
    for name, text in step.snapshots.items():
        if text:
            told.setdefault(json.loads(text)["user"], {})[name] = text
        else:
            for items in told.values():
                items.pop(name, None)
    tenants.update(step.tenants)


def test_a_first_snapshot_and_its_tenant() -> None:
    context = Context(NOW, {"a": ("latest-1", "daily-1")}, {ALICE: SESSION}.get)
    step = snapshot_step(there(snapshot("a")), {}, {}, context)
    assert kinds(step) == ["tenant.first-seen", "snapshot.created"]
    data = step.news[1].payload.model_dump(by_alias=True)
    assert (data["user"], data["sizeBytes"], data["files"], data["session"]) == (ALICE, 1000, 7, "session-1")
    assert data["endTime"] == step.news[1].time == "2025-11-23T09:26:40.500000Z"
    assert data["retention"] == ("latest-1", "daily-1")
    assert step.news[1].key == "snapshot.a.created"


def test_nothing_new_is_nothing() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    view = there(snapshot("a"), snapshot("b", BOB))
    keep(snapshot_step(view, told, tenants, Context(NOW)), told, tenants)
    again = snapshot_step(view, told, tenants, Context(NOW))
    assert not again.news
    assert not again.snapshots


def test_an_incomplete_one_and_a_deleted_one() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    first = snapshot_step(there(snapshot("a", incomplete="checkpoint")), told, tenants, Context(NOW))
    assert kinds(first) == ["tenant.first-seen", "snapshot.incomplete"]
    keep(first, told, tenants)
    step = snapshot_step(there(snapshot("b", end=1_763_890_100)), told, tenants, Context(NOW))
    assert kinds(step) == ["snapshot.created", "snapshot.deleted"]
    assert step.news[1].payload.model_dump()["complete"] is False


def test_what_a_snapshot_misses_is_told_with_it_and_not_when_it_goes() -> None:
    missed = replace(snapshot("a"), errors=1, unread=(Unread("etc/key", "open etc/key: permission denied"),))
    told: Told = {}
    step = snapshot_step(there(missed, snapshot("b", BOB)), told, {ALICE: "", BOB: ""}, Context(NOW))
    keep(step, told, {})
    whole, lacking = (json.loads(encode(SOURCE, one.payload, id=one.key, time=one.time)) for one in reversed(step.news))
    assert (whole["severity"], lacking["severity"]) == ("info", "warning")
    assert lacking["data"]["unread"] == [{"path": "etc/key", "error": "open etc/key: permission denied"}]
    assert "unread" not in whole["data"]
    kept = json.loads(told[ALICE]["a"])
    assert kept["unread"] == lacking["data"]["unread"]
    told[ALICE]["a"] = json.dumps(kept | {"ofAnotherVersion": 1})
    gone = snapshot_step(there(snapshot("b", BOB)), told, {}, Context(NOW))
    assert kinds(gone) == ["snapshot.deleted"]
    assert "key" not in encode(SOURCE, gone.news[0].payload, id="x", time="y").decode()


def test_what_was_kept_of_it_before_there_was_a_word_for_it_is_read() -> None:
    told: Told = {}
    keep(snapshot_step(there(replace(snapshot("a"), errors=1)), told, {}, Context(NOW)), told, {})
    assert "unread" not in told[ALICE]["a"]
    assert not snapshot_step(there(replace(snapshot("a"), errors=1)), told, {ALICE: ""}, Context(NOW)).news
    assert snapshot_item(told[ALICE]["a"].encode()).good


def test_only_the_tenant_that_was_looked_at() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    keep(snapshot_step(there(snapshot("a"), snapshot("b", BOB)), told, tenants, Context(NOW)), told, tenants)
    step = snapshot_step(there(snapshot("c")), told, tenants, Context(NOW), tenants=[ALICE])
    assert kinds(step) == ["snapshot.created", "snapshot.deleted"]


def test_mass_deletion() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    many = [snapshot(f"s{number:02}") for number in range(12)]
    keep(snapshot_step(there(*many), told, tenants, Context(NOW)), told, tenants)
    two = snapshot_step(there(*many[2:]), told, tenants, Context(NOW))
    assert kinds(two) == ["snapshot.deleted"] * 2
    ten = snapshot_step(there(*many[10:]), told, tenants, Context(NOW))
    assert kinds(ten)[-1] == "snapshots.mass-deleted"
    assert ten.news[-1].payload.model_dump() == {"user": ALICE, "deleted": 10, "left": 2}
    keep(ten, told, tenants)
    assert kinds(snapshot_step({}, told, tenants, Context(NOW))) == ["snapshot.deleted"] * 2  # two: the policy's doing


def test_the_last_three_are_many() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    keep(snapshot_step(there(*map(snapshot, "abc")), told, tenants, Context(NOW)), told, tenants)
    assert kinds(snapshot_step({}, told, tenants, Context(NOW)))[-1] == "snapshots.mass-deleted"


def test_a_large_repository_is_told_in_steps() -> None:
    told: Told = {}
    tenants: dict[str, str] = {}
    view = there(*(snapshot(f"s{number:04}", f"t{number % 50}@vm", 1_763_890_000 + number) for number in range(1234)))
    payloads: list[Payload] = []
    for _ in range(10):
        step = snapshot_step(view, told, tenants, Context(NOW), limit=200)
        payloads += [one.payload for one in step.news]
        keep(step, told, tenants)
        if not step.news:
            break
    made = [payload for payload in payloads if type_of(payload).name == "snapshot.created"]
    assert len(made) == 1234
    assert len(payloads) == 1234 + 50
    assert not step.news


def test_a_time_that_no_calendar_has() -> None:
    step = snapshot_step(there(snapshot("a", end=1e18)), {}, {}, Context(NOW))
    assert kinds(step) == ["tenant.first-seen", "snapshot.created"]
    assert step.news[1].payload.model_dump()["end_time"] is None


def test_overdue_and_recovered() -> None:
    first = overdue_step({ALICE: 1_763_800_000.0, BOB: 0.0}, {}, NOW, "26h")
    assert kinds(first) == ["tenant.overdue"] * 2
    assert first.news[1].payload.model_dump()["last_complete_time"] is None
    assert not overdue_step({ALICE: 1_763_800_000.0, BOB: 0.0}, first.tenants, NOW, "26h").news
    later = overdue_step({BOB: 0.0}, first.tenants, NOW, "26h")
    assert kinds(later) == ["tenant.recovered"]
    assert later.tenants == {ALICE: ""}


def test_who_recovered_has_a_newest_snapshot() -> None:
    journal = SnapshotJournal()
    times = ("2026-11-22T09:00:00.000000Z", "2026-11-23T09:00:00.000000Z", "2026-11-24T09:00:00.000000Z")
    kept = {
        f"m{number}": json.dumps({"user": ALICE, "endTime": time, "incomplete": "canceled" if number == 2 else ""})
        for number, time in enumerate(times)
    }
    journal.load(kept, {})
    told, _ = journal.overdue({ALICE: 1_763_800_000.0}, "26h", NOW)
    assert [type_of(one.payload).name for one in told] == ["tenant.overdue"]
    told, _ = journal.overdue({}, "26h", NOW)
    assert [one.payload.model_dump() for one in told] == [{"user": ALICE, "last_complete_time": times[1]}]


def test_a_snapshot_that_goes_before_it_can_be_told_is_told() -> None:
    """The event store is away, and the retention policy removes what was made meanwhile."""
    groups = there(snapshot("m1"))
    holdings = Holdings(groups, lambda _tenant: {})
    journal = SnapshotJournal()
    journal.load({}, {})
    journal.compare(holdings, None)
    groups[ALICE] = {"m2": snapshot("m2", end=1_763_890_009.5)}
    journal.compare(holdings, [ALICE])
    journal.load({}, {})  # the event store is back
    news, snapshots, _, _ = journal.step(NOW, lambda _user: None, Claims())
    told = [(type_of(one.payload).name, one.key) for one in news]
    assert told == [
        ("tenant.first-seen", f"{ALICE}.first-seen"),
        ("snapshot.created", "snapshot.m1.created"),
        ("snapshot.deleted", "snapshot.m1.deleted"),
        ("snapshot.created", "snapshot.m2.created"),
    ]
    assert [name for name, text in snapshots.items() if text] == ["m2"]
    groups[ALICE] = {}
    journal.compare(holdings, [ALICE])
    news, _, _, _ = journal.step(NOW, lambda _user: None, Claims())
    assert [one.key for one in news] == ["snapshot.m2.deleted"]


def keys(journal: SnapshotJournal) -> list[str]:
    """Of the events of a step."""
    return [one.key for one in journal.step(NOW, lambda _user: None, Claims())[0]]


@pytest.fixture
def groups() -> dict[str, dict[str, Snapshot]]:
    return there(snapshot("m1"))


@pytest.fixture
def tried(groups: dict[str, dict[str, Snapshot]]) -> SnapshotJournal:
    """`m1` was told in a commit whose outcome is not known; it is gone since."""
    journal = SnapshotJournal()
    journal.load({}, {ALICE: "known"})
    journal.compare(Holdings(groups, lambda _tenant: {}), None)
    assert keys(journal) == ["snapshot.m1.created"]
    journal.sent(b"first")
    del groups[ALICE]["m1"]
    journal.compare(Holdings(groups, lambda _tenant: {}), [ALICE])
    return journal


CAME_AND_WENT = ["snapshot.m1.created", "snapshot.m1.deleted"]


def test_a_snapshot_whose_commit_was_refused_is_told_again_though_it_is_gone(tried: SnapshotJournal) -> None:
    for token in (b"before", b"somebody else's"):
        tried.load({}, {ALICE: "known"}, token)
        assert keys(tried) == CAME_AND_WENT
        tried.sent(b"again " + token)
    tried.committed(b"again somebody else's")
    tried.load({}, {ALICE: "known"}, b"somebody else's")
    assert keys(tried) == []


def test_what_was_committed_is_told_once_though_the_replies_were_lost(tried: SnapshotJournal) -> None:
    """The token that is found in Redis tells; the projection has nothing of what came and went."""
    tried.load({}, {ALICE: "known"}, b"before")
    assert keys(tried) == CAME_AND_WENT
    tried.sent(b"second")
    assert keys(tried) == []  # while the outcome is open
    tried.sent(b"third")
    tried.load({}, {ALICE: "known"}, b"second")
    assert keys(tried) == []


def test_a_commit_tells_also_of_those_before_it(tried: SnapshotJournal) -> None:
    tried.sent(b"second")
    tried.load({}, {ALICE: "known"}, b"second")
    assert keys(tried) == []


def test_a_snapshot_that_goes_after_its_commit_is_deleted_once(
    tried: SnapshotJournal, groups: dict[str, dict[str, Snapshot]]
) -> None:
    tried.committed(b"first")
    assert keys(tried) == ["snapshot.m1.deleted"]
    tried.sent(b"second")
    tried.compare(Holdings(groups, lambda _tenant: {}), None)
    assert keys(tried) == []


def test_many_that_came_and_went_are_told_in_steps(groups: dict[str, dict[str, Snapshot]]) -> None:
    journal = SnapshotJournal()
    journal.load({}, {ALICE: "known"})
    groups[ALICE] = {name: snapshot(name) for name in (f"m{number}" for number in range(2 * AT_ONCE + 1))}
    holdings = Holdings(groups, lambda _tenant: {})
    journal.compare(holdings, None)
    names = [f"snapshot.{name}.{what}" for name in groups[ALICE] for what in ("created", "deleted")]
    groups[ALICE] = {}
    told: list[str] = []
    while journal.due:
        told += keys(journal)
        journal.sent(str(len(told)).encode())
    assert sorted(told) == sorted(names)


def test_a_snapshot_of_any_time_that_a_client_claims_can_be_told() -> None:
    for claimed in (-62_135_596_800.0, -40_000_000_000.0, 253_402_300_799.0, 1e18, -1e18):
        step = snapshot_step(there(snapshot("m1", end=claimed)), {}, {}, Context(NOW))
        first, second = kinds(step)
        assert first == "tenant.first-seen"
        assert second in {"snapshot.created", "snapshot.incomplete"}
