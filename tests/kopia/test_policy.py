"""The global policy and the retention reasons against a real server, judged by the stock command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.crd.policy import PolicySpec
from backend.kopia.control import ControlClient
from backend.kopia.effective import POLICY_LABELS, effective_retention
from backend.kopia.policy import GLOBAL_LABELS, differences, merge, policy_body, read_global, write_global
from backend.kopia.retention import Retention, retention_reasons
from backend.kopia.session import KopiaSession, Manifest
from backend.kopia.snapshots import SNAPSHOT_LABELS, Snapshot, parse_snapshot
from tests.kopia.pods import ADMIN, ADMIN_PASSWORD, CONTROL_PASSWORD, Pod, Server, pod_on, running
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers
SPEC = PolicySpec.model_validate(
    {
        "retention": {"keepLatest": 5, "keepHourly": 0, "keepAnnual": 1},
        "compression": {"compressor": "zstd-fastest"},
        "files": {"ignore": ["*.tmp", "/cache"]},
    }
)
MANAGED = policy_body(SPEC)
WHO = {"username": "alice", "hostname": "vm-1"}


@dataclass
class UtcPod(Pod):
    """As the server's image has it, whatever the zone of the machine that runs the tests."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "TZ": "UTC"}

    def shown(self, *target: str) -> Any:
        return json.loads(self.kopia("policy", "show", *target, "--json"))

    def reasons(self) -> dict[str, tuple[str, ...]]:
        """By snapshot id, as the stock command line works them out."""
        listed = json.loads(self.kopia("snapshot", "list", "--all", "--json"))
        return {one["id"]: tuple(one.get("retentionReason", ())) for one in listed}


@pytest.fixture(scope="module")
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> UtcPod:
    home = tmp_path_factory.mktemp("policy")
    made = UtcPod(**vars(pod_on(seaweed, kopia_binary, home / "pod", home.name)))
    result = asyncio.run(made.ensure())
    assert result.ok, result
    (home / "files").mkdir()
    made.kopia("snapshot", "create", str(home / "files"))
    return made


@pytest.fixture(scope="module")
def server(pod: UtcPod) -> Iterator[Server]:
    with running(pod) as started:
        yield started


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[KopiaSession]:
    """Starts without a policy of any kind."""
    async with await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD) as session:
        await session.delete_manifests([one.id for one in await session.find_manifests(POLICY_LABELS)])
        await session.flush()
        yield session


async def policies(session: KopiaSession) -> list[Manifest]:
    found = await session.get_manifests([one.id for one in await session.find_manifests(POLICY_LABELS)])
    return [one for one in found if one]


async def test_the_command_line_shows_what_was_written(pod: UtcPod, server: Server, admin: KopiaSession) -> None:
    pod.kopia("policy", "set", "--global", "--keep-latest=9", "--keep-daily=3", "--max-file-size=77")
    pod.kopia("policy", "set", "--global", "--add-never-compress=.gz", "--snapshot-time=03:00", "--add-ignore=/old")
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.refresh()
    before = await read_global(admin)
    found = differences(before.body, MANAGED)
    assert [text.split()[0] for text in found] == [
        "retention.keepLatest",
        "retention.keepHourly",
        "retention.keepAnnual",
        "compression.compressorName",
        "files.ignore",
    ]
    await write_global(admin, merge(before.body, MANAGED), before.ids)
    shown = pod.shown("--global")
    assert {name: shown["retention"][name] for name in MANAGED["retention"]} == MANAGED["retention"]
    assert shown["retention"]["keepDaily"] == 3
    assert shown["compression"] == {"compressorName": "zstd-fastest", "neverCompress": [".gz"]}
    assert (shown["files"]["ignore"], shown["files"]["maxFileSize"]) == (["*.tmp", "/cache"], 77)
    assert shown["scheduling"]["timeOfDay"] == [{"hour": 3, "min": 0}]
    after = await read_global(admin)
    assert (len(after.ids), differences(after.body, MANAGED)) == (1, ())
    assert after.ids != before.ids


