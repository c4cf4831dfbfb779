"""What we rely on, the same with every Kopia version we support: one repository and one server for each."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.kopia.control import ControlClient, ThrottleLimits
from backend.kopia.errors import AccessDenied, DeadlineExceeded, KopiaError, NotFound, StreamBroken
from backend.kopia.log_lines import parse_line
from backend.kopia.log_records import SessionStarted
from backend.kopia.session import KopiaSession, Manifest
from backend.kopia.snapshots import SNAPSHOT_LABELS, parse_snapshot
from backend.kopia.users import PBKDF2, SCRYPT, make_hash
from backend.kopia.version import parse_version, require_supported
from backend.repository.bootstrap import missing_access
from backend.repository.result import Outcome
from tests.cluster.binaries import KOPIA_VERSION, OLDER_KOPIAS
from tests.kopia.pods import ADMIN, ADMIN_PASSWORD, CONTROL_PASSWORD, Pod, Server, pod_on, running
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers
VERSIONS = (*OLDER_KOPIAS, KOPIA_VERSION)
TENANT, PASSWORD, REQUESTS = "alice@vm-1", "alice-pw", 200
AS_NO_ROOT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")  # whom a file's mode stops


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pod(
    version: str, kopia_versions: dict[str, Path], seaweed: Seaweed, tmp_path_factory: pytest.TempPathFactory
) -> Pod:
    home = tmp_path_factory.mktemp("contract")
    made = pod_on(seaweed, kopia_versions[version], home / "pod", home.name)
    result = asyncio.run(made.ensure())
    assert result.result is Outcome.CREATED, result
    made.expected = result.unique_id
    return made


@pytest.fixture(scope="module")
def server(pod: Pod) -> Iterator[Server]:
    with running(pod) as started:
        asyncio.run(_let_in(started, TENANT, PASSWORD))
        yield started


@pytest.fixture
def own_server(pod: Pod) -> Iterator[Server]:
    """For tests that end it."""
    with running(pod) as started:
        yield started


@pytest.fixture
async def admin(server: Server) -> AsyncIterator[KopiaSession]:
    async with await _session(server) as session:
        yield session


async def _session(
    server: Server, user: str = ADMIN, password: str = ADMIN_PASSWORD, deadline: float = 15.0
) -> KopiaSession:
    return await KopiaSession.connect(server.target, server.certificate, user, password, deadline=deadline)


def _control(server: Server) -> ControlClient:
    return ControlClient(server.target, server.certificate, CONTROL_PASSWORD)


def _labels(user: str) -> dict[str, str]:
    return {"type": "user", "username": user}


async def _let_in(server: Server, user: str, password: str, kind: int = SCRYPT) -> None:
    """Write the user and let it take effect."""
    async with await _session(server) as session:
        await session.put_manifest(make_hash(password, version=kind).manifest_body(user), _labels(user))
        await session.flush()
    async with _control(server) as control:
        await control.refresh()


async def test_ensure_made_the_repository_and_connects_again(pod: Pod, version: str) -> None:
    again = await pod.other("again").ensure()
    assert (again.result, again.unique_id) == (Outcome.CONNECTED, pod.expected)
    assert (again.kopia_version, again.format_version) == (version, "3")
    assert missing_access(json.loads(pod.kopia("server", "acl", "list", "--json")), ADMIN) == frozenset()
    require_supported(pod.kopia("--version"))
    assert parse_version(pod.kopia("--version")) == parse_version(version)


async def test_logins(server: Server) -> None:
    await (await _session(server)).close()
    for user, password in ((ADMIN, "wrong"), (TENANT, ADMIN_PASSWORD), ("nobody@vm", ADMIN_PASSWORD)):
        with pytest.raises(AccessDenied):
            await _session(server, user, password)


@pytest.mark.parametrize("kind", [SCRYPT, PBKDF2])
async def test_a_user_put_here_logs_in_after_a_refresh(server: Server, kind: int) -> None:
    user = f"hashed-{kind}@vm"
    await _let_in(server, user, "pw", kind)
    async with await _session(server, user, "pw") as session:
        assert [entry.labels for entry in await session.find_manifests({"type": "user"})] == [_labels(user)]


async def test_a_manifest_is_put_found_got_and_deleted(admin: KopiaSession) -> None:
    labels, body = _labels("round@trip"), {"username": "round@trip", "more": {"nested": [1, "ü"]}}
    made = await admin.put_manifest(body, labels)
    await admin.flush()
    (entry,) = await admin.find_manifests(labels)
    assert (entry.id, entry.labels) == (made, labels)
    assert abs(entry.modified_ns / 1e9 - time.time()) < 60
    assert await admin.get_manifest(made) == Manifest(entry, body)
    await admin.delete_manifest(made)
    await admin.flush()
    assert await admin.find_manifests(labels) == []
    with pytest.raises(NotFound):
        await admin.get_manifest(made)
    with pytest.raises(NotFound):
        await admin.delete_manifest(made)


@pytest.mark.parametrize("client", VERSIONS)
async def test_a_stock_client_of_every_version_backs_up(
    server: Server, admin: KopiaSession, kopia_versions: dict[str, Path], client: str, tmp_path: Path
) -> None:
    source, home, restored = tmp_path / "files", tmp_path / "home", tmp_path / "restored"
    source.mkdir()
    (source / "a.txt").write_text("hello")
    seen_by = replace(server, pod=replace(server.pod, binary=kopia_versions[client]))
    for arguments in (
        server.connect_arguments(),
        ("snapshot", "create", str(source), "--json", "--description=of the contract"),
        ("snapshot", "restore", str(source), str(restored), "--snapshot-time=latest"),
    ):
        done = await asyncio.to_thread(seen_by.client, home, TENANT, PASSWORD, *arguments)
        assert done.returncode == 0, done.stderr
    assert (restored / "a.txt").read_text() == "hello"
    (entry,) = await admin.find_manifests({**SNAPSHOT_LABELS, "path": str(source)})
    snapshot = parse_snapshot(await admin.get_manifest(entry.id))
    assert (snapshot.tenant, snapshot.path, snapshot.description) == (TENANT, str(source), "of the contract")
    assert (snapshot.size, snapshot.files, snapshot.directories, snapshot.new_files) == (5, 1, 1, 1)
    assert (snapshot.complete, snapshot.errors, snapshot.ignored_errors, snapshot.pins) == (True, 0, 0, ())
    assert time.time() - 60 < snapshot.start <= snapshot.end < time.time() + 1


async def test_a_client_tells_what_it_could_not_read(server: Server, admin: KopiaSession, tmp_path: Path) -> None:
    source, home = tmp_path / "files", tmp_path / "home"
    (source / "deep").mkdir(parents=True)
    (source / "a.txt").write_text("hello")
    for name in ("key", *(f"deep/{number:02}" for number in range(12))):
        (source / name).touch(mode=0o000)
    for arguments, code in ((server.connect_arguments(), 0), (("snapshot", "create", str(source)), 1)):
        done = await asyncio.to_thread(server.client, home, TENANT, PASSWORD, *arguments, through=AS_NO_ROOT)
        assert done.returncode == code, done.stderr
    (entry,) = await admin.find_manifests({**SNAPSHOT_LABELS, "path": str(source)})
    snapshot = parse_snapshot(await admin.get_manifest(entry.id))
    assert (snapshot.complete, snapshot.errors, snapshot.ignored_errors) == (True, 13, 0)
    assert [one.path for one in snapshot.unread] == [f"deep/{number:02}" for number in range(10)]
    assert {one.error.rpartition(": ")[2] for one in snapshot.unread} == {"permission denied"}


async def test_a_tenant_is_refused_what_is_not_theirs(server: Server, admin: KopiaSession) -> None:
    acls = await admin.find_manifests({"type": "acl"})
    async with await _session(server, TENANT, PASSWORD) as alice:
        assert await alice.find_manifests({"type": "acl"}) == []
        with pytest.raises(AccessDenied):
            await alice.get_manifest(acls[0].id)
        with pytest.raises(AccessDenied):
            await alice.put_manifest({"username": "bob@vm-2"}, _labels("bob@vm-2"))
        with pytest.raises(AccessDenied):
            await alice.delete_manifest(acls[0].id)
        assert len(await alice.find_manifests({"type": "user"})) == 1, "the session goes on after a refusal"


async def test_answers_reach_the_request_they_belong_to(admin: KopiaSession) -> None:
    names = [f"many-{number}@vm" for number in range(REQUESTS)]
    ids = await admin.put_manifests([({"username": name}, _labels(name)) for name in names])
    try:
        assert len(set(ids)) == REQUESTS
        got = await asyncio.gather(*(admin.get_manifest(one) for one in ids))
        assert [manifest.body for manifest in got] == [{"username": name} for name in names]
        found = await asyncio.gather(*(admin.find_manifests(_labels(name)) for name in names))
        assert [[entry.id for entry in entries] for entries in found] == [[one] for one in ids]
    finally:
        await admin.delete_manifests(ids)


async def test_a_frozen_server_ends_in_the_deadline(server: Server, admin: KopiaSession) -> None:
    server.freeze()
    try:
        with pytest.raises(DeadlineExceeded):
            await admin.find_manifests({"type": "user"}, deadline=0.5)
        async with _control(server) as control:
            with pytest.raises(DeadlineExceeded):
                await control.status(deadline=0.5)
        with pytest.raises(DeadlineExceeded):
            await _session(server, deadline=0.5)
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert await admin.find_manifests({"type": "user"}), "the session survives"


async def test_a_killed_server_breaks_the_session_and_a_new_one_opens_after_the_restart(
    pod: Pod, own_server: Server
) -> None:
    async with await _session(own_server) as session:
        before = await session.find_manifests({"type": "user"})
        own_server.freeze()
        waiting = [asyncio.create_task(session.find_manifests({"type": "user"})) for _ in range(5)]
        await asyncio.sleep(0)  # each has asked
        own_server.kill()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StreamBroken}
        with pytest.raises(StreamBroken):
            await session.flush()
    with running(pod) as restarted:
        async with await _session(restarted) as session:
            assert await session.find_manifests({"type": "user"}) == before


async def test_control(server: Server) -> None:
    async with _control(server) as control:
        status = await control.status()
        assert status["connected"] is True
        assert (status["username"], status["hostname"], status["storage"]) == ("bsls", "one.ns", "s3")
        await control.refresh()
        await control.flush()
        assert isinstance(await control.sources(), list)
    async with ControlClient(server.target, server.certificate, "wrong") as stranger:
        with pytest.raises(AccessDenied):
            await stranger.status()


async def test_the_throttle(server: Server) -> None:
    limits = ThrottleLimits(100.0, 50.5, 10.0, 2.0**20, 3e6, 4, 5)
    async with _control(server) as control:
        await control.set_throttle(limits)
        assert await control.throttle() == limits
        with pytest.raises(KopiaError, match="ReadsPerSecond"):
            await control.set_throttle(replace(limits, reads_per_second=-1.0))
        assert await control.throttle() == limits
        await control.set_throttle(ThrottleLimits())
        assert await control.throttle() == ThrottleLimits()


async def test_a_shutdown_ends_open_sessions_and_the_log_tells_of_them(own_server: Server) -> None:
    async with await _session(own_server) as session, _control(own_server) as control:
        await control.shutdown()
        output, _ = await asyncio.to_thread(own_server.process.communicate, timeout=30)
        assert own_server.process.returncode == 0
        with pytest.raises(StreamBroken):
            await session.find_manifests({"type": "user"})
    records = [parse_line(line.encode()) for line in output.splitlines()]
    assert next(one.user for one in records if isinstance(one, SessionStarted)) == ADMIN
