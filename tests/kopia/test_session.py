"""The gRPC session, the control API and the user sync against a real server, with the stock client as the tenant."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backend.kopia.control import ControlClient
from backend.kopia.errors import (
    AccessDenied,
    DeadlineExceeded,
    KopiaError,
    NotFound,
    ServerUnavailable,
    StreamBroken,
)
from backend.kopia.session import KopiaSession
from backend.kopia.sync import user_manifest
from backend.kopia.users import PBKDF2, make_hash
from tests.kopia.pods import ADMIN, ADMIN_PASSWORD, CONTROL_PASSWORD, Pod, Server, pod_on, running
from tests.servers.ports import free_ports
from tests.servers.seaweed import Seaweed
from tests.servers.tls import leaf_for

pytestmark = pytest.mark.servers
OWNER = "ns/one"


@pytest.fixture(scope="module")
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    home = tmp_path_factory.mktemp("session")
    made = pod_on(seaweed, kopia_binary, home / "pod", home.name)
    result = asyncio.run(made.ensure())
    assert result.ok, result
    return made


@pytest.fixture
def server(pod: Pod) -> Iterator[Server]:
    with running(pod) as started:
        yield started


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[KopiaSession]:
    async with await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD) as session:
        yield session


@pytest.fixture
async def control(server: Server) -> AsyncIterator[ControlClient]:
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as client:
        yield client


async def put_users(session: KopiaSession, names: dict[str, str], *, version: int = 1) -> None:
    hashes = {name: make_hash(password, version=version) for name, password in names.items()}
    before = [entry.id for name in names for entry in await session.find_manifests({"type": "user", "username": name})]
    await session.put_manifests(user_manifest(name, made, OWNER) for name, made in hashes.items())
    await session.delete_manifests(before)
    await session.flush()


async def test_a_user_put_here_backs_up_with_the_stock_client(
    server: Server, admin: KopiaSession, control: ControlClient, tmp_path: Path
) -> None:
    await put_users(admin, {"alice@vm-1": "alice-pw"})
    await control.refresh()
    source = tmp_path / "files"
    source.mkdir()
    (source / "a.txt").write_text("hello")
    home = tmp_path / "alice"
    refused = server.client(home, "alice@vm-1", "wrong", *server.connect_arguments())
    assert refused.returncode == 1
    connected = server.client(home, "alice@vm-1", "alice-pw", *server.connect_arguments())
    assert connected.returncode == 0, connected.stderr
    snapshot = server.client(home, "alice@vm-1", "alice-pw", "snapshot", "create", str(source), "--json")
    assert snapshot.returncode == 0, snapshot.stderr
    found = await admin.find_manifests({"type": "snapshot", "username": "alice", "hostname": "vm-1"})
    assert [entry.labels["path"] for entry in found] == [str(source)]
    body = (await admin.get_manifest(found[0].id)).body
    assert body["stats"]["fileCount"] == 1
    assert json.loads(snapshot.stdout)["id"] == found[0].id


async def test_both_hash_versions_log_in(server: Server, admin: KopiaSession, control: ControlClient) -> None:
    await put_users(admin, {"carol@vm-3": "carol-pw"}, version=PBKDF2)
    await control.refresh()
    async with await KopiaSession.connect(server.target, server.certificate, "carol@vm-3", "carol-pw") as session:
        assert len(await session.find_manifests({"type": "user"})) == 1


async def test_many_manifests_at_once(admin: KopiaSession) -> None:
    shared = make_hash("pw")
    names = [f"user-{number}@vm" for number in range(1200)]
    ids = await admin.put_manifests(user_manifest(name, shared, OWNER) for name in names)
    found = await admin.get_manifests([*ids, "0" * 32])
    assert [manifest.entry.labels["username"] for manifest in found if manifest] == names
    assert found[-1] is None
    await admin.delete_manifests([*ids, ids[0]])
    assert await admin.get_manifests(ids[:3]) == [None] * 3


async def test_our_labels_do_no_harm_to_the_stock_command_line(
    pod: Pod, admin: KopiaSession, control: ControlClient
) -> None:
    await put_users(admin, {"dora@vm-4": "one"})
    assert "dora@vm-4" in pod.kopia("server", "user", "list")
    assert "already exists" in pod.kopia("server", "user", "add", "dora@vm-4", "--user-password=x", check=False)
    pod.kopia("server", "user", "set", "dora@vm-4", "--user-password=changed")
    await control.refresh()
    [manifest] = await admin.find_manifests({"type": "user", "username": "dora@vm-4"})
    assert "bsls-owner" not in manifest.labels


async def test_a_tenant_is_refused_what_is_not_theirs(
    server: Server, admin: KopiaSession, control: ControlClient
) -> None:
    await put_users(admin, {"alice@vm-1": "alice-pw"})
    await control.refresh()
    acls = await admin.find_manifests({"type": "acl"})
    async with await KopiaSession.connect(server.target, server.certificate, "alice@vm-1", "alice-pw") as alice:
        assert await alice.find_manifests({"type": "acl"}) == []
        with pytest.raises(AccessDenied):
            await alice.get_manifest(acls[0].id)
        with pytest.raises(AccessDenied):
            await alice.put_manifest({"username": "bob@vm-2"}, {"type": "user", "username": "bob@vm-2"})
        assert len(await alice.find_manifests({"type": "user"})) == 1, "the session goes on after a refusal"


async def test_refused_logins(server: Server) -> None:
    for user, password in ((ADMIN, "wrong"), ("nobody@vm", ADMIN_PASSWORD)):
        with pytest.raises(AccessDenied):
            await KopiaSession.connect(server.target, server.certificate, user, password)
    async with ControlClient(server.target, server.certificate, "wrong") as stranger:
        with pytest.raises(AccessDenied):
            await stranger.status()


async def test_a_missing_manifest(admin: KopiaSession) -> None:
    with pytest.raises(NotFound):
        await admin.get_manifest("0" * 32)
    with pytest.raises(NotFound):
        await admin.delete_manifest("0" * 32)


async def test_another_certificate_is_not_trusted(server: Server, seaweed: Seaweed) -> None:
    from datetime import UTC, datetime

    from backend.controller.certificates import mint_ca

    other = leaf_for(mint_ca("another", datetime.now(UTC)), ["one.ns.svc"]).certificate
    with pytest.raises(ServerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await KopiaSession.connect(server.target, other, ADMIN, ADMIN_PASSWORD)
    async with ControlClient(server.target, other, CONTROL_PASSWORD) as client:
        with pytest.raises(ServerUnavailable):
            await client.status()


async def test_nothing_listens(server: Server) -> None:
    target = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(ServerUnavailable):
        await KopiaSession.connect(target, server.certificate, ADMIN, ADMIN_PASSWORD)
    async with ControlClient(target, server.certificate, CONTROL_PASSWORD) as client:
        with pytest.raises(ServerUnavailable):
            await client.refresh()


async def test_a_hanging_server_ends_in_the_deadline_and_the_session_survives(
    server: Server, admin: KopiaSession, control: ControlClient
) -> None:
    server.freeze()
    try:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await admin.find_manifests({"type": "user"}, deadline=0.5)
        with pytest.raises(DeadlineExceeded):
            await control.status(deadline=0.5)
        with pytest.raises(DeadlineExceeded):
            await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD, deadline=0.5)
        assert time.monotonic() - started < 10
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert await admin.find_manifests({"type": "user"})


async def test_a_killed_server_breaks_every_request_in_flight(server: Server, admin: KopiaSession) -> None:
    server.freeze()
    waiting = [asyncio.create_task(admin.find_manifests({"type": "user"})) for _ in range(5)]
    await asyncio.sleep(0.1)
    server.kill()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StreamBroken}
    assert admin.broken
    with pytest.raises(StreamBroken):
        await admin.flush()


async def test_a_closed_session_says_so(server: Server) -> None:
    session = await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD)
    await session.close()
    await session.close()
    with pytest.raises(KopiaError, match="closed"):
        await session.flush()


async def test_control_sources_and_shutdown(server: Server, control: ControlClient) -> None:
    assert (await control.status())["connected"] is True
    await control.flush()
    assert isinstance(await control.sources(), list)
    await control.shutdown()
    assert await asyncio.to_thread(server.process.wait, 10) == 0


async def test_the_log_is_json_with_levels_on_stdout(pod: Pod) -> None:
    with running(pod) as server:
        async with await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD):
            pass
        server.process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.to_thread(server.process.communicate, timeout=10)
    assert server.process.returncode == 0
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"l", "t", "n", "m"} <= set(line) for line in lines)
    sessions = [line["m"] for line in lines if ADMIN in line["m"]]
    assert sessions[0].startswith(f'starting session for user "{ADMIN}" from 127.0.0.1:')
    assert sessions[1].startswith("session ended")
