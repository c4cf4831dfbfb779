"""The plan: adds, changes, removes; ownership; drift; left-overs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from backend.kopia.errors import AccessDenied, NotFound
from backend.kopia.session import KopiaSession, ManifestEntry
from backend.kopia.sync import UserPlan, apply_users, plan_users, present_users, read_users
from backend.kopia.users import PasswordHash

OURS = "ns/one"
FIRST, SECOND = PasswordHash(1, b"a" * 64), PasswordHash(1, b"b" * 64)


def entry(
    manifest_id: str, name: str, password_hash: PasswordHash | None, owner: str = OURS, at: int = 1
) -> ManifestEntry:
    labels = {"type": "user", "username": name}
    if password_hash is not None:
        labels |= {"bsls-owner": owner, "bsls-hash": password_hash.digest()}
    return ManifestEntry(manifest_id, labels, at, 100)


def plan(wanted: Mapping[str, PasswordHash], *entries: ManifestEntry, **options: Any) -> UserPlan:
    return plan_users(wanted, present_users(entries), OURS, **options)


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert plan({"alice@vm": FIRST}, entry("1", "alice@vm", FIRST)).empty
    assert plan({}).empty


def test_adds_changes_and_removes() -> None:
    made = plan(
        {"new@vm": FIRST, "changed@vm": SECOND, "same@vm": FIRST},
        entry("1", "changed@vm", FIRST),
        entry("2", "same@vm", FIRST),
        entry("3", "gone@vm", FIRST),
    )
    assert (set(made.adds), set(made.changes), made.removes) == ({"new@vm"}, {"changed@vm"}, ("gone@vm",))
    assert sorted(made.delete_ids) == ["1", "3"]


def test_users_of_others_are_left_alone() -> None:
    assert plan({}, entry("1", "hand@made", None), entry("2", "other@vm", FIRST, owner="ns/other")).empty


def test_a_password_changed_by_the_tenant_is_put_back() -> None:
    made = plan({"alice@vm": FIRST}, entry("1", "alice@vm", None))
    assert (set(made.changes), made.delete_ids) == ({"alice@vm"}, ("1",))


def test_a_removed_user_whose_label_the_tenant_lost_goes_when_the_caller_remembers_it() -> None:
    stripped = entry("1", "alice@vm", None)
    assert plan({}, stripped).empty
    assert plan({}, stripped, owned={"alice@vm"}).removes == ("alice@vm",)


def test_protected_names_are_neither_written_nor_removed() -> None:
    made = plan({"admin@ns": FIRST}, entry("1", "admin@ns", None), protected={"admin@ns"}, owned={"admin@ns"})
    assert made.empty
    assert made.refused == ("admin@ns",)


def test_the_latest_manifest_counts_and_older_ones_are_swept() -> None:
    made = plan({"alice@vm": SECOND}, entry("old", "alice@vm", FIRST, at=1), entry("new", "alice@vm", SECOND, at=2))
    assert (made.changes, made.delete_ids) == ({}, ("old",))
    assert not made.empty


class Recorder:
    """A session that remembers what it was asked, in order."""

    def __init__(self, fail: Exception | None = None, gone: str = "") -> None:
        self.calls: list[tuple[str, str]] = []
        self._fail, self._gone = fail, gone

    async def find_manifests(self, labels: Mapping[str, str], *, deadline: float | None = None) -> list[ManifestEntry]:
        assert labels == {"type": "user"}
        return [entry("1", "alice@vm", FIRST)]

    async def put_manifest(
        self, body: Mapping[str, Any], labels: Mapping[str, str], *, deadline: float | None = None
    ) -> str:
        await asyncio.sleep(0)
        if self._fail:
            raise self._fail
        assert labels["username"] == body["username"]
        self.calls.append(("put", str(body["username"])))
        return "id"

    async def delete_manifest(self, manifest_id: str, *, deadline: float | None = None) -> None:
        if manifest_id == self._gone:
            raise NotFound(manifest_id)
        self.calls.append(("delete", manifest_id))

    async def flush(self, *, deadline: float | None = None) -> None:
        self.calls.append(("flush", ""))


def session(recorder: Recorder) -> KopiaSession:
    return cast("KopiaSession", recorder)


async def test_writes_come_before_deletes_and_the_flush_comes_last() -> None:
    recorder = Recorder(gone="2")
    made = plan({"a@vm": SECOND, "b@vm": FIRST}, entry("1", "a@vm", FIRST), entry("2", "gone@vm", FIRST))
    applied = await apply_users(session(recorder), made)
    assert (applied.written, applied.removed) == (2, 1)
    assert sorted(recorder.calls[:2]) == [("put", "a@vm"), ("put", "b@vm")]
    assert recorder.calls[2:] == [("delete", "1"), ("flush", "")]


async def test_an_empty_plan_asks_nothing() -> None:
    recorder = Recorder()
    await apply_users(session(recorder), plan({}))
    assert recorder.calls == []


async def test_the_first_error_is_raised_and_nothing_is_flushed() -> None:
    recorder = Recorder(fail=AccessDenied("no"))
    with pytest.raises(AccessDenied):
        await apply_users(session(recorder), plan({f"u{i}@vm": FIRST for i in range(5)}))
    assert recorder.calls == []


async def test_reading_needs_one_request() -> None:
    assert set(await read_users(session(Recorder()))) == {"alice@vm"}
