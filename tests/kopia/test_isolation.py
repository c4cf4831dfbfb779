"""What the real Kopia server keeps apart between two tenants under its default access control entries, and what not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.kopia.errors import AccessDenied
from backend.kopia.session import KopiaSession
from tests.kopia.pods import ADMIN, Pod, Server, pod_on, running
from tests.kopia.tenants import (
    ALICE,
    BOB,
    CAROL,
    IGNORE_ALL,
    SLIPPED_IN,
    Tenant,
    admin_session,
    own,
    refresh,
    replace_entries,
    root_of,
    running_long,
    tenants_of,
)
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers
BOBS = {"username": "bob", "hostname": "vm-2"}
TYPES = ("snapshot", "policy", "user", "acl")


@pytest.fixture(scope="module")
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    home = tmp_path_factory.mktemp("isolation")
    made = pod_on(seaweed, kopia_binary, home / "pod", home.name)
    result = asyncio.run(made.ensure())
    assert result.ok, result
    made.kopia("policy", "set", "--global", "--keep-latest=10")
    return made


@pytest.fixture(scope="module")
def tenants(pod: Pod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Tenant]]:
    """alice, and bob who has a snapshot and a policy."""
    with running_long(pod) as server:
        made = asyncio.run(tenants_of(server, tmp_path_factory.mktemp("tenants"), ALICE, BOB))
        made[1].back_up()
        made[1].ok("policy", "set", str(made[1].files), "--keep-latest=7")
        yield made


@pytest.fixture
def alice(tenants: list[Tenant]) -> Tenant:
    return tenants[0]


@pytest.fixture
def bob(tenants: list[Tenant]) -> Tenant:
    return tenants[1]


async def not_alices(server: Server) -> dict[str, Any]:
    """Labels and body of every manifest of bob, the administrator and the server."""
    async with await admin_session(server) as admin:
        found = [entry for kind in TYPES for entry in await admin.find_manifests({"type": kind})]
        ids = [one.id for one in found if not one.labels.get("username", "").startswith("alice")]
        return {one.entry.id: (one.entry.labels, one.body) for one in await admin.get_manifests(ids) if one}


@pytest.fixture
async def others(alice: Tenant) -> AsyncIterator[dict[str, Any]]:
    """What is not alice's, and must be the same after the test."""
    before = await not_alices(alice.server)
    assert {labels["type"] for labels, _ in before.values()} == set(TYPES)
    yield before
    await refresh(alice.server)
    assert await not_alices(alice.server) == before


async def test_a_session_lists_only_its_own_and_the_global_policy(alice: Tenant, others: dict[str, Any]) -> None:
    async with await alice.session() as session:
        for labels in ({}, BOBS, {"type": "snapshot"}, {"type": "user"}, {"type": "acl"}):
            seen = [one.labels for one in await session.find_manifests(labels) if one.id in others]
            assert all(label == {"type": "policy", "policyType": "global"} for label in seen)


async def test_a_session_neither_gets_nor_deletes_what_is_not_its_own(alice: Tenant, others: dict[str, Any]) -> None:
    async with await alice.session() as session:
        for one, (labels, _) in others.items():
            if labels.get("policyType") == "global":
                assert (await session.get_manifest(one)).entry.labels == labels
            else:
                with pytest.raises(AccessDenied):
                    await session.get_manifest(one)
            with pytest.raises(AccessDenied):
                await session.delete_manifest(one)
        await session.flush()


@pytest.mark.parametrize(
    "labels",
    [
        {"type": "snapshot", **BOBS, "path": "/files"},
        {"type": "snapshot", "username": "alice", "hostname": "vm-2", "path": "/files"},
        {"type": "policy", "policyType": "path", **BOBS, "path": "/files"},
        {"type": "policy", "policyType": "user", **BOBS},
        {"type": "policy", "policyType": "host", "hostname": "vm-2"},
        {"type": "policy", "policyType": "host", "hostname": "vm-1"},
        {"type": "policy", "policyType": "global"},
        {"type": "user", "username": BOB},
        {"type": "user", "username": "carol@vm-1"},
        {"type": "acl"},
        {"type": "acl", "username": "alice", "hostname": "vm-1"},
        {"type": "maintenance"},
    ],
    ids=lambda labels: " ".join(labels.values()),
)
async def test_a_session_puts_nothing_in_others_names(
    alice: Tenant, others: dict[str, Any], labels: dict[str, str]
) -> None:
    async with await alice.session() as session:
        with pytest.raises(AccessDenied):
            await session.put_manifest({"user": ALICE, "target": {"type": "snapshot"}, "access": "FULL"}, labels)
        await session.flush()


@pytest.mark.usefixtures("others")
def test_the_client_lists_only_its_own(alice: Tenant, bob: Tenant) -> None:
    assert alice.snapshots() == []
    assert len(bob.snapshots()) == 1
    assert json.loads(alice.ok("snapshot", "list", f"{BOB}:{bob.files}", "--json")) == []
    assert [user["username"] for user in json.loads(alice.ok("server", "user", "list", "--json"))] == [ALICE]
    assert json.loads(alice.ok("server", "acl", "list", "--json")) == []
    assert BOB not in alice.ok("policy", "list")


@pytest.mark.usefixtures("others")
@pytest.mark.parametrize(
    "command",
    [
        f"policy set {BOB} --keep-latest=1",
        f"policy set {BOB}:/files --keep-latest=1",
        "policy set @vm-2 --keep-latest=1",
        "policy set @vm-1 --keep-latest=1",
        "policy set --global --keep-latest=1",
        f"server user set {BOB} --user-password=x",
        f"server user add {BOB} --user-password=x",
        "server acl add --user=alice@vm-1 --target=type=snapshot --access=FULL",
        "server acl enable",
        "maintenance run --full",
        "repository change-password --new-password=x",
    ],
)
def test_the_client_is_refused(alice: Tenant, command: str) -> None:
    error = alice.refused(*command.split())
    assert any(text in error for text in ("access denied", "not found", "direct repository")), error