async def test_a_change_by_the_command_line_is_named(pod: UtcPod, server: Server, admin: KopiaSession) -> None:
    await write_global(admin, merge({}, MANAGED), ())
    pod.kopia("policy", "set", "--global", "--keep-latest=10", "--compression=gzip")
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.refresh()
    found = await read_global(admin)
    named = differences(found.body, MANAGED)
    assert len(named) == 2
    assert named[0].startswith("retention.keepLatest is 10")
    assert named[1].startswith("compression.compressorName is gzip")
    await write_global(admin, merge(found.body, MANAGED), found.ids)
    assert pod.shown("--global")["retention"]["keepLatest"] == 5


async def test_of_two_global_policies_the_older_one_is_in_force(pod: UtcPod, admin: KopiaSession) -> None:
    """Two writers at once may leave two. Kopia then applies the older, and so do we; a repair leaves one."""
    await admin.put_manifest({"retention": {"keepLatest": 77}}, GLOBAL_LABELS)
    await admin.flush()
    await write_global(admin, merge({}, MANAGED), ())
    found = await read_global(admin)
    assert (len(found.ids), found.body["retention"]["keepLatest"]) == (2, 77)
    assert pod.shown("--global")["retention"]["keepLatest"] == 77
    assert effective_retention(await policies(admin), **WHO, path="/data").keep_latest == 77
    await write_global(admin, merge(found.body, MANAGED), found.ids)
    assert pod.shown("--global")["retention"]["keepLatest"] == 5
    assert len((await read_global(admin)).ids) == 1


def retention_shown(pod: UtcPod, *target: str) -> Retention:
    shown = pod.shown(*target)["retention"]
    return Retention(
        shown.get("keepLatest", 0),
        shown.get("keepHourly", 0),
        shown.get("keepDaily", 0),
        shown.get("keepWeekly", 0),
        shown.get("keepMonthly", 0),
        shown.get("keepAnnual", 0),
        shown.get("ignoreIdenticalSnapshots", False),
    )


async def test_the_effective_retention_is_the_command_lines(pod: UtcPod, admin: KopiaSession) -> None:
    for labels, body in (
        ({"policyType": "global"}, {"retention": {"keepLatest": 1, "keepDaily": 1, "keepWeekly": 1}}),
        ({"policyType": "host", "hostname": "vm-1"}, {"retention": {"keepDaily": 2, "keepHourly": 2}}),
        ({"policyType": "user", **WHO}, {"retention": {"keepHourly": 0, "ignoreIdenticalSnapshots": True}}),
        ({"policyType": "path", **WHO, "path": "/"}, {"retention": {"keepMonthly": 4}}),
        ({"policyType": "path", **WHO, "path": "/data"}, {"retention": {"keepMonthly": 5, "keepLatest": 5}}),
        ({"policyType": "path", **WHO, "path": "/data/db"}, {"retention": {"keepLatest": 6}}),
        ({"policyType": "path", **WHO, "path": "/stop"}, {"retention": {"keepAnnual": 7}, "noParent": True}),
    ):
        await admin.put_manifest(body, {**POLICY_LABELS, **labels})
    await admin.flush()
    there = await policies(admin)
    assert len(there) == 7
    for who, path in (
        ("alice@vm-1", "/data/db/x"),
        ("alice@vm-1", "/data/db"),
        ("alice@vm-1", "/data/other"),
        ("alice@vm-1", "/database"),
        ("alice@vm-1", "/stop/below"),
        ("bob@vm-1", "/data"),
        ("alice@vm-2", "/data"),
    ):
        username, _, hostname = who.partition("@")
        ours = effective_retention(there, username, hostname, path)
        assert ours == retention_shown(pod, f"{who}:{path}"), (who, path)


