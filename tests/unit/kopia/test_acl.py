"""Access control lists: what is a line, what is refused, and the plan that brings the entries about."""

from __future__ import annotations

import itertools

import pytest

from backend.kopia.acl import (
    DEFAULTS,
    LOWERED,
    UNSAFE,
    AclEntry,
    AclManifest,
    AclPlan,
    Profile,
    acl_manifest,
    entry,
    parse_acl,
    parse_acl_list,
    plan_acl,
    wanted_entries,
)
from backend.kopia.session import Manifest, ManifestEntry

OURS = "ns/one"
OPS = entry("ops@admin", "READ", type="snapshot")
KOPIAS = [AclManifest(f"default-{number}", "", default) for number, default in enumerate(DEFAULTS)]


def test_lines_of_kopias_own_syntax() -> None:
    text = b"# readers\nops@admin type=snapshot READ\n  *@vm-1   type=policy,policyType=global   full\r\n\n"
    parsed = parse_acl_list(text)
    assert parsed.rejected == ()
    assert set(parsed.entries) == {OPS, entry("*@vm-1", "FULL", type="policy", policyType="global")}


def test_a_path_may_hold_spaces() -> None:
    [found] = parse_acl_list(b"ops@admin type=snapshot,path=/srv/my files READ").entries
    assert dict(found.target)["path"] == "/srv/my files"


def test_the_order_of_lines_and_of_keys_does_not_matter() -> None:
    lines = [b"a@b type=snapshot,username=x,hostname=y READ", b"ops@admin type=snapshot READ", b"a@b append-only"]
    assert len({str(parse_acl_list(b"\n".join(order))) for order in itertools.permutations(lines)}) == 1
    swapped = b"a@b hostname=y,type=snapshot,username=x READ"
    assert parse_acl_list(swapped).entries == parse_acl_list(lines[0]).entries


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"ops@admin", "has the form 'user target access'"),
        (b"ops type=snapshot READ", "must have the form user@host"),
        (b"OPS@admin type=snapshot READ", "lower case"),
        (b"ops@admin snapshot READ", "key=value"),
        (b"ops@admin username=x READ", "needs type="),
        (b"ops@admin type=blob READ", "needs type="),
        (b"ops@admin type=user,hostname=x READ", "takes username, not 'hostname'"),
        (b"ops@admin type=acl,username=x READ", "takes no further key"),
        (b"ops@admin type=snapshot,type=snapshot READ", "twice"),
        (b"ops@admin type=snapshot,path= READ", "key=value"),
        (b"ops@admin type=policy,policyType=mine READ", "policyType must be"),
        (b"ops@admin type=snapshot WRITE", "READ, APPEND or FULL"),
        (b"ops@admin type=snapshot NONE", "READ, APPEND or FULL"),
        (b"*@* type=user READ", "every tenant"),
        (b"*@* type=acl FULL", "every tenant"),
        (b"*@* type=user,username=bob@vm-2 FULL", "every tenant"),
        (b"alice@vm-1 read-only", "no profile"),
        (b"*@vm-1 append-only", "one user@host"),
        (b"\xff\xfe\x00 \x00", "not UTF-8"),
        (b"ops@admin \x1b[31m READ", "key=value"),
    ],
)
def test_a_bad_line_spoils_only_itself(line: bytes, reason: str) -> None:
    parsed = parse_acl_list(b"ops@admin type=snapshot READ\n" + line)
    assert parsed.entries == (OPS,)
    [rejected] = parsed.rejected
    assert rejected.line == 2
    assert reason in rejected.reason
    assert rejected.reason.isprintable()


@pytest.mark.parametrize("line", [b"alice@vm-1 s3cret", b"S3cret@word append-only", b"alice@vm-1:s3cret"])
def test_a_user_list_in_the_wrong_place_tells_no_secret(line: bytes) -> None:
    assert "cret" not in parse_acl_list(line).rejected[0].reason


def test_two_profiles_of_one_user_are_refused() -> None:
    parsed = parse_acl_list(b"a@b append-only\na@b full\na@b append-only")
    assert parsed.profiles == {"a@b": Profile.APPEND_ONLY}
    assert [one.line for one in parsed.rejected] == [2]


