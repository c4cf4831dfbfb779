"""Filters, orders and cursors of one server's lists against a plain filter and sort."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.api.data.lists import Page, Users, sessions_page, snapshots_page, tenants_page, visible
from backend.api.data.models import SessionPage, SnapshotPage, TenantPage
from backend.api.data.projections import Projections
from backend.api.data.query import SessionQuery, SnapshotQuery, TenantQuery, parse
from backend.api.http.problem import Problem
from backend.controller.snapshot_events import Context, snapshot_step
from backend.events.keys import ServerKeys
from tests.api.data.helpers import NEW_YEAR, holdings, snapshot
from tests.api.data.scopes import Some

NOW_MS = int((NEW_YEAR + 10_000) * 1000)
TENANTS = [
    f"{name}@vm-{number}.{team}" for team in ("team-a", "team-b") for number, name in enumerate(("al", "bo", "cy"))
]
Json = dict[str, Any]


def filled(seed: int = 0, many: int = 300) -> tuple[Projections, list[Json]]:
    """What the controller's own step makes of snapshots, and the same as objects."""
    chance = random.Random(seed)
    there = [
        snapshot(
            f"{number:032x}", chance.choice(TENANTS), at=chance.randrange(500), path=chance.choice(("/home", "/srv/x")),
            size=chance.randrange(20), incomplete=chance.choice(("", "", "canceled")),
        )
        for number in range(many)
    ]  # fmt: skip
    step = snapshot_step(holdings(there).groups, {}, {}, Context(datetime.now(UTC)), limit=many)
    held = Projections(ServerKeys("backup", "vms"))
    held.take_snapshots({name: text.encode() for name, text in step.snapshots.items()})
    held.take_tenants({name.encode(): text.encode() for name, text in step.tenants.items()})
    held.tenants.refresh()
    return held, [json.loads(item.body) for item in held.snapshots.all.items.values()]


def whole(held: Projections, asked: dict[str, str], users: Users = None) -> list[Json]:
    """All pages of a question; each is what the models say."""
    found: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = snapshots_page(held, parse(SnapshotQuery, asked | {"limit": "7"} | cursor), users, NOW_MS)
        SnapshotPage.model_validate_json(page.encode())
        body = json.loads(page.encode())
        found += body["items"]
        if "next" not in body:
            assert body["total"] == len(found)
            return found
        cursor = {"cursor": body["next"]}


@pytest.mark.parametrize("users", [None, frozenset(TENANTS[:1]), frozenset(TENANTS[:3]), frozenset()])
@pytest.mark.parametrize("seed", range(12))
def test_all_pages_are_the_plain_filter_and_sort(seed: int, users: Users) -> None:
    held, every = filled(seed)
    chance = random.Random(seed)
    sort, order = chance.choice(("startTime", "endTime", "sizeBytes")), chance.choice(("asc", "desc"))
    asked = {"sort": sort, "order": order}
    since, until = chance.choice(("2026-01-01T00:01:40Z", "")), chance.choice(("2026-01-01T00:05:00Z", ""))
    tenant, path = chance.choice((*TENANTS[:2], "", "", "")), chance.choice(("/srv", ""))
    state = chance.choice(("complete", "incomplete", ""))
    asked |= {"since": since, "until": until, "tenant": tenant, "path": path, "state": state}
    wanted = [
        one
        for one in every
        if (users is None or one["user"] in users)
        and (not tenant or one["user"] == tenant)
        and one["path"].startswith(path)
        and (not state or one["complete"] == (state == "complete"))
        and (not since or one["startTime"] >= since.replace("Z", ".000000Z"))
        and (not until or one["startTime"] < until.replace("Z", ".000000Z"))
    ]
    wanted.sort(key=lambda one: (one[sort], one["snapshot"]), reverse=order == "desc")
    assert whole(held, {name: value for name, value in asked.items() if value}, users) == wanted


def test_a_duration_is_counted_back_from_now() -> None:
    held, every = filled()
    since = NOW_MS / 1000 - 9_700 - NEW_YEAR
    wanted = [one for one in every if one["startTime"] >= f"2026-01-01T00:{since // 60:02.0f}:{since % 60:02.0f}"]
    assert len(whole(held, {"since": "9700s"})) == len(wanted) > 0


def version(held: Projections, users: Users = None, **asked: str) -> str:
    return snapshots_page(held, parse(SnapshotQuery, asked), users, NOW_MS).version


