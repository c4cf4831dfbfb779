"""One pass over users and entries on a real server, with the stock client as tenant and as administrator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.kopia.account import set_password
from backend.kopia.acl import parse_acl_list
from backend.kopia.errors import AccessDenied, DeadlineExceeded
from backend.kopia.session import KopiaSession
from backend.kopia.sync import UserRules, user_manifest
from backend.kopia.takeover import Endpoint, How, refresh
from backend.kopia.tenancy import Asked, SyncReport, Tenancy
from backend.kopia.users import PBKDF2, PasswordHash, make_hash
from tests.kopia.pods import ADMIN, ADMIN_PASSWORD, CONTROL_PASSWORD, Pod, Server, pod_on, running
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers
OWNER, PROBE = "ns/one", "bsls-probe@one.ns"
PASSWORDS = {"alice@vm-1": "alice-pw", "bob@vm-2": "bob-pw"}


@pytest.fixture(scope="module")
def listed() -> dict[str, PasswordHash]:
    return {name: make_hash(password) for name, password in PASSWORDS.items()}


@pytest.fixture
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path: Path) -> Pod:
    made = pod_on(seaweed, kopia_binary, tmp_path / "pod", tmp_path.name)
    result = asyncio.run(made.ensure())
    assert result.ok, result
    assert result.maintenance_owner == "bsls@one.ns"
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
async def tenancy() -> AsyncIterator[Tenancy]:
    made = Tenancy(PROBE)
    yield made
    await made.close()


def endpoint(server: Server, *passwords: str) -> Endpoint:
    return Endpoint(server.target, server.certificate, passwords or (CONTROL_PASSWORD,))


def asked(users: dict[str, PasswordHash] | None, acl: bytes = b"", **rules: Any) -> Asked:
    return Asked(users=users, rules=UserRules(OWNER, **rules), acl=parse_acl_list(acl))


async def logs_in(server: Server, user: str, password: str) -> bool:
    try:
        session = await KopiaSession.connect(server.target, server.certificate, user, password)
    except AccessDenied:
        return False
    await session.close()
    return True


def as_tenant(server: Server, home: Path, user: str, password: str, *arguments: str) -> str:
    """The stock client, connected before; its output."""
    if not (home / "client.config").exists():
        connected = server.client(home, user, password, *server.connect_arguments())
        assert connected.returncode == 0, connected.stderr
    done = server.client(home, user, password, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_users_come_change_and_go_and_each_pass_is_proven_by_a_login(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    first = await tenancy.sync(admin, endpoint(server), asked(listed))
    assert (first.live, first.written, first.users.applied, first.present) == (True, 4, 2, 2)  # and two safe entries
    assert await logs_in(server, "alice@vm-1", "alice-pw")
    again = await tenancy.sync(admin, endpoint(server), asked(listed, ours=first.users.ours))
    assert (again.live, again.written) == (True, 0)
    changed = {"alice@vm-1": make_hash("new-pw", version=PBKDF2)}
    second = await tenancy.sync(admin, endpoint(server), asked(changed, ours=again.users.ours))
    assert (second.live, second.written, second.users.removes) == (True, 1, ("bob@vm-2",))
    assert await logs_in(server, "alice@vm-1", "new-pw")
    assert not await logs_in(server, "alice@vm-1", "alice-pw")
    assert not await logs_in(server, "bob@vm-2", "bob-pw")


async def test_an_unchanged_manifest_is_fetched_once(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    await tenancy.sync(admin, endpoint(server), asked(listed))
    fetched = tenancy.users.fetched, tenancy.acls.fetched
    await tenancy.sync(admin, endpoint(server), asked(listed))
    assert (tenancy.users.fetched, tenancy.acls.fetched) == fetched
    another = Tenancy(PROBE)
    report = await another.sync(admin, endpoint(server), asked(listed))
    assert (report.written, another.users.fetched) == (0, 4)  # alice, bob, the administrator, the probe
    await another.close()


async def test_a_tenant_changes_their_own_password(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash], tmp_path: Path
) -> None:
    first = await tenancy.sync(admin, endpoint(server), asked(listed))
    change = ("server", "user", "set", "alice@vm-1", "--user-password=mine")
    as_tenant(server, tmp_path / "alice", "alice@vm-1", "alice-pw", *change)
    assert await tenancy.touched(admin, "alice@vm-1")
    assert not await tenancy.touched(admin, "bob@vm-2")
    reported = await tenancy.sync(admin, endpoint(server), asked(listed, ours=first.users.ours, repair=False))
    assert (reported.users.drifted, reported.written) == (("alice@vm-1",), 0)
    await refresh(endpoint(server))
    assert await logs_in(server, "alice@vm-1", "mine")
    repaired = await tenancy.sync(admin, endpoint(server), asked(listed, ours=reported.users.ours))
    assert (repaired.users.drifted, repaired.written, repaired.live) == (("alice@vm-1",), 1, True)
    assert await logs_in(server, "alice@vm-1", "alice-pw")
    assert not await logs_in(server, "alice@vm-1", "mine")


async def test_a_tenant_who_dropped_our_label_is_removed_after_a_restart_of_ours(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    ledger = (await tenancy.sync(admin, endpoint(server), asked(listed))).users.ours
    await set_password(admin, "alice@vm-1", "mine")
    restarted = Tenancy(PROBE)
    report = await restarted.sync(admin, endpoint(server), asked({}, ours=ledger))
    await restarted.close()
    assert report.users.removes == ("alice@vm-1", "bob@vm-2")
    assert not await logs_in(server, "alice@vm-1", "mine")


async def test_the_administrator_with_the_command_line(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash], tmp_path: Path
) -> None:
    """Flow 6.2: connect, add, list, change, delete, disconnect; nothing of theirs is destroyed, and we see it."""
    first = await tenancy.sync(admin, endpoint(server), asked(listed))
    home = tmp_path / "admin"

    def run(*arguments: str) -> str:
        return as_tenant(server, home, ADMIN, ADMIN_PASSWORD, "server", *arguments)

    run("user", "add", "carol@vm-3", "--user-password=carol-pw")
    run("acl", "add", "--user=carol@vm-3", "--target=type=snapshot", "--access=READ")
    assert {"alice@vm-1", "bob@vm-2", "carol@vm-3"} <= {line.strip() for line in run("user", "list").splitlines()}
    second = await tenancy.sync(admin, endpoint(server), asked(listed, ours=first.users.ours))
    assert (second.users.unmanaged, second.written, second.acl.empty) == (("carol@vm-3",), 0, True)
    run("user", "set", "carol@vm-3", "--user-password=other-pw")
    await tenancy.sync(admin, endpoint(server), asked({}, ours=second.users.ours))
    await refresh(endpoint(server))
    assert await logs_in(server, "carol@vm-3", "other-pw")
    taken = {**listed, "carol@vm-3": make_hash("listed-pw")}
    third = await tenancy.sync(admin, endpoint(server), asked(taken))
    assert third.users.conflicts == (("carol@vm-3", ""),)
    run("user", "delete", "carol@vm-3")
    fourth = await tenancy.sync(admin, endpoint(server), asked(taken, ours=third.users.ours))
    assert (fourth.users.conflicts, fourth.users.applied) == ((), 3)
    run("user", "delete", "bob@vm-2")
    fifth = await tenancy.sync(admin, endpoint(server), asked(taken, ours=fourth.users.ours))
    assert fifth.users.drifted == ("bob@vm-2",)
    assert await logs_in(server, "bob@vm-2", "bob-pw")
    assert "carol@vm-3" in run("acl", "list"), "the administrator's entry stays"


async def test_two_servers_of_one_repository_do_not_fight(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    other = Tenancy("bsls-probe@two.ns")

    async def sync_other(users: dict[str, PasswordHash], ours: dict[str, str]) -> SyncReport:
        return await other.sync(admin, endpoint(server), Asked(users=users, rules=UserRules("ns/two", ours)))

    mine = await tenancy.sync(admin, endpoint(server), asked(listed, b"ops@admin type=snapshot READ"))
    theirs = await sync_other(listed, {})
    assert (theirs.written, theirs.users.applied, theirs.users.unmanaged) == (0, 2, ())
    mine = await tenancy.sync(
        admin, endpoint(server), asked(listed, b"ops@admin type=snapshot READ", ours=mine.users.ours)
    )
    assert mine.written == 0
    theirs = await sync_other({"dora@vm-4": make_hash("dora-pw")}, dict(theirs.users.ours))
    assert (theirs.written, theirs.users.removes) == (1, ())
    mine = await tenancy.sync(
        admin, endpoint(server), asked(listed, b"ops@admin type=snapshot READ", ours=mine.users.ours)
    )
    assert (mine.written, mine.users.unmanaged) == (0, ("dora@vm-4",))
    assert all([await logs_in(server, "dora@vm-4", "dora-pw"), await logs_in(server, "alice@vm-1", "alice-pw")])
    await other.close()


async def test_two_processes_on_one_repository_come_to_rest(
    pod: Pod, server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    """Each sees the other's writes late; both list the same Secret, which then changes."""
    second = pod.other("second")
    assert (await second.ensure()).ok
    changed = {**listed, "bob@vm-2": make_hash("new-pw")}
    with running(second) as beside:
        other = Tenancy("bsls-probe@two.ns")
        async with await KopiaSession.connect(beside.target, beside.certificate, ADMIN, ADMIN_PASSWORD) as session:
            ours: dict[str, Any] = {}
            theirs: dict[str, Any] = {}
            for users, rounds in ((listed, 3), (changed, 4)):
                for _ in range(rounds):
                    mine = await tenancy.sync(admin, endpoint(server), asked(users, ours=ours))
                    await refresh(endpoint(beside))
                    their = await other.sync(
                        session, endpoint(beside), Asked(users=users, rules=UserRules("ns/two", theirs))
                    )
                    await refresh(endpoint(server))
                    ours, theirs = dict(mine.users.ours), dict(their.users.ours)
                assert (mine.written, their.written, mine.users.applied, their.users.applied) == (0, 0, 2, 2)
                assert not mine.users.conflicts + their.users.conflicts
            assert await logs_in(server, "bob@vm-2", "new-pw")
            assert await logs_in(beside, "bob@vm-2", "new-pw")
        await other.close()


