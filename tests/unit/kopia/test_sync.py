"""The plan: writes, removes; ownership; drift; conflicts; left-overs. Bodies count, labels are hints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from backend.kopia.session import Manifest, ManifestEntry
from backend.kopia.sync import UserManifest, UserPlan, UserRules, parse_user, plan_users, present_users, user_manifest
from backend.kopia.users import PasswordHash

OURS = "ns/one"
FIRST, SECOND = PasswordHash(1, b"a" * 64), PasswordHash(1, b"b" * 64)
LISTED = {"alice@vm": FIRST}
WRITTEN = {"alice@vm": FIRST.digest()}


def there(
    manifest_id: str, name: str, password: PasswordHash | None, owner: str = OURS, modified: int = 1
) -> UserManifest:
    return UserManifest(manifest_id, name, owner, modified, password)


def plan(wanted: Mapping[str, PasswordHash], *found: UserManifest, **rules: Any) -> UserPlan:
    return plan_users(wanted, present_users(found), UserRules(OURS, **rules))


def test_nothing_to_do_is_an_empty_plan() -> None:
    made = plan(LISTED, there("1", "alice@vm", FIRST))
    assert made.empty
    assert (made.applied, made.ours) == (1, WRITTEN)
    assert plan({}).empty


def test_adds_changes_and_removes() -> None:
    made = plan(
        {"new@vm": FIRST, "changed@vm": SECOND, "same@vm": FIRST},
        there("1", "changed@vm", FIRST),
        there("2", "same@vm", FIRST),
        there("3", "gone@vm", FIRST),
    )
    assert made.writes == {"new@vm": FIRST, "changed@vm": SECOND}
    assert made.removes == ("gone@vm",)
    assert sorted(made.delete_ids) == ["1", "3"]
    assert made.drifted == ()
    assert set(made.ours) == {"new@vm", "changed@vm", "same@vm"}
    assert made.applied == 3


def test_users_of_others_are_reported_and_left_alone() -> None:
    made = plan({}, there("1", "hand@made", FIRST, ""), there("2", "other@vm", FIRST, "ns/other"))
    assert made.empty
    assert made.unmanaged == ("hand@made", "other@vm")


def test_accounts_of_controllers_are_not_even_reported() -> None:
    made = plan({}, there("1", "bsls-admin@one.ns", FIRST, ""), there("2", "bsls-probe@two.ns", FIRST, "ns/two"))
    assert made.empty
    assert made.unmanaged == ()


def test_a_listed_user_of_somebody_else_with_the_same_password_is_shared() -> None:
    made = plan(LISTED, there("1", "alice@vm", FIRST, "ns/other"))
    assert made.empty
    assert (made.applied, made.ours, made.conflicts) == (1, {}, ())


def test_a_listed_user_of_somebody_else_with_another_password_is_a_conflict() -> None:
    for owner in ("ns/other", ""):
        made = plan(LISTED, there("1", "alice@vm", SECOND, owner))
        assert made.empty
        assert (made.conflicts, made.applied, made.unmanaged) == ((("alice@vm", owner),), 0, ())


def test_two_servers_of_one_repository_come_to_rest() -> None:
    """Each writes only what is its own; whatever the order, the second finds nothing to do."""
    first = plan(LISTED)
    assert first.writes == LISTED
    second = plan_users(LISTED, present_users([there("1", "alice@vm", FIRST, OURS)]), UserRules("ns/two"))
    assert second.empty
    dropped_by_second = plan_users({}, present_users([there("1", "alice@vm", FIRST, OURS)]), UserRules("ns/two"))
    assert dropped_by_second.empty


def test_a_password_changed_by_the_tenant_is_drift_and_put_back() -> None:
    made = plan(LISTED, there("1", "alice@vm", SECOND, ""), ours=WRITTEN)
    assert (made.drifted, made.writes, made.delete_ids) == (("alice@vm",), LISTED, ("1",))


def test_a_password_changed_by_the_tenant_is_only_reported_when_asked_so() -> None:
    made = plan(LISTED, there("1", "alice@vm", SECOND, ""), ours=WRITTEN, repair=False)
    assert made.empty
    assert (made.drifted, made.applied, made.ours) == (("alice@vm",), 0, WRITTEN)


def test_a_new_password_in_the_list_is_written_even_when_drift_is_only_reported() -> None:
    made = plan({"alice@vm": SECOND}, there("1", "alice@vm", FIRST), ours=WRITTEN, repair=False)
    assert (made.drifted, set(made.writes)) == ((), {"alice@vm"})


def test_a_user_deleted_by_somebody_else_is_drift() -> None:
    assert plan(LISTED, ours=WRITTEN).writes == LISTED
    reported = plan(LISTED, ours=WRITTEN, repair=False)
    assert reported.empty
    assert reported.drifted == ("alice@vm",)


def test_a_tenant_who_lost_or_forged_our_label_is_removed_all_the_same() -> None:
    for owner in ("", "ns/other"):
        made = plan({}, there("1", "alice@vm", SECOND, owner), ours=WRITTEN)
        assert made.removes == ("alice@vm",)


def test_forged_labels_do_not_hide_another_password() -> None:
    made = plan(LISTED, there("1", "alice@vm", SECOND, OURS), ours=WRITTEN)
    assert made.drifted == ("alice@vm",)


def test_a_manifest_without_a_usable_hash_is_replaced() -> None:
    assert plan(LISTED, there("1", "alice@vm", None)).writes == LISTED


def test_names_in_unreadable_lines_are_not_removed_but_others_are() -> None:
    found = [there("1", "alice@vm", FIRST), there("2", "bob@vm", FIRST)]
    made = plan({}, *found, kept=frozenset({"alice@vm"}))
    assert made.removes == ("bob@vm",)
    assert made.ours == WRITTEN
    assert plan({}, *found, keep_all=True).removes == ()


def test_what_is_kept_stays_ours_while_it_is_gone() -> None:
    assert plan({}, ours=WRITTEN, keep_all=True).ours == WRITTEN
    assert plan({}, ours=WRITTEN).ours == {}


def test_left_over_manifests_go_and_the_newest_counts() -> None:
    made = plan(LISTED, there("new", "alice@vm", FIRST, modified=2), there("old", "alice@vm", SECOND, modified=1))
    assert (made.writes, made.delete_ids) == ({}, ("old",))
    other = plan(LISTED, there("new", "alice@vm", SECOND, modified=2), there("old", "alice@vm", FIRST, modified=1))
    assert (set(other.writes), set(other.delete_ids)) == ({"alice@vm"}, {"new", "old"})


def test_a_plan_never_shows_a_hash() -> None:
    assert "aaaa" not in repr(plan(LISTED))


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    body, labels = user_manifest("alice@vm", FIRST, OURS)
    found = parse_user(Manifest(ManifestEntry("7", labels, 5, 0), body))
    assert found == there("7", "alice@vm", FIRST, modified=5)
    for broken in (None, {}, {"passwordHash": "x"}, {"passwordHashVersion": 9, "passwordHash": ""}):
        unreadable = parse_user(Manifest(ManifestEntry("7", labels, 5, 0), broken))
        assert unreadable == dataclasses.replace(found, password=None)