def test_a_version_is_of_what_is_asked_for_and_seen() -> None:
    held, _ = filled()
    twin, _ = filled()
    alone, rest = frozenset(TENANTS[:1]), frozenset(TENANTS[:3])
    questions: list[tuple[Users, dict[str, str]]] = [
        (None, {}), (None, {"tenant": TENANTS[0]}), (alone, {}), (rest, {}), (None, {"state": "incomplete"}),
        (None, {"since": "1h"}),
    ]  # fmt: skip
    before = [version(held, users, **asked) for users, asked in questions]
    assert before == [version(twin, users, **asked) for users, asked in questions]
    held.take_snapshots({"f" * 32: json.dumps(other_body()).encode()})
    after = [version(held, users, **asked) for users, asked in questions]
    same = [old == new for old, new in zip(before, after, strict=True)]
    assert same == [False, True, True, True, True, False]
    held.take_snapshots({"f" * 32: None})
    assert [version(held, users, **asked) for users, asked in questions] == before


def other_body() -> Json:
    return {"snapshot": "f" * 32, "user": TENANTS[-1], "path": "/", "endTime": "2026-01-01T00:00:00.000000Z",
            "sizeBytes": 1, "files": 1, "errors": 0, "ignoredErrors": 0, "incomplete": ""}  # fmt: skip


def tenants(held: Projections, users: Users = None, **asked: str) -> tuple[Page, list[str]]:
    page = tenants_page(held, parse(TenantQuery, asked), users)
    TenantPage.model_validate_json(page.encode())
    return page, [json.loads(one)["user"] for one in page.bodies]


def test_tenants_are_searched_and_sorted() -> None:
    held, every = filled()
    held.take_tenants({b"overdue:bo@vm-1.team-a": b"never", b"bo@vm-1.team-a": b"2026-01-01T00:00:00.000000Z"})
    held.tenants.refresh()
    assert tenants(held)[1] == sorted(TENANTS)
    assert tenants(held, search="team-b")[1] == sorted(TENANTS)[1::2]
    assert tenants(held, overdue="true")[1] == ["bo@vm-1.team-a"]
    assert len(tenants(held, overdue="false")[1]) == 5
    seen = visible(TENANTS, lambda user: Some(tenants_of=frozenset({"team-b"})).sees_tenant("backup", user))
    page, found = tenants(held, seen, sort="lastTime", order="desc")
    last = {user: max(one["endTime"] for one in every if one["user"] == user and one["complete"]) for user in seen}
    assert found == sorted(seen, key=lambda user: (last[user], user), reverse=True)
    assert page.total == 3
    page, found = tenants(held, sort="snapshots", limit="4")
    page, more = tenants(held, sort="snapshots", limit="4", cursor=page.following or "")
    counts = [sum(one["user"] == user for one in every) for user in found + more]
    assert counts == sorted(counts)
    assert len(counts) == 6


@pytest.mark.parametrize("users", [frozenset(TENANTS), frozenset(TENANTS[:2]), frozenset()])
def test_the_figures_of_some_tenants_are_those_of_what_they_see(users: frozenset[str]) -> None:
    held, every = filled()
    late = {f"overdue:{user}".encode(): b"never" for user in TENANTS[1:4]}
    held.take_tenants(late)
    held.tenants.refresh()
    theirs = [one for one in every if one["user"] in users]
    ends = [one["endTime"] for one in theirs if one["complete"]]
    snapshots = {"total": len(theirs), "incomplete": len(theirs) - len(ends)}
    assert held.figures_of(users) == {
        "tenants": {"total": len(users), "overdue": len(users.intersection(TENANTS[1:4]))},
        "snapshots": snapshots | ({"lastTime": max(ends)} if ends else {}),
        "sessions": 0,
    }
    if users == frozenset(TENANTS):
        assert held.figures_of(users) == held.figures()


def test_a_tenant_lacks_what_the_newest_snapshot_of_each_folder_lacks() -> None:
    held = Projections(ServerKeys("backup", "vms"))

    def take(at: int, path: str, errors: int, incomplete: str = "") -> None:
        body = other_body() | {"snapshot": f"{at:032x}", "endTime": f"2026-01-01T00:00:{at:02}.000000Z", "path": path}
        text = json.dumps(body | {"errors": errors, "incomplete": incomplete}, separators=(",", ":"))
        held.take_snapshots({f"{at:032x}": text.encode()})
        held.tenants.refresh()

    def lacks() -> int | None:
        page, _ = tenants(held)
        found: int | None = json.loads(page.bodies[0]).get("unreadFiles")
        return found

    take(1, "/home", 7)
    take(2, "/srv", 2)
    assert lacks() == 9
    take(3, "/home", 0)  # now it is whole
    assert lacks() == 2  # and does not make up for the other
    take(4, "/srv", 5, "canceled")
    assert lacks() == 2  # there is an older one that is complete
    take(5, "/srv", 0)
    assert lacks() is None
    held.take_snapshots({f"{5:032x}": None})
    held.tenants.refresh()
    assert lacks() == 2