NEWEST = datetime(2024, 5, 31, 10, 30, tzinfo=UTC)
STARTS = [
    *(NEWEST - timedelta(minutes=25 * number) for number in range(9)),
    *(NEWEST - timedelta(hours=17 * number) for number in range(1, 9)),
    *(NEWEST - timedelta(days=5 * number) for number in range(2, 8)),
    *(NEWEST.replace(month=month, day=day) for month, day in ((3, 31), (3, 2), (2, 29), (1, 31), (1, 30), (1, 3))),
    *(datetime(year, month, 28, 23, 59, 59, 999999, UTC) for year in (2023, 2022, 2021) for month in (12, 5)),
    datetime(2021, 5, 31, 10, 30, tzinfo=UTC),
    datetime(2021, 1, 1, 0, 30, tzinfo=UTC),
]
# Hours after the newest complete one at which incomplete ones follow.
FOLLOWING: dict[str, tuple[float, ...]] = {"/none": (), "/few": (1, 2, 9, 12), "/exact": (8, 8.5, 11.9, 12)}
FOLLOWING_ELSEWHERE = (1, 2, 9, 9.5, 12, 12.25)
POLICIES: dict[str, dict[str, Any]] = {
    "/default": {},
    "/none": dict.fromkeys(("keepLatest", "keepHourly", "keepDaily", "keepWeekly", "keepMonthly", "keepAnnual"), 0),
    "/few": {"keepLatest": 2, "keepHourly": 3, "keepDaily": 3, "keepWeekly": 2, "keepMonthly": 2, "keepAnnual": 2},
    "/weeks": {"keepLatest": 0, "keepWeekly": 60, "keepMonthly": 12},
    "/months": {"keepLatest": 1, "keepHourly": 0, "keepDaily": 0, "keepWeekly": 0, "keepMonthly": 3},
    "/exact": {"keepLatest": 0, "keepHourly": 17, "keepDaily": 10, "keepWeekly": 5},
    "/far": {"keepDaily": 4000, "keepHourly": 10000, "keepAnnual": 10000, "keepWeekly": 0},
}


async def put_history(session: KopiaSession, path: str, like: Manifest) -> None:
    """Snapshots of alice's with chosen times; some are incomplete, in between and after the last complete one."""
    following = [NEWEST + timedelta(hours=hours) for hours in FOLLOWING.get(path, FOLLOWING_ELSEWHERE)]
    half_way = {STARTS[3], STARTS[12], *following}
    items = []
    for start in (*STARTS, *following):
        body = {
            **(like.body or {}),
            "source": {"host": WHO["hostname"], "userName": WHO["username"], "path": path},
            "startTime": start.isoformat(),
            "endTime": (start + timedelta(minutes=1)).isoformat(),
            **({"incomplete": "canceled"} if start in half_way else {}),
        }
        items.append((body, {**SNAPSHOT_LABELS, **WHO, "path": path}))
    await session.put_manifests(items)


async def test_retention_reasons_are_the_command_lines(pod: UtcPod, admin: KopiaSession) -> None:
    ids = [one.id for one in await admin.find_manifests(SNAPSHOT_LABELS)]
    like = await admin.get_manifest(ids[0])
    for path, retention in POLICIES.items():
        labels = {**POLICY_LABELS, "policyType": "path", **WHO, "path": path}
        await admin.put_manifest({"retention": retention}, labels)
        await put_history(admin, path, like)
    await admin.flush()
    theirs, there = pod.reasons(), await policies(admin)
    ours: dict[str, tuple[str, ...]] = {}
    for path in POLICIES:
        entries = await admin.find_manifests({**SNAPSHOT_LABELS, **WHO, "path": path})
        found = await admin.get_manifests([one.id for one in entries])
        snapshots: list[Snapshot] = [parse_snapshot(one) for one in found if one]
        assert len(snapshots) >= len(STARTS)
        reasons = retention_reasons(snapshots, effective_retention(there, **WHO, path=path))
        ours.update(zip((one.id for one in snapshots), reasons, strict=True))
        assert [ours[one.id] for one in snapshots] == [theirs[one.id] for one in snapshots], path
    kinds = {reason.partition("-")[0] for one in ours.values() for reason in one}
    assert kinds == {"latest", "hourly", "daily", "weekly", "monthly", "annual", "incomplete"}