async def test_access_control_entries_take_effect_and_leave_again(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("of alice")
    await tenancy.sync(admin, endpoint(server), asked(listed))
    as_tenant(server, tmp_path / "alice", "alice@vm-1", "alice-pw", "snapshot", "create", str(data))

    async def visible_to_bob() -> int:
        async with await KopiaSession.connect(server.target, server.certificate, "bob@vm-2", "bob-pw") as bob:
            return len(await bob.find_manifests({"type": "snapshot"}))

    assert await visible_to_bob() == 0
    entry = b"bob@vm-2 type=snapshot,username=alice,hostname=vm-1 READ"
    given = await tenancy.sync(admin, endpoint(server), asked(listed, entry))
    assert (given.live, len(given.acl.puts)) == (True, 1)
    assert await visible_to_bob() == 1
    taken = await tenancy.sync(admin, endpoint(server), asked(listed, b"# no entries"))
    assert (taken.live, len(taken.acl.delete_ids)) == (True, 1)
    assert await visible_to_bob() == 0


async def test_a_tenant_cannot_make_a_policy_for_everybody(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash], tmp_path: Path
) -> None:
    """Kopia's default entries let them: a global policy with their own name as further labels. Ours do not."""
    forged = {"type": "policy", "policyType": "global", "username": "alice", "hostname": "vm-1"}
    await admin.put_manifests([user_manifest("alice@vm-1", listed["alice@vm-1"], OWNER)])
    await admin.flush()
    await refresh(endpoint(server))
    async with await KopiaSession.connect(server.target, server.certificate, "alice@vm-1", "alice-pw") as alice:
        await alice.put_manifest({"files": {"ignore": ["*"]}}, forged)
        await alice.flush()
    report = await tenancy.sync(admin, endpoint(server), asked(listed))
    assert (report.forged_policies, report.live) == (1, True)
    assert all("username" not in one.labels for one in await admin.find_manifests({"policyType": "global"}))
    async with await KopiaSession.connect(server.target, server.certificate, "alice@vm-1", "alice-pw") as alice:
        for kind in ("global", "host"):
            with pytest.raises(AccessDenied):
                await alice.put_manifest({"files": {"ignore": ["*"]}}, {**forged, "policyType": kind})
    as_tenant(server, tmp_path / "alice", "alice@vm-1", "alice-pw", "policy", "set", "/data", "--keep-latest=3")
    as_tenant(server, tmp_path / "alice", "alice@vm-1", "alice-pw", "policy", "set", "alice@vm-1", "--keep-latest=4")
    again = await tenancy.sync(admin, endpoint(server), asked(listed, ours=report.users.ours))
    assert (again.written, again.acl.empty, again.forged_policies) == (0, True, 0)