@pytest.mark.parametrize(("last", "lacks"), [("2026-02-15T00:00:00", 7), ("2026-02-15T00:00:01", None)])
def test_a_folder_that_is_not_backed_up_any_more_lacks_nothing(last: str, lacks: int | None) -> None:
    """45 days after its last snapshot, by the clock of the tenant's newest complete one."""
    held = Projections(ServerKeys("backup", "vms"))
    made = (("a", "/srv", "2026-01-01T00:00:00", 7, ""), ("b", "/home", last, 0, ""))
    for name, path, end, errors, incomplete in (*made, ("c", "/home", "2026-12-01T00:00:00", 0, "canceled")):
        facts = {
            "snapshot": name,
            "endTime": f"{end}.000000Z",
            "path": path,
            "errors": errors,
            "incomplete": incomplete,
        }
        held.take_snapshots({name: json.dumps(other_body() | facts, separators=(",", ":")).encode()})
    held.tenants.refresh()
    page, _ = tenants(held)
    assert json.loads(page.bodies[0]).get("unreadFiles") == lacks


def test_sessions_are_listed_without_the_servers_own() -> None:
    held, _ = filled()
    users = [*TENANTS, "bsls-admin@vms.backup", "bsls-probe@vms.backup"]
    kept = {
        f"{user} 10.0.0.7:{number}".encode(): json.dumps(
            {"session": f"pod.{number}", "user": user, "address": f"10.0.0.7:{number}", "trace": "a" * 32,
             "startedAt": f"2026-01-01T00:00:0{number}.000000Z", "span": "b" * 16, "streams": 1}
        ).encode()
        for number, user in enumerate(users)
    }  # fmt: skip
    held.take_sessions(kept | {b"broken": b"{"})
    page = sessions_page(held, SessionQuery(limit=2), None)
    assert [one.session for one in SessionPage.model_validate_json(page.encode()).items] == ["pod.5", "pod.4"]
    page = sessions_page(held, SessionQuery(limit=2, cursor=page.following), None)
    assert [json.loads(one)["session"] for one in page.bodies] == ["pod.3", "pod.2"]
    assert page.total == 6
    assert sessions_page(held, SessionQuery(), frozenset(TENANTS[1:3])).total == 2
    assert sessions_page(held, SessionQuery(tenant=TENANTS[3]), frozenset(TENANTS[1:3])).total == 0
    held.tenants.refresh()
    assert "bsls-admin@vms.backup" not in held.tenants.rows.items
    assert json.loads(held.tenants.rows.items[TENANTS[0]].body)["sessions"] == 1
    held.take_sessions({})
    held.tenants.refresh()
    assert json.loads(held.tenants.rows.items[TENANTS[0]].body)["sessions"] == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"limit": "0"}, "limit"), ({"limit": "501"}, "limit"), ({"limit": "x"}, "limit"), ({"sort": "name"}, "sort"),
        ({"since": "yesterday"}, "RFC 3339"), ({"user": "alice"}, "tenant"), ({"cursor": "x"}, "cursor"),
        ({"state": "failed"}, "state"), ({"path": "x" * 5000}, "path"),
    ],
)  # fmt: skip
def test_a_bad_question_is_refused_with_a_sentence(asked: dict[str, str], said: str) -> None:
    held, _ = filled(many=5)
    with pytest.raises(Problem, match=said) as refused:
        snapshots_page(held, parse(SnapshotQuery, asked), None, NOW_MS)
    assert refused.value.kind.status == 400


def test_a_cursor_of_another_question_is_refused() -> None:
    held, _ = filled()
    page = snapshots_page(held, SnapshotQuery(limit=5), None, NOW_MS)
    for other in ({"tenant": TENANTS[0]}, {"order": "asc"}, {"sort": "endTime"}):
        with pytest.raises(Problem, match="cursor"):
            snapshots_page(held, parse(SnapshotQuery, {"cursor": page.following or "", **other}), None, NOW_MS)
    assert snapshots_page(held, SnapshotQuery(limit=9, cursor=page.following), None, NOW_MS).total == 300


@pytest.mark.parametrize("start", ["0999-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
def test_times_that_only_a_client_can_have_break_nothing(start: str) -> None:
    held, _ = filled(many=0)
    held.take_snapshots({"f" * 32: json.dumps(other_body() | {"startTime": start, "endTime": start}).encode()})
    held.take_tenants({b"overdue:" + TENANTS[-1].encode(): start.encode()})
    held.tenants.objective("26h")
    held.tenants.refresh()
    assert len(whole(held, {})) == 1
    assert tenants(held)[1] == [TENANTS[-1]]
