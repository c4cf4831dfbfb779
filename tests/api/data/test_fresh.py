"""What the API holds is what the controller told, on every kind of Redis, whatever happens to Redis."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from backend.api.data.errors import DataUnavailable
from backend.api.data.fresh import Fresh
from backend.api.data.projections import Projections
from backend.controller.event_path import EventPath
from backend.events.connection import Client, connect
from backend.events.keys import FIREHOSE, ServerKeys
from tests.api.data.helpers import KEY, NEW_YEAR, controller, fresh, holdings, snapshot, spawning, view
from tests.events.helpers import until
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer

pytestmark = pytest.mark.servers
OTHER = ("backup", "other")


async def ids(data: Fresh, key: tuple[str, str] = KEY) -> set[str]:
    return set((await data.get(key)).snapshots.all.items)


async def until_ids(data: Fresh, wanted: set[str], key: tuple[str, str] = KEY) -> Projections:
    async def there() -> bool:
        try:
            return await ids(data, key) == wanted
        except DataUnavailable:
            return False

    await until(there, f"{wanted} in memory", timeout=40)
    return await data.get(key)


def rows(held: Projections) -> dict[str, dict[str, Any]]:
    held.tenants.refresh()
    return {user: json.loads(one.body) for user, one in held.tenants.rows.items.items()}


async def test_an_event_changes_what_is_held(client: Client) -> None:
    async with controller(client) as path, fresh(client) as data:
        assert await ids(data) == set()
        path.observe(KEY, view())
        path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b", "bob@vm-2", incomplete="canceled")]), None)
        held = await until_ids(data, {"a", "b"})
        assert json.loads(held.snapshots.all.items["b"].body)["cause"] == "canceled"
        assert data.loads == 1
        path.journal(KEY).compare(holdings([snapshot("a"), snapshot("c", at=60, size=7)]), None)
        held = await until_ids(data, {"a", "c"})
        assert data.loads == 1

        async def seen() -> bool:
            return "alice@vm-1" in rows(held)

        await until(seen, "the tenant's row")
        alice = rows(held)["alice@vm-1"]
        assert alice["snapshots"] == {"total": 2, "incomplete": 0, "lastTime": "2026-01-01T00:01:02.000000Z"}
        assert alice["sessions"] == 0
        assert not alice["overdue"]
        assert alice["firstSeenTime"] == "2026-01-01T00:00:02.000000Z"
        assert rows(held)["bob@vm-2"]["snapshots"] == {"total": 0, "incomplete": 0}


async def test_an_overdue_tenant_is_told_with_the_time(client: Client) -> None:
    async with controller(client) as path, fresh(client) as data:
        await data.get(KEY)
        path.journal(KEY).compare(holdings([snapshot("a")]), None)
        held = await until_ids(data, {"a"})
        held.tenants.objective("26h")
        path.observe(KEY, view(overdue={"alice@vm-1": NEW_YEAR + 2, "dave@vm-4": NEW_YEAR}, age="26h"))

        async def late() -> bool:
            return {user for user, row in rows(held).items() if row["overdue"]} == {"alice@vm-1", "dave@vm-4"}

        await until(late, "two overdue tenants")
        assert rows(held)["alice@vm-1"]["overdueSince"] == "2026-01-02T02:00:02.000000Z"
        assert "overdueSince" not in rows(held)["dave@vm-4"]
        path.observe(KEY, view(overdue={}, age="26h"))

        async def none() -> bool:
            return not any(row["overdue"] for row in rows(held).values())

        await until(none, "nobody overdue")
        assert set(rows(held)) == {"alice@vm-1"}


async def test_a_deleted_server_is_empty(client: Client) -> None:
    async with controller(client) as path, fresh(client) as data:
        path.observe(KEY, view())
        path.journal(KEY).compare(holdings([snapshot("a")]), None)
        await until_ids(data, {"a"})
        path.delete(KEY)
        await until_ids(data, set())


@asynccontextmanager
async def warm(client: Client, keys: list[tuple[str, str]], **limits: int) -> AsyncIterator[Fresh]:
    async with spawning() as spawn:
        data = Fresh(client, **limits)
        spawn(data.run(), "fresh")
        spawn(data.warm(lambda: keys), "warm")
        yield data


async def test_servers_are_read_before_somebody_asks(client: Client) -> None:
    keys = [KEY]
    async with controller(client) as path, warm(client, keys) as data:
        path.journal(KEY).compare(holdings([snapshot("a")]), None)

        async def held(wanted: int = 1) -> bool:
            return len(data.held) == wanted and not data.warming

        await until(held, "one server")
        loads = data.loads
        assert await until_ids(data, {"a"})
        assert data.loads == loads
        keys.append(OTHER)
        await until(lambda: held(2), "the second")


async def test_not_more_is_read_ahead_than_half_of_what_fits(single: Client) -> None:
    keys = [("backup", f"vms-{number}") for number in range(6)]
    async with warm(single, keys, max_servers=6) as data:

        async def done() -> bool:
            return not data.warming

        await until(done, "the first pass")
        assert data.held == keys[:3]


async def test_after_a_loss_they_are_read_again(single: Client) -> None:
    async with controller(single) as path, warm(single, [KEY]) as data:
        path.journal(KEY).compare(holdings([snapshot("a")]), None)
        await until_ids(data, {"a"})
        loads = data.loads
        await single.ask(FIREHOSE, [b"DEL", FIREHOSE])

        async def again() -> bool:
            return data.loads > loads and data.held == [KEY]

        await until(again, "another load", timeout=40)


async def test_only_so_many_servers_are_held(single: Client) -> None:
    async with controller(single) as path, fresh(single, max_servers=3) as data:
        keys = [("backup", f"vms-{number}") for number in range(5)]
        for key in keys:
            path.journal(key).compare(holdings([snapshot(f"of {key[1]}")]), None)
        for key in keys:
            await until_ids(data, {f"of {key[1]}"}, key)
        assert data.held == keys[-3:]
        await data.get(keys[2])
        await data.get(keys[0])
        assert data.held == [keys[4], keys[2], keys[0]]


async def test_only_so_many_snapshots_are_held(single: Client) -> None:
    async with controller(single) as path, fresh(single, max_snapshots=10) as data:
        for key, many in ((KEY, 6), (OTHER, 7)):
            path.journal(key).compare(holdings([snapshot(f"{key[1]}-{n}", at=n) for n in range(many)]), None)
            await until_ids(data, {f"{key[1]}-{n}" for n in range(many)}, key)
        assert data.held == [OTHER]
        await until_ids(data, {f"vms-{n}" for n in range(6)})
        assert data.held == [KEY]


async def test_an_emptied_redis_is_noticed_and_told_anew(client: Client, any_redis: Any) -> None:
    async with fresh(client) as data:
        async with controller(client) as path:
            path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b")]), None)
            await until_ids(data, {"a", "b"})
        any_redis.flush()
        await until_ids(data, set())
        async with controller(client) as path:
            path.journal(KEY).compare(holdings([snapshot("b")]), None)
            await until_ids(data, {"b"})


async def test_a_trimmed_firehose_is_a_gap(single: Client) -> None:
    async with controller(single) as path, fresh(single) as data:
        path.journal(KEY).compare(holdings([snapshot("a")]), None)
        await until_ids(data, {"a"})
        loads = data.loads
        await single.ask(FIREHOSE, [b"XTRIM", FIREHOSE, b"MAXLEN", b"0"])
        path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b")]), None)
        await until_ids(data, {"a", "b"})
        assert data.loads > loads


async def test_what_goes_without_an_event_is_noticed(client: Client) -> None:
    async with controller(client) as path, fresh(client) as data:
        path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b")]), None)
        await until_ids(data, {"a", "b"})
        snapshots = ServerKeys(*KEY).snapshots
        await client.ask(snapshots, [b"HDEL", snapshots, b"a"])
        path.observe(KEY, view(overdue={"alice@vm-1": 0.0}, age="26h"))
        await until_ids(data, {"b"})


async def test_while_redis_is_away_nothing_is_answered_and_then_all_is_well() -> None:
    with RedisServer() as server:
        client = connect(server.url, timeout_s=1)
        async with fresh(client) as data:
            async with controller(client) as path:
                path.journal(KEY).compare(holdings([snapshot("a")]), None)
                await until_ids(data, {"a"})
            server.stop()

            async def refused() -> bool:
                try:
                    await data.get(KEY)
                except DataUnavailable as error:
                    return int(error.headers["Retry-After"]) > 0 and str(server.port) in str(error)
                return False

            await until(refused, "a refusal")
            server.start()
            await until_ids(data, set())
            async with controller(client) as path:
                path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b")]), None)
                await until_ids(data, {"a", "b"})
        await client.close()


async def test_a_redis_that_was_never_there_is_told() -> None:
    client = connect("redis://127.0.0.1:1/0", timeout_s=1)
    async with fresh(client) as data:
        with pytest.raises(DataUnavailable, match="cannot be reached"):
            await data.get(KEY)
    await client.close()


@pytest.mark.parametrize("seed", range(3))
async def test_a_random_history_is_followed(client: Client, seed: int) -> None:
    """Servers are loaded while they change; at the end all that is held is what is in Redis."""
    chance = random.Random(seed)
    async with controller(client) as path, fresh(client, max_servers=2) as data:
        there: dict[tuple[str, str], dict[str, Any]] = {("backup", f"vms-{number}"): {} for number in range(3)}
        for step in range(60):
            key = chance.choice(list(there))
            for number in range(chance.randrange(1, 6)):
                name = f"{step}-{number}"
                there[key][name] = snapshot(name, chance.choice(("alice@vm-1", "bob@vm-2")), at=step)
            for name in chance.sample(list(there[key]), min(len(there[key]), chance.randrange(3))):
                del there[key][name]
            tell(path, key, there[key].values())
            await data.get(chance.choice(list(there)))
            await asyncio.sleep(chance.random() / 100)
        for key, wanted in there.items():
            held = await until_ids(data, set(wanted), key)
            assert {
                user: {name for name, one in wanted.items() if one.tenant == user} for user in held.snapshots.tenants
            } == {user: set(index.items) for user, index in held.snapshots.tenants.items()}


def tell(path: EventPath, key: tuple[str, str], there: Any) -> None:
    path.journal(key).compare(holdings(there), None)


async def test_a_failover_loses_nothing() -> None:
    with RedisSentinels() as servers:
        client, others = connect(servers.url, timeout_s=2), connect(servers.url, timeout_s=2)
        async with controller(others) as path, fresh(client) as data:
            path.journal(KEY).compare(holdings([snapshot("a")]), None)
            await until_ids(data, {"a"})
            old = servers.primary
            await asyncio.to_thread(old.stop)
            path.journal(KEY).compare(holdings([snapshot("a"), snapshot("b")]), None)
            await until_ids(data, {"a", "b"})
            assert servers.primary is not old
        await client.close()
        await others.close()


async def test_a_node_that_loses_its_data_is_noticed(redis_cluster: RedisCluster) -> None:
    """The firehose is on another node than the server, and goes on."""
    redis_cluster.flush()
    client = connect(redis_cluster.url)
    firehose = await client.address(FIREHOSE)
    number = 0
    while await client.address(ServerKeys("backup", f"vms-{number}").meta) == firehose:
        number += 1
    key = ("backup", f"vms-{number}")
    _, port = await client.address(ServerKeys(*key).meta)
    async with controller(client) as path, fresh(client) as data:
        path.journal(key).compare(holdings([snapshot("a"), snapshot("b")]), None)
        await until_ids(data, {"a", "b"}, key)
        next(node for node in redis_cluster.nodes if node.port == port).flush()
        path.journal(key).compare(holdings([snapshot("b")]), None)
        path.observe(key, view())
        await until_ids(data, {"b"}, key)
    await client.close()
