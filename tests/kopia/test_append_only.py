"""Tenants who may add snapshots and delete none: what the stock client can and cannot do then, on the real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from backend.kopia import acl
from backend.kopia.errors import AccessDenied
from tests.kopia.pods import Pod, pod_on
from tests.kopia.tenants import (
    ALICE,
    IGNORE_ALL,
    SLIPPED_IN,
    Tenant,
    admin_session,
    own,
    refresh,
    replace_entries,
    running_long,
    tenants_of,
)
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers
DEFAULTS, LOWERED = ([entry.body() for entry in entries] for entries in (acl.DEFAULTS, acl.LOWERED))
KOPIAS = [own("snapshot", "FULL"), acl.UNSAFE.body()]  # what `kopia server acl enable` makes for one's own
KEEP_TWO = ("--keep-latest=2", *(f"--keep-{span}=0" for span in ("hourly", "daily", "weekly", "monthly", "annual")))


@pytest.fixture(scope="module")
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    home = tmp_path_factory.mktemp("append")
    made = pod_on(seaweed, kopia_binary, home / "pod", home.name)
    result = asyncio.run(made.ensure())
    assert result.ok, result
    made.kopia("policy", "set", "--global", *KEEP_TWO)
    return made


@pytest.fixture(scope="module")
def alice(pod: Pod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with running_long(pod) as server:
        (made,) = asyncio.run(tenants_of(server, tmp_path_factory.mktemp("tenants"), ALICE))
        asyncio.run(replace_entries(server, KOPIAS, LOWERED))
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A source of the test's own, so that tests do not see each other's snapshots."""
    (tmp_path / "a.txt").write_text("hello")
    return tmp_path


@contextlib.asynccontextmanager
async def global_policy(tenant: Tenant, *flags: str) -> AsyncIterator[None]:
    pod = tenant.server.pod
    pod.kopia("policy", "set", "--global", *flags)
    await refresh(tenant.server)
    try:
        yield
    finally:
        pod.kopia("policy", "set", "--global", *KEEP_TWO)
        await refresh(tenant.server)