async def test_an_append_only_tenant_among_others(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "file").write_text("precious")
    report = await tenancy.sync(admin, endpoint(server), asked(listed, b"alice@vm-1 append-only"))
    assert report.live
    for user, password, deleted in (("alice@vm-1", "alice-pw", False), ("bob@vm-2", "bob-pw", True)):
        home = tmp_path / user
        as_tenant(server, home, user, password, "snapshot", "create", str(data))
        name, _, host = user.partition("@")
        labels = {"type": "snapshot", "username": name, "hostname": host}
        [made] = await admin.find_manifests(labels)
        gone = server.client(home, user, password, "snapshot", "delete", made.id, "--delete")
        assert (gone.returncode == 0) is deleted, gone.stderr
        assert len(await admin.find_manifests(labels)) == (0 if deleted else 1)
    back = await tenancy.sync(admin, endpoint(server), asked(listed, b"# no entries"))
    assert len(back.acl.plain_puts) == 3
    [left] = await admin.find_manifests({"type": "snapshot"})
    as_tenant(server, tmp_path / "alice@vm-1", "alice@vm-1", "alice-pw", "snapshot", "delete", left.id, "--delete")


async def test_while_the_storage_is_bad_the_server_is_not_told(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    waiting = await tenancy.sync(admin, endpoint(server), asked(listed), how=How.NOT_NOW)
    assert not waiting.live
    assert "storage" in waiting.live_error
    done = await tenancy.sync(admin, endpoint(server), asked(listed))
    assert (done.live, done.written) == (True, 0)


async def test_where_a_refresh_costs_too_much_the_servers_cache_is_waited_for(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    """Nobody is let in or kept out by the old state for more than the 10 s that the server caches its users."""
    assert not await logs_in(server, "nobody@vm", "fills the cache")
    report = await tenancy.sync(admin, endpoint(server), asked(listed), how=How.CACHE)
    assert not report.live
    assert "within 10 seconds" in report.live_error
    for _ in range(40):
        report = await tenancy.sync(admin, endpoint(server), asked(listed, ours=report.users.ours), how=How.CACHE)
        assert report.written == 0, "the probe's password is not changed while it is waited for"
        if report.live:
            break
        await asyncio.sleep(0.3)
    assert report.live
    assert await logs_in(server, "alice@vm-1", "alice-pw")


async def test_a_control_password_from_before_a_rotation_will_do(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    assert (await tenancy.sync(admin, endpoint(server, "due", CONTROL_PASSWORD), asked(listed))).live
    tenancy.doubt()
    wrong = await tenancy.sync(admin, endpoint(server, "due"), asked(listed))
    assert not wrong.live
    assert "control user" in wrong.live_error


async def test_a_list_that_says_nothing_changes_nobody(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    await tenancy.sync(admin, endpoint(server), asked(listed))
    report = await tenancy.sync(admin, endpoint(server), asked(None))
    assert (report.written, report.users.removes, report.present) == (0, (), 2)
    assert await logs_in(server, "alice@vm-1", "alice-pw")


async def test_a_server_that_hangs_is_an_error_and_the_pass_is_made_up_for(
    server: Server, admin: KopiaSession, tenancy: Tenancy, listed: dict[str, PasswordHash]
) -> None:
    import signal

    server.freeze()
    hanging = asyncio.create_task(tenancy.users.refresh(admin, deadline=0.3))
    with pytest.raises(DeadlineExceeded):
        await hanging
    server.process.send_signal(signal.SIGCONT)
    done = await tenancy.sync(admin, endpoint(server), replace(asked(listed)))
    assert (done.live, done.users.applied) == (True, 2)