@pytest.mark.usefixtures("others")
def test_the_client_deletes_no_snapshot_of_another(alice: Tenant, bob: Tenant) -> None:
    (snapshot,) = bob.snapshots()
    assert "access denied" in alice.refused("snapshot", "delete", snapshot, "--delete")
    alice.refused("snapshot", "delete", f"{BOB}:{bob.files}", "--all-snapshots-for-source", "--delete")
    alice.refused("snapshot", "restore", snapshot, str(alice.home / "stolen"))
    assert bob.snapshots() == [snapshot]


@pytest.mark.usefixtures("others")
async def test_no_login_under_anothers_name(alice: Tenant) -> None:
    server = alice.server
    for name in (BOB, ADMIN):
        with pytest.raises(AccessDenied):
            await KopiaSession.connect(server.target, server.certificate, name, alice.password)
    done = server.client(alice.home / "as-bob", BOB, alice.password, *server.connect_arguments())
    assert done.returncode != 0
    assert "access denied" in done.stderr.lower()


@pytest.mark.usefixtures("others")
def test_the_client_deletes_no_user(alice: Tenant, bob: Tenant) -> None:
    """It says it did; it cannot even see the user."""
    alice.ok("server", "user", "delete", BOB)
    assert len(bob.snapshots()) == 1


@pytest.mark.usefixtures("others")
def test_known_limit_a_known_object_id_restores_anothers_data(alice: Tenant, bob: Tenant) -> None:
    root = root_of(json.loads(bob.ok("snapshot", "list", "--json"))[0])
    alice.ok("restore", root, str(alice.home / "taken"))
    assert (alice.home / "taken" / "a.txt").read_text() == f"of {BOB}"


async def test_another_prefix_does_not_know_the_object_id(
    bob: Tenant, seaweed: Seaweed, kopia_binary: Path, tmp_path: Path
) -> None:
    """The remedy: a repository of its own, with keys of its own, in the same bucket."""
    root = root_of(json.loads(bob.ok("snapshot", "list", "--json"))[0])
    pod = pod_on(seaweed, kopia_binary, tmp_path / "pod", tmp_path.name)
    assert (await pod.ensure()).ok
    with running(pod) as server:
        (carol,) = await tenants_of(server, tmp_path, CAROL)
        assert "not found" in carol.refused("restore", root, str(tmp_path / "taken"))
        with pytest.raises(AccessDenied):  # nor do bob's logins count here
            await KopiaSession.connect(server.target, server.certificate, BOB, bob.password)


async def test_known_limit_a_tenant_slips_in_a_global_policy(alice: Tenant, bob: Tenant) -> None:
    """Labels beyond those of an entry do not keep it from matching: alice's own policy may say that it is global."""
    async with await alice.session() as session:
        slipped = await session.put_manifest(IGNORE_ALL, SLIPPED_IN)
        await session.flush()
        try:
            await refresh(alice.server)
            assert bob.back_up(folder=bob.files)["rootEntry"]["summ"]["files"] == 0
        finally:
            await session.delete_manifest(slipped)
            await session.flush()
    await refresh(alice.server)
    assert bob.back_up()["rootEntry"]["summ"]["files"] == 1


async def test_entries_by_policy_type_keep_global_policies_out(alice: Tenant) -> None:
    """The remedy where tenants keep their own policies."""
    default, narrow = [own("policy", "FULL")], [own("policy", "FULL", policyType=kind) for kind in ("user", "path")]
    await replace_entries(alice.server, default, narrow)
    try:
        async with await alice.session() as session:
            for kind in ("global", "host"):
                with pytest.raises(AccessDenied):
                    await session.put_manifest(IGNORE_ALL, {**SLIPPED_IN, "policyType": kind})
        alice.ok("policy", "set", ALICE, "--keep-latest=5")
        alice.ok("policy", "set", str(alice.files), "--keep-latest=5")
    finally:
        await replace_entries(alice.server, narrow, default)


async def test_known_limit_a_deleted_user_keeps_an_open_session(tenants: list[Tenant], tmp_path: Path) -> None:
    server = tenants[0].server
    (carol,) = await tenants_of(server, tmp_path, CAROL)
    async with await carol.session() as session, await admin_session(server) as admin:
        await admin.delete_manifests(
            [one.id for one in await admin.find_manifests({"type": "user", "username": CAROL})]
        )
        await admin.flush()
        await refresh(server)
        labels = {"type": "snapshot", "username": "carol", "hostname": "vm-3", "path": "/late"}
        late = await session.put_manifest({}, labels)
        with pytest.raises(AccessDenied):
            await carol.session()
        await session.delete_manifest(late)


async def test_known_limit_a_tenant_changes_and_deletes_their_own_login(tenants: list[Tenant], tmp_path: Path) -> None:
    server = tenants[0].server
    (carol,) = await tenants_of(server, tmp_path, CAROL)
    carol.ok("server", "user", "set", CAROL, "--user-password=changed")
    await refresh(server)
    with pytest.raises(AccessDenied):
        await carol.session()
    async with await KopiaSession.connect(server.target, server.certificate, CAROL, "changed") as session:
        await session.delete_manifests([one.id for one in await session.find_manifests({"type": "user"})])
        await session.flush()
    await refresh(server)
    with pytest.raises(AccessDenied):
        await KopiaSession.connect(server.target, server.certificate, CAROL, "changed")