@contextlib.contextmanager
def uploading(tenant: Tenant, arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A client that reads what to back up from a pipe of ours."""
    config = tenant.home / "client.config"
    command = [str(tenant.server.pod.binary), *arguments, f"--config-file={config}", "--disable-file-logging"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tenant.home), "KOPIA_PASSWORD": tenant.password}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield process
        process.kill()


def test_backups_go_on_and_the_server_applies_the_retention(alice: Tenant, files: Path) -> None:
    made = []
    for number in range(3):
        (files / "a.txt").write_text(f"version {number}")
        made.append(alice.back_up(folder=files)["id"])
    assert alice.snapshots(files) == made[1:]


def test_restore(alice: Tenant, files: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    snapshot = alice.back_up(folder=files)["id"]
    target = tmp_path_factory.mktemp("restored")
    alice.ok("snapshot", "restore", snapshot, str(target))
    assert (target / "a.txt").read_text() == "hello"
    alice.ok("snapshot", "verify", snapshot, "--verify-files-percent=100")


async def test_no_snapshot_can_be_deleted(alice: Tenant, files: Path) -> None:
    snapshot = alice.back_up(folder=files)["id"]
    assert "access denied" in alice.refused("snapshot", "delete", snapshot, "--delete")
    assert "access denied" in alice.refused("snapshot", "delete", str(files), "--all-snapshots-for-source", "--delete")
    async with await alice.session() as session:
        with pytest.raises(AccessDenied):
            await session.delete_manifest(snapshot)
        await session.flush()
    assert alice.snapshots(files) == [snapshot]


async def test_no_policy_can_be_set(alice: Tenant, files: Path) -> None:
    for target in (ALICE, str(files), "@vm-1", "--global"):
        assert "access denied" in alice.refused("policy", "set", target, "--keep-latest=1")
    async with await alice.session() as session:
        with pytest.raises(AccessDenied):
            await session.put_manifest(IGNORE_ALL, SLIPPED_IN)


def test_no_pin_can_be_added_later(alice: Tenant, files: Path) -> None:
    """To change a snapshot is to put it anew and to delete the old."""
    snapshot = alice.back_up(folder=files)["id"]
    assert "access denied" in alice.refused("snapshot", "pin", snapshot, "--add=keep")
    assert snapshot in alice.snapshots(files)


def test_pinned_at_creation(alice: Tenant, files: Path) -> None:
    pinned = alice.back_up("--pin=keep", folder=files)["id"]
    later = [alice.back_up(folder=files)["id"] for _ in range(3)]
    assert alice.snapshots(files) == [pinned, *later[1:]]


@pytest.mark.parametrize("how", ["--override-source", "--stdin-file"])
def test_a_manual_source_fails_after_its_snapshot_is_made(alice: Tenant, files: Path, how: str) -> None:
    """The client then writes into the tenant's own policy that the source is not to be backed up by `--all`."""
    value = f"{ALICE}:{files}" if how == "--override-source" else "a.txt"
    error = alice.refused("snapshot", "create", str(files), f"{how}={value}")
    assert "unable to set manual field" in error
    assert len(alice.snapshots(files)) == 1


def test_expire(alice: Tenant, files: Path) -> None:
    made = [alice.back_up(folder=files)["id"] for _ in range(2)]
    alice.ok("snapshot", "expire", str(files), "--delete")
    assert alice.snapshots(files) == made


def test_known_limit_new_snapshots_push_out_the_good_ones(alice: Tenant, files: Path) -> None:
    good = alice.back_up(folder=files)["id"]
    (files / "a.txt").write_text("encrypted by an intruder")
    for _ in range(2):
        alice.back_up(folder=files)
    assert good not in alice.snapshots(files)


async def test_a_killed_client_leaves_a_checkpoint_that_the_next_backup_clears(alice: Tenant, files: Path) -> None:
    arguments = ("snapshot", "create", str(files), "--stdin-file=a.txt", "--checkpoint-interval=1s")
    with uploading(alice, arguments) as process:
        assert process.stdin
        process.stdin.write(os.urandom(30 << 20))  # several contents; the end of the input never comes
        process.stdin.flush()
        while not alice.snapshots(files):
            assert process.poll() is None
        process.kill()
    left = alice.snapshots(files)
    assert "access denied" in alice.refused("snapshot", "delete", left[0], "--delete")
    whole = alice.back_up(folder=files)["id"]
    assert alice.snapshots(files) == [whole]


async def test_known_limit_made_up_times_push_out_what_is_kept_by_day(alice: Tenant, files: Path) -> None:
    async with global_policy(alice, "--keep-latest=0", "--keep-daily=2"):
        good = alice.back_up(folder=files)["id"]
        for day in (1, 2):
            alice.back_up(f"--start-time=2037-01-0{day} 00:00:00 UTC", folder=files)
        assert good not in alice.snapshots(files)


async def test_known_limit_an_open_session_keeps_the_old_entries(alice: Tenant) -> None:
    """The server looks the entries up when a session starts."""
    labels = {"type": "snapshot", "username": "alice", "hostname": "vm-1", "path": "/old"}
    await replace_entries(alice.server, LOWERED, DEFAULTS)
    async with await alice.session() as session:
        await replace_entries(alice.server, DEFAULTS, LOWERED)
        old = await session.put_manifest({}, labels)
        await session.delete_manifest(old)
    async with await alice.session() as session:
        new = await session.put_manifest({}, labels)
        with pytest.raises(AccessDenied):
            await session.delete_manifest(new)


async def test_an_own_policy_from_before_stays_in_force(alice: Tenant, files: Path) -> None:
    labels = {"type": "policy", "policyType": "path", "username": "alice", "hostname": "vm-1", "path": str(files)}
    async with await admin_session(alice.server) as admin:
        await admin.put_manifest({"retention": {"keepLatest": 1}}, labels)
        await admin.flush()
    await refresh(alice.server)
    made = [alice.back_up(folder=files)["id"] for _ in range(2)]
    assert alice.snapshots(files) == made[1:]


async def test_without_retention_nothing_is_pushed_out(alice: Tenant, files: Path) -> None:
    """The remedy: all counts zero means that the server deletes nothing."""
    async with global_policy(alice, "--keep-latest=0"):
        made = [alice.back_up(folder=files)["id"] for _ in range(4)]
        alice.ok("snapshot", "expire", str(files), "--delete")
        assert alice.snapshots(files) == made