def test_megabytes_of_garbage_are_told_line_by_line() -> None:
    parsed = parse_acl_list(b"\x00garbage \xff\n" * 700_000)
    assert (parsed.rejected_count, len(parsed.rejected)) == (700_000, 1000)


def plan(text: bytes, *present: AclManifest, users: tuple[str, ...] = (), keep_all: bool = False) -> AclPlan:
    listed = parse_acl_list(text)
    return plan_acl(wanted_entries(listed, users), listed.restricts, present, OURS, keep_all=keep_all)


def ours(number: int, item: AclEntry) -> AclManifest:
    return AclManifest(f"ours-{number}", OURS, item)


LINE = b"ops@admin type=snapshot READ\n"


def test_entries_come_and_go_with_the_list() -> None:
    assert plan(LINE, *KOPIAS).puts == (OPS,)
    assert plan(LINE, *KOPIAS, ours(1, OPS)).empty
    assert plan(b"", *KOPIAS, ours(1, OPS)).delete_ids == ("ours-1",)
    assert plan(LINE, ours(1, OPS), ours(2, OPS)).delete_ids == ("ours-2",)


def test_entries_of_others_stay_and_are_not_doubled() -> None:
    foreign = AclManifest("x", "ns/other", OPS)
    assert plan(LINE, *KOPIAS, foreign).empty
    assert plan(b"", *KOPIAS, foreign, AclManifest("y", "", None)).empty


def test_unreadable_lines_take_nothing_away() -> None:
    assert plan(b"", ours(1, OPS), keep_all=True).empty


def test_append_only_replaces_the_defaults_and_gives_the_others_theirs_by_name() -> None:
    made = plan(b"alice@vm-1 append-only", *KOPIAS, users=("alice@vm-1", "bob@vm-2"))
    assert set(made.delete_ids) == {"default-0", "default-1", "default-2"}
    by_name = {"username": "bob", "hostname": "vm-2"}
    assert set(made.puts) == {
        *LOWERED,
        entry("bob@vm-2", "FULL", type="snapshot", **by_name),
        entry("bob@vm-2", "FULL", type="policy", policyType="user", **by_name),
        entry("bob@vm-2", "FULL", type="policy", policyType="path", **by_name),
    }


def test_append_only_for_everybody_with_an_exception() -> None:
    made = plan(b"*@* append-only\nbob@vm-2 full", *KOPIAS, users=("alice@vm-1", "bob@vm-2"))
    assert {item.user for item in made.puts} == {"*@*", "bob@vm-2"}


def test_the_defaults_come_back_as_kopias_own() -> None:
    lowered = [ours(number, item) for number, item in enumerate(LOWERED)]
    made = plan(b"# no entries", *lowered)
    assert made.plain_puts == DEFAULTS
    assert set(made.delete_ids) == {"ours-0", "ours-1"}
    assert plan(b"", *lowered, keep_all=True).empty
    assert plan(b"", *(AclManifest(one.id, "ns/other", one.entry) for one in lowered)).empty


def test_kopias_own_policy_entry_is_replaced_by_one_that_reaches_no_global_policy() -> None:
    snapshots, unsafe = AclManifest("1", "", DEFAULTS[0]), AclManifest("2", "", UNSAFE)
    made = plan(b"", snapshots, unsafe)
    assert (made.puts, made.plain_puts, made.delete_ids) == ((), DEFAULTS[1:], ("2",))
    strict = plan(b"*@* append-only", snapshots, unsafe)
    assert (set(strict.puts), strict.plain_puts, set(strict.delete_ids)) == (set(LOWERED), (), {"1", "2"})
    beside = AclManifest("3", "ns/other", LOWERED[1])
    assert plan(b"", beside, unsafe).plain_puts == (), "another server keeps its tenants append-only"


def test_an_entry_is_read_back_as_it_was_written() -> None:
    body, labels = acl_manifest(OPS, OURS)
    assert parse_acl(Manifest(ManifestEntry("7", labels, 5, 0), body)) == AclManifest("7", OURS, OPS)
    assert str(OPS) == "ops@admin type=snapshot READ"
    assert parse_acl(Manifest(ManifestEntry("8", labels, 5, 0), None)).entry is None
