"""Managed fields of the global policy, and which retention holds for a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from backend.crd.policy import Compressor, PolicySpec
from backend.kopia.effective import DEFAULT_RETENTION, effective_retention, path_and_parents
from backend.kopia.policy import GLOBAL_LABELS, differences, merge, policy_body, read_global, write_global
from backend.kopia.retention import Retention
from backend.kopia.session import Manifest, ManifestEntry

RETENTION = {"retention": {"keepLatest": 5}}


@pytest.mark.parametrize(
    ("spec", "body"),
    [
        ({}, {}),
        ({"retention": {}, "compression": {}, "files": {}}, {}),
        ({"retention": {"keepLatest": 5, "keepAnnual": 0}}, {"retention": {"keepLatest": 5, "keepAnnual": 0}}),
        ({"compression": {"compressor": "zstd-fastest"}}, {"compression": {"compressorName": "zstd-fastest"}}),
        ({"compression": {"compressor": "none"}}, {"compression": {"compressorName": "none"}}),
        ({"files": {"ignore": ["*.tmp", "/cache"]}}, {"files": {"ignore": ["*.tmp", "/cache"]}}),
        ({"files": {"ignore": []}}, {"files": {"ignore": []}}),
        ({"driftPolicy": "Report"}, {}),
    ],
)
def test_only_what_the_spec_sets_is_managed(spec: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    assert policy_body(PolicySpec.model_validate(spec)) == body


@pytest.mark.parametrize(
    "spec",
    [
        {"retention": {"keepLatest": -1}},
        {"retention": {"keepLatest": 10001}},
        {"compression": {"compressor": "lz4"}},
        {"files": {"ignore": [""]}},
        {"files": {"ignore": ["x" * 1025]}},
        {"files": {"ignore": ["x"] * 257}},
        {"driftPolicy": "Ignore"},
    ],
)
def test_refused_specs(spec: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PolicySpec.model_validate(spec)


@pytest.mark.parametrize(
    ("present", "merged"),
    [
        ({}, RETENTION),
        ({"retention": {"keepLatest": 10, "keepDaily": 3}}, {"retention": {"keepLatest": 5, "keepDaily": 3}}),
        (
            {"scheduling": {"manual": True}, "noParent": True},
            {"scheduling": {"manual": True}, "noParent": True, **RETENTION},
        ),
        ({"retention": "nonsense"}, RETENTION),
    ],
)
def test_merge_keeps_the_rest(present: dict[str, Any], merged: dict[str, Any]) -> None:
    before = repr(present)
    assert merge(present, RETENTION) == merged
    assert repr(present) == before, "what was read is not changed"


@pytest.mark.parametrize(
    ("present", "managed", "named"),
    [
        (RETENTION, RETENTION, []),
        ({"retention": {"keepLatest": 5, "keepDaily": 1}, "logging": {}}, RETENTION, []),
        ({"retention": {"keepLatest": 10}}, RETENTION, ["retention.keepLatest is 10"]),
        ({}, RETENTION, ["retention.keepLatest is not set"]),
        ({"retention": []}, RETENTION, ["retention.keepLatest is not set"]),
        ({}, {"files": {"ignore": []}}, []),
        ({"files": {"ignore": ["*"]}}, {"files": {"ignore": []}}, ["files.ignore is"]),
        (
            {"compression": {"compressorName": "gzip"}},
            {**RETENTION, "compression": {"compressorName": "zstd"}},
            ["retention.keepLatest is not set", "compression.compressorName is gzip"],
        ),
    ],
)
def test_differences_name_the_field(present: dict[str, Any], managed: dict[str, Any], named: list[str]) -> None:
    found = differences(present, managed)
    assert [text[: len(start)] for text, start in zip(found, named, strict=True)] == named


def test_no_difference_after_a_merge() -> None:
    spec = PolicySpec.model_validate(
        {"retention": {"keepLatest": 0}, "compression": {"compressor": "s2-better"}, "files": {"ignore": ["a", "b"]}}
    )
    managed = policy_body(spec)
    assert differences(merge({"files": {"ignore": ["c"], "maxFileSize": 7}}, managed), managed) == ()


def test_the_deprecated_compressors_are_left_out() -> None:
    assert not {"lz4", "zstd-best-compression"} & set(Compressor)


class Recorder:
    """A session that keeps what it was asked."""

    def __init__(self, *present: Manifest) -> None:
        self.present = {one.entry.id: one for one in present}
        self.calls: list[tuple[Any, ...]] = []

    async def find_manifests(self, labels: Mapping[str, str]) -> list[ManifestEntry]:
        return [one.entry for one in self.present.values() if labels.items() <= one.entry.labels.items()]

    async def get_manifests(self, ids: list[str]) -> list[Manifest | None]:
        return [self.present.get(one) for one in ids]

    async def put_manifest(self, body: Mapping[str, Any], labels: Mapping[str, str]) -> str:
        self.calls.append(("put", dict(body), dict(labels)))
        return "new"

    async def delete_manifests(self, ids: Any) -> None:
        self.calls.append(("delete", *ids))

    async def flush(self) -> None:
        self.calls.append(("flush",))


def manifest(name: str, body: dict[str, Any] | None, modified: int = 0, **labels: str) -> Manifest:
    return Manifest(ManifestEntry(name, {"type": "policy", **labels}, modified, 0), body)


async def test_the_oldest_global_policy_counts_as_it_does_for_kopia() -> None:
    kept = manifest("path", {"retention": {"keepLatest": 1}}, 9, policyType="path", path="/x")
    old = manifest("old", {"a": 1}, 1, policyType="global")
    new = manifest("new", {"a": 2}, 2, policyType="global")
    found = await read_global(Recorder(kept, old, new))  # type: ignore[arg-type]
    assert (found.ids, found.body, found.forged) == (("old", "new"), {"a": 1}, ())
    assert await read_global(Recorder()) == type(found)((), {})  # type: ignore[arg-type]


async def test_a_global_policy_with_a_tenants_name_on_it_is_forged() -> None:
    real = manifest("real", {"a": 1}, 2, policyType="global")
    forged = manifest("forged", {"a": 2}, 1, policyType="global", username="alice", hostname="vm-1")
    found = await read_global(Recorder(forged, real))  # type: ignore[arg-type]
    assert (found.ids, found.body, found.forged) == (("real",), {"a": 1}, ("forged",))


async def test_put_then_delete_then_flush() -> None:
    session = Recorder()
    await write_global(session, RETENTION, ("old", "older"))  # type: ignore[arg-type]
    assert session.calls == [("put", RETENTION, dict(GLOBAL_LABELS)), ("delete", "old", "older"), ("flush",)]


def latest(number: int, **more: Any) -> dict[str, Any]:
    return {"retention": {"keepLatest": number}, **more}


ALICE = {"username": "alice", "hostname": "vm-1"}
GLOBAL = manifest("global", latest(1), policyType="global")
HOST = manifest("host", latest(2), policyType="host", hostname="vm-1")
USER = manifest("user", latest(3), policyType="user", **ALICE)
ROOT = manifest("root", latest(4), policyType="path", path="/", **ALICE)
PARENT = manifest("parent", latest(5), policyType="path", path="/home", **ALICE)
OWN = manifest("own", latest(6), policyType="path", path="/home/alice", **ALICE)
OTHERS = (
    manifest("o1", latest(90), policyType="host", hostname="vm-2"),
    manifest("o2", latest(91), policyType="user", username="bob", hostname="vm-1"),
    manifest("o3", latest(92), policyType="path", path="/home/alice", username="bob", hostname="vm-1"),
    manifest("o4", latest(93), policyType="path", path="/home/alice/below", **ALICE),
    manifest("o5", latest(94), policyType="path", path="/hom", **ALICE),
)


@pytest.mark.parametrize(
    ("policies", "keeps"),
    [
        ((), 10),
        ((GLOBAL,), 1),
        ((GLOBAL, HOST), 2),
        ((GLOBAL, HOST, USER), 3),
        ((GLOBAL, HOST, USER, ROOT), 4),
        ((GLOBAL, HOST, USER, ROOT, PARENT), 5),
        ((GLOBAL, HOST, USER, ROOT, PARENT, OWN), 6),
    ],
)
def test_the_narrowest_policy_wins(policies: tuple[Manifest, ...], keeps: int) -> None:
    for order in (policies, policies[::-1]):
        found = effective_retention((*OTHERS, *order), "alice", "vm-1", "/home/alice")
        assert found == replace(DEFAULT_RETENTION, keep_latest=keeps)


def test_each_field_comes_from_where_it_is_set() -> None:
    policies = (
        manifest("g", {"retention": {"keepDaily": 1, "keepWeekly": 1}}, policyType="global"),
        manifest("u", {"retention": {"keepDaily": 0, "ignoreIdenticalSnapshots": True}}, policyType="user", **ALICE),
    )
    found = effective_retention(policies, "alice", "vm-1", "/data")
    expected = replace(DEFAULT_RETENTION, keep_daily=0, keep_weekly=1, ignore_identical_snapshots=True)
    assert found == expected, "0 is set, and is no invitation to look further"


def test_no_parent_ends_the_search() -> None:
    stop = manifest("u", {"retention": {"keepDaily": 2}, "noParent": True}, policyType="user", **ALICE)
    assert effective_retention((GLOBAL, stop), "alice", "vm-1", "/data") == Retention(keep_daily=2)


def test_the_oldest_of_several_wins() -> None:
    older = manifest("a", latest(7), 1, policyType="global")
    newer = manifest("b", {"retention": {"keepLatest": 8, "keepDaily": 8}}, 2, policyType="global")
    found = effective_retention((newer, older), "alice", "vm-1", "/data")
    assert (found.keep_latest, found.keep_daily) == (7, 8)


@pytest.mark.parametrize(
    "body",
    [None, {}, {"retention": None}, {"retention": [1]}, {"retention": {"keepLatest": "3", "keepDaily": True}}],
)
def test_a_body_that_is_no_policy_sets_nothing(body: dict[str, Any] | None) -> None:
    odd = manifest("g", body, policyType="global")
    assert effective_retention((odd,), "alice", "vm-1", "/data") == DEFAULT_RETENTION


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/b", ["/a/b", "/a", "/"]),
        ("/a/b/", ["/a/b/", "/a", "/"]),
        ("/", ["/"]),
        ("a/b", ["a/b", "a"]),
        ("C:\\a\\b", ["C:\\a\\b", "C:\\a", "C:\\"]),
        ("D:/a", ["D:/a", "D:/"]),
        ("C:", ["C:"]),
        ("\\\\server\\share", ["\\\\server\\share", "\\\\server", "\\"]),
        ("/a//b", ["/a//b", "/a/", "/"]),
        ("", []),
    ],
)
def test_parents_of_a_path(path: str, expected: list[str]) -> None:
    assert list(path_and_parents(path)) == expected
