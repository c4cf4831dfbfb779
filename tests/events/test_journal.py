"""From a log to the streams of a real Redis: once each, joined, the same again, whatever fails and whoever writes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.controller import log_follow, publisher
from backend.controller.log_events import A_MINUTE
from backend.controller.snapshot_journal import Holdings
from backend.controller.state_events import ServerView
from backend.events.connection import Client, connect
from backend.kopia.snapshots import Snapshot
from tests.events.controllers import KEY, KEYS, Controller, events, kind, kinds, running
from tests.events.helpers import Proxy, firehose_of, until
from tests.servers.redis import RedisServer
from tests.unit.controller.kubelet import Kubelet

pytestmark = pytest.mark.servers
ALICE, BOB = "alice@vm-1", "bob@vm-2"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (log_follow, publisher):
        monkeypatch.setattr(module, "RETRY_S", (0.01, 0.1))
    monkeypatch.setattr(log_follow, "GRACE_S", 0.2)


@pytest.fixture
async def kubelet() -> AsyncIterator[Kubelet]:
    async with Kubelet() as made:
        made.holds = True
        yield made


def said(message: str, level: str = "INFO", at: str = "2026-11-23T09:00:00Z", **more: str) -> bytes:
    fields = {"l": level, "t": at, "n": "kopia/server", "m": message} | more
    return json.dumps(fields, separators=(",", ":")).encode()


def started(user: str = ALICE, port: int = 1) -> bytes:
    return said(f'starting session for user "{user}" from 10.0.0.7:{port}')


def ended(user: str = ALICE, port: int = 1) -> bytes:
    return said(f'session ended for user "{user}" from 10.0.0.7:{port}')


async def wrote(kubelet: Kubelet, *lines: bytes) -> None:
    kubelet.write(*lines)
    await kubelet.tell()


async def until_told(client: Client, *wanted: str) -> None:
    async def there() -> bool:
        return await kinds(client) == list(wanted)

    await until(there, f"{wanted} in the stream")


async def until_many(client: Client, count: int, what: str = "") -> list[dict[str, Any]]:
    """The events whose kind begins so, when there are so many."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [event for event in await events(client) if kind(event).startswith(what)]
        return len(found) >= count

    await until(there, f"{count} events", 60)
    return found


async def test_a_session_is_joined_over_two_controllers(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    kubelet.write(started())
    async with running(redis_server.url, kubelet):
        await until_told(single, "session.started")
        assert len(await single.ask(KEYS.meta, [b"HKEYS", KEYS.sessions])) == 1
    kubelet.write(ended(), step=0)
    async with running(redis_server.url, kubelet):
        await until_told(single, "session.started", "session.ended")
    first, second = await events(single)
    assert second["data"]["session"] == first["data"]["session"] == first["id"]
    assert second["traceparent"] == first["traceparent"]
    assert await single.ask(KEYS.meta, [b"HKEYS", KEYS.sessions]) == [[]]


async def test_a_restart_ends_sessions(single: Client, redis_server: RedisServer, kubelet: Kubelet) -> None:
    kubelet.write(started(), started(BOB))
    async with running(redis_server.url, kubelet) as controller:
        await until_told(single, *["session.started"] * 2)
        kubelet.restart()
        kubelet.write(started())
        await kubelet.tell()
        controller.follower.aim(kubelet.status())
        await until_told(
            single, *["session.started"] * 2, *["session.ended"] * 2, "server.restarted", "session.started"
        )
    assert [event["data"].get("reason") for event in await events(single)][2:4] == ["server-ended"] * 2


async def test_a_lost_reply_or_request_doubles_and_loses_nothing(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    async with Proxy(redis_server.port) as proxy, running(proxy.url, kubelet):
        for number in range(10):
            await wrote(kubelet, started(port=number))
            await until_many(single, number + 1)
            proxy.lose_replies, proxy.lose_requests = number % 2, number % 3 // 2
        await wrote(kubelet, *(ended(port=number) for number in range(10)))
        await until_told(single, *["session.started"] * 10, *["session.ended"] * 10)
        assert proxy.lost


async def test_somebody_else_wrote(single: Client, redis_server: RedisServer, kubelet: Kubelet) -> None:
    """An old leader that does not know yet: two controllers at once, and every line once."""
    async with running(redis_server.url, kubelet), running(redis_server.url, kubelet):
        for number in range(30):
            await wrote(kubelet, started(port=number), ended(port=number))
            await until_many(single, 2 * number + 2)
    assert await kinds(single) == ["session.started", "session.ended"] * 30


async def test_a_flushed_redis_gets_the_same_events_again(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    refused = said("failed login attempt by client 10.0.0.9:1 for user mallory", "WARN")
    kubelet.write(started(), refused, *[said("odd", "ERROR")] * 3, ended(), step=0)
    async with running(redis_server.url, kubelet):
        before = await until_many(single, 6)
        redis_server.flush()
        await wrote(kubelet, started(port=2))
        after = await until_many(single, 7)
    assert after[:6] == before
    assert kind(after[6]) == "session.started"


async def test_what_anybody_can_cause_is_limited_over_controllers(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    refused = said("failed login attempt by client 10.0.0.9:1 for user mallory", "WARN")
    for _ in range(3):
        kubelet.write(*[refused] * A_MINUTE, started())
        async with running(redis_server.url, kubelet):
            await until_many(single, A_MINUTE + 1)
    kubelet.write(refused.replace(b"T09:00:", b"T09:01:"))
    async with running(redis_server.url, kubelet):
        found = await until_many(single, A_MINUTE + 2)
    told = [event["data"]["suppressed"] for event in found if kind(event) == "login.refused"]
    assert told == [0] * A_MINUTE + [2 * A_MINUTE]


@pytest.mark.parametrize("seed", range(3))
async def test_controllers_that_are_killed_at_any_moment(
    seed: int, single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    """Under load, with answers cut and replies lost: every session is in both streams exactly once."""
    chance = random.Random(seed)
    number = 0
    async with Proxy(redis_server.port) as proxy:
        for _ in range(25):
            controller = Controller(proxy.url, kubelet)
            proxy.lose_replies = chance.choice((0, 0, 1))
            for _ in range(chance.randrange(12)):
                lines = [line(port=number + i) for i in range(chance.randrange(40)) for line in (started, ended)]
                number += len(lines) // 2
                await wrote(kubelet, *lines)
                await asyncio.sleep(chance.choice((0, 0, 0.001, 0.01)))
            if chance.random() < 0.2:  # kubelet keeps one run before the last
                proxy.lose_replies = 0
                await until_many(single, 2 * number, "session.")
                kubelet.restart()
                await wrote(kubelet, started(BOB, number), ended(BOB, number))
                number += 1
            await controller.kill()
        proxy.lose_replies = 0
        async with running(proxy.url, kubelet) as last:
            found = await until_many(single, 2 * number, "session.")
            await until_relayed(last.client, await events(single))
    assert [kind(event) for event in found] == ["session.started", "session.ended"] * number
    assert [event["data"]["address"] for event in found[::2]] == [f"10.0.0.7:{i}" for i in range(number)]
    assert "stream.gap" not in await kinds(single)


async def until_relayed(client: Client, wanted: list[dict[str, Any]]) -> None:
    names = [event["id"] for event in wanted]

    async def there() -> bool:
        return len(await firehose_of(client, KEYS)) >= len(names)

    await until(there, "everything in the stream of all servers")
    assert await firehose_of(client, KEYS) == names


# --- while Redis is away, full or read-only --------------------------------------------------------------------------


async def test_a_redis_that_was_away_gets_everything(kubelet: Kubelet, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(publisher, "PATIENCE_S", 0.0)
    persistent = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path))
    with RedisServer(*persistent) as server:
        client = connect(server.url)
        kubelet.write(started())
        async with running(server.url, kubelet) as controller:
            await until_many(client, 1)
            server.stop()
            await wrote(kubelet, *(said("odd", "ERROR") for _ in range(5)), ended())
            await until_problem(controller, "cannot be reached")
            server.start()
            await until_told(client, "session.started", *["log.reported"] * 5, "session.ended")
            await until_problem(controller, "")
        await client.close()


async def test_a_full_redis_gets_everything_when_it_has_space(kubelet: Kubelet, monkeypatch: Any) -> None:
    monkeypatch.setattr(publisher, "PATIENCE_S", 0.0)
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        client = connect(server.url)
        kubelet.write(started())
        async with running(server.url, kubelet) as controller:
            await until_many(client, 1)
            server.cli("CONFIG", "SET", "maxmemory", "1")
            await wrote(kubelet, ended())
            await until_problem(controller, "maxmemory")
            assert controller.path.problem.endswith("Nothing is lost while the nodes keep the logs.")
            server.cli("CONFIG", "SET", "maxmemory", "0")
            await until_told(client, "session.started", "session.ended")
            await until_problem(controller, "")
        await client.close()


async def test_a_snapshot_that_comes_and_goes_while_redis_is_full_is_told(kubelet: Kubelet, monkeypatch: Any) -> None:
    """Also after commits of it were tried in vain; and once only."""
    monkeypatch.setattr(publisher, "PATIENCE_S", 0.0)
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        client = connect(server.url)
        async with running(server.url, kubelet) as controller:
            seen = held("first")
            controller.journal.compare(seen, None)
            await until_told(client, "tenant.first-seen", "snapshot.created")
            server.cli("CONFIG", "SET", "maxmemory", "1")
            seen.groups[ALICE]["second"] = held("second").groups[ALICE]["second"]  # type: ignore[index]
            controller.journal.compare(seen, [ALICE])
            await until_problem(controller, "maxmemory")
            del seen.groups[ALICE]["second"]  # type: ignore[attr-defined]
            controller.journal.compare(seen, [ALICE])
            server.cli("CONFIG", "SET", "maxmemory", "0")
            wanted = ["tenant.first-seen", "snapshot.created", "snapshot.created", "snapshot.deleted"]
            await until_told(client, *wanted)
            controller.journal.compare(seen, None)
            seen.groups[ALICE]["third"] = held("third").groups[ALICE]["third"]  # type: ignore[index]
            controller.journal.compare(seen, [ALICE])
            await until_told(client, *wanted, "snapshot.created")
        await client.close()


async def until_problem(controller: Controller, text: str) -> None:
    async def there() -> bool:
        problem = controller.path.problem
        return text in problem if text else not problem

    await until(there, f"the problem {text!r}")


async def test_what_kubelet_no_longer_holds_is_a_gap(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    kubelet.write(started(), step=20 * 10**9)
    async with running(redis_server.url, kubelet):
        await until_many(single, 1)
    kubelet.write(ended(), started(BOB), step=20 * 10**9)
    kubelet.runs[0].lost = 2
    async with running(redis_server.url, kubelet):
        await until_told(single, "session.started", "stream.gap", "session.started")
    gap = (await events(single))[1]["data"]
    assert (gap["from"], gap["to"]) == ("2026-11-23T09:00:00.000000000Z", "2026-11-23T09:00:40.000000000Z")


# --- tenants and snapshots -------------------------------------------------------------------------------------------


def view(overdue: dict[str, float] | None) -> ServerView:
    meta = {"uid": "one", "name": KEY[1], "namespace": KEY[0], "creationTimestamp": "2026-11-23T09:00:00Z"}
    raw = {"metadata": meta, "spec": {"prefix": "vms"}, "status": {}}
    return ServerView(raw, datetime.now(UTC), overdue=overdue, max_snapshot_age="24h")


def held(*names: str) -> Holdings:
    """Complete snapshots of alice's."""
    made = {name: Snapshot(name, ALICE, "/home", 1.7e9, 1.7e9 + 3, 1000, 7, 2, 7, 0, 0, "", "", ()) for name in names}
    return Holdings({ALICE: made} if made else {}, lambda _user: {})


async def test_a_tenant_is_overdue_once_and_recovers(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    wanted = ["server.created"]
    for late, news in (({}, []), ({ALICE: 1.7e9}, ["tenant.overdue"]), ({ALICE: 1.7e9}, []), (None, []),
                       ({}, ["tenant.recovered"]), ({}, [])):  # fmt: skip
        wanted += news
        async with running(redis_server.url, kubelet) as controller:
            controller.path.observe(KEY, view(late))
            await wrote(kubelet, started(), ended())  # a commit that is made after the view was taken
            wanted += ["session.started", "session.ended"]
            await until_many(single, len(wanted))
    assert sorted(await kinds(single)) == sorted(wanted)


async def test_many_deletions_are_a_warning_once(single: Client, redis_server: RedisServer, kubelet: Kubelet) -> None:
    names = [f"s{number:02d}" for number in range(20)]
    async with running(redis_server.url, kubelet) as controller:
        seen = held(*names)
        controller.journal.compare(seen, None)
        await until_told(single, "tenant.first-seen", *["snapshot.created"] * 20)
        del seen.groups[ALICE][names[0]]  # type: ignore[attr-defined]
        controller.journal.compare(seen, [ALICE])
        await until_many(single, 22)
    for _ in range(2):
        async with running(redis_server.url, kubelet) as controller:
            controller.journal.compare(held(*names[15:]), None)
            await until_many(single, 37)
    found = await events(single)
    assert [kind(event) for event in found][21:] == ["snapshot.deleted"] * 15 + ["snapshots.mass-deleted"]
    assert found[-1]["data"] == {"user": ALICE, "deleted": 14, "left": 5}


async def test_a_failure_that_a_client_reports_is_told_when_nothing_disproves_it(
    single: Client, redis_server: RedisServer, kubelet: Kubelet
) -> None:
    body = "Path: /home\n\n  Status:      fatal\n  Error:       no\n"
    report = b"NOTIFICATION: " + json.dumps({"subject": "x", "severity": 20, "body": body}).encode()
    kubelet.write(started(), report, ended())
    async with running(redis_server.url, kubelet):
        await until_told(single, "session.started", "session.ended")
    async with running(redis_server.url, kubelet) as controller:
        controller.journal.compare(held("s1"), None)
        await until_many(single, 5)
        controller.journal.compare(held("s1"), None)
        await wrote(kubelet, started())
        await until_many(single, 6)
    assert await kinds(single) == [
        "session.started", "session.ended", "tenant.first-seen", "snapshot.created", "snapshot.failed",
        "session.started",
    ]  # fmt: skip
