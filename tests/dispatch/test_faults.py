"""Kills, freezes, an absent or full Redis, a second dispatcher: every event at least once, in its server's order."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.dispatch import delivery
from backend.events.connection import Client, connect
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.push.letters import GAP, DeadLetters
from backend.events.trim import trim
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Delivery, Receiver
from tests.dispatch.running import NAME, bsls, dispatching, process, settings_of, settled, status, subscription, write
from tests.events.helpers import until
from tests.servers.ports import free_ports
from tests.servers.redis import RedisSentinels, RedisServer

pytestmark = pytest.mark.servers
SERVERS = [ServerKeys("backup", f"s{i}") for i in range(6)]
LEASE = "2s"
ROUNDS = 6


@pytest.fixture
def url(redis_server: RedisServer, single: Client) -> str:
    return redis_server.url


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that keeps its data over a kill."""
    options = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(tmp_path))
    with RedisServer(*options) as server:
        yield server


@pytest.fixture
async def lasting_client(lasting: RedisServer) -> AsyncIterator[Client]:
    made = connect(lasting.url)
    yield made
    await made.close()


async def took(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.ids()) >= count

    await until(enough, f"{count} events", timeout=60)


def in_order(receiver: Receiver, wanted: dict[ServerKeys, list[str]]) -> None:
    for keys, names in wanted.items():
        assert receiver.ids(keys) == names


def short_lease(config: Path) -> Path:
    config.write_text(config.read_text() + f"lease: {LEASE}\n")
    return config


async def test_killed_again_and_again(single: Client, url: str, tmp_path: Path) -> None:
    draw = random.Random(5)
    flaky = random.Random(6)
    log = tmp_path / "log"

    def answer(_one: Delivery) -> int:
        return 503 if flaky.random() < 0.1 else 200

    async with Receiver(answer) as receiver:
        retry = {"firstWait": "1s", "longestWait": "1s"}
        config = short_lease(write(tmp_path / "config.yaml", subscription(receiver.url, retry=retry, maxInFlight=3)))
        feeds = [Feed(single, keys) for keys in SERVERS]
        wanted: dict[ServerKeys, list[str]] = {keys: [] for keys in SERVERS}
        killed = 0
        for _round in range(ROUNDS):
            with process(config, url, free_ports(1)[0], log) as child:
                for feed in feeds:
                    for _ in range(3):
                        wanted[feed.keys] += await feed.more(draw.randrange(1, 6))
                already = len(receiver.taken)
                after = draw.randrange(1, 25)

                async def enough(count: int = already + after) -> bool:
                    return len(receiver.taken) >= count

                await until(enough, "some deliveries", timeout=30)
                child.send_signal(signal.SIGKILL)
                killed += 1
        with process(config, url, free_ports(1)[0], log):
            await took(receiver, sum(map(len, wanted.values())))
            found = await settled(url)
        in_order(receiver, wanted)
        assert killed == ROUNDS
        assert found.dead_letters == found.lost == 0
        twice = len(receiver.taken) - sum(map(len, wanted.values()))
        print(f"{sum(map(len, wanted.values()))} events, {killed} kills, {twice} delivered twice")
        assert twice <= ROUNDS * 20  # what was under way, and what was not written yet
        assert "Traceback" not in log.read_text()


async def test_a_frozen_one_is_replaced_and_does_no_harm_when_it_wakes(
    single: Client, url: str, tmp_path: Path
) -> None:
    async with Receiver() as receiver:
        config = short_lease(write(tmp_path / "config.yaml", subscription(receiver.url)))
        feeds = [Feed(single, keys) for keys in SERVERS]
        wanted: dict[ServerKeys, list[str]] = {keys: [] for keys in SERVERS}
        with ExitStack() as stack:
            log = tmp_path / "log"
            first = stack.enter_context(process(config, url, free_ports(1)[0], log))
            for feed in feeds:
                wanted[feed.keys] += await feed.more(20)
            await took(receiver, 30)
            first.send_signal(signal.SIGSTOP)
            stack.enter_context(process(config, url, free_ports(1)[0], log))
            await took(receiver, 120)
            for feed in feeds:
                wanted[feed.keys] += await feed.more(20)
            first.send_signal(signal.SIGCONT)
            for feed in feeds:
                wanted[feed.keys] += await feed.more(20)
            await took(receiver, 360)
            await settled(url)

            async def told() -> bool:
                return "the lease was lost" in log.read_text()

            await until(told, "the first one noticing")
            assert first.poll() is None
        in_order(receiver, wanted)


async def test_a_terminated_one_finishes_what_is_under_way(single: Client, url: str, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        receiver.gate.clear()
        config = write(tmp_path / "config.yaml", subscription(receiver.url, maxInFlight=1))
        names = await Feed(single, SERVERS[0]).more(2)
        (port,) = free_ports(1)
        with process(config, url, port, tmp_path / "log") as child:
            await receiver.arrived.wait()
            child.terminate()
            receiver.gate.set()
            assert await asyncio.to_thread(child.wait, 30) == 0
        found = await status(url)
        assert (found.holder, found.delivered) == ("", len(receiver.taken))
        with process(config, url, port, tmp_path / "log"):
            await settled(url)
        assert [one.id for one in receiver.requests] == names


async def test_it_ends_though_redis_hangs(single: Client, redis_server: RedisServer, url: str, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        await Feed(single, SERVERS[0]).more(3)
        receiver.gate.clear()
        config = write(tmp_path / "config.yaml", subscription(receiver.url))
        with process(config, url, free_ports(1)[0], tmp_path / "log") as child:
            await receiver.arrived.wait()
            redis_server.freeze()
            try:
                receiver.gate.set()
                child.terminate()
                assert await asyncio.to_thread(child.wait, 60) == 0
            finally:
                redis_server.thaw()
        assert "Traceback" not in (tmp_path / "log").read_text()


async def test_redis_away_for_a_while(lasting: RedisServer, lasting_client: Client, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        feed = Feed(lasting_client, SERVERS[0])
        wanted = await feed.more(5)
        config = short_lease(write(tmp_path / "config.yaml", subscription(receiver.url)))
        log, (port,) = tmp_path / "log", free_ports(1)
        with process(config, lasting.url, port, log) as child:
            await took(receiver, 5)
            await settled(lasting.url)
            for _ in range(2):
                lasting.stop()

                before = log.read_text().count("the lease was lost")

                async def lost(before: int = before) -> bool:
                    return log.read_text().count("the lease was lost") > before

                await until(lost, "the loss of the lease")
                lasting.start()
                wanted += await feed.more(5)
                await took(receiver, len(wanted))
            assert child.poll() is None
        assert receiver.ids() == wanted
        assert "Traceback" not in log.read_text()


async def test_a_failover_to_the_replica() -> None:
    with RedisSentinels() as redis:
        client = connect(redis.url)

        async def writable() -> bool:
            try:
                await client.ask(FIREHOSE, [b"SET", b"probe", b"1"])
            except StoreError:
                return False
            return True

        async with Receiver() as receiver:
            feeds = [Feed(client, keys) for keys in SERVERS]
            wanted = {feed.keys: await feed.more(50) for feed in feeds}
            await client.ask(FIREHOSE, [b"WAIT", b"1", b"10000"], timeout_s=15)
            async with dispatching(settings_of(subscription(receiver.url)), redis.url):
                await took(receiver, 100)
                redis.primary.stop()
                await until(writable, "a new primary", timeout=60)
                for feed in feeds:
                    wanted[feed.keys] += await feed.more(50)
                await took(receiver, sum(map(len, wanted.values())))
                await settled(redis.url)
            in_order(receiver, wanted)
        await client.close()


async def test_a_frozen_redis_pauses_deliveries(single: Client, redis_server: RedisServer, url: str) -> None:
    """What cannot be written down as delivered is not delivered in numbers."""
    async with Receiver() as receiver:
        keys = SERVERS[0]
        names = await Feed(single, keys).more(400)
        frozen = False

        def answer(_one: Delivery) -> int:
            nonlocal frozen
            if len(receiver.requests) == 50 and not frozen:
                frozen = True
                redis_server.freeze()
            return 200

        receiver.answer = answer
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await took(receiver, 51)
            redis_server.thaw()
            await took(receiver, 400)
            await settled(url)
        assert receiver.ids() == names


async def test_a_full_redis_still_lets_us_settle(single: Client, redis_server: RedisServer, url: str) -> None:
    async with Receiver() as receiver:
        async with dispatching(settings_of(subscription(receiver.url)), url):
            feed = Feed(single, SERVERS[0])
            await feed.more(1)
            await took(receiver, 1)
            names = await feed.more(30)
            redis_server.cli("CONFIG", "SET", "maxmemory", "1")
            try:
                await took(receiver, 31)
                assert (await settled(url)).waiting == 0
            finally:
                redis_server.cli("CONFIG", "SET", "maxmemory", "0")
        assert receiver.ids() == ["s0-0", *names]


async def test_a_server_that_is_held_back_does_not_fill_the_memory(
    single: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MEMORY", 3000)
    broken = True
    a, b = SERVERS[:2]

    async with Receiver(lambda one: 500 if broken and one.server.endswith("s0") else 200) as receiver:
        feeds = [Feed(single, a), Feed(single, b)]
        wanted: dict[ServerKeys, list[str]] = {a: [], b: []}
        async with dispatching(settings_of(subscription(receiver.url)), url):
            for _ in range(30):
                for feed in feeds:
                    wanted[feed.keys] += await feed.more(4)
            await took(receiver, 120)
            assert receiver.ids(a) == []
            broken = False
            await took(receiver, 240)
            await settled(url)
        in_order(receiver, wanted)


async def test_what_was_trimmed_before_delivery_is_told(
    single: Client, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unread while nobody delivered, and read but dropped from memory: both are dead letters and counted."""
    monkeypatch.setattr(delivery, "MEMORY", 2000)
    async with Receiver() as receiver:
        a, b = Feed(single, SERVERS[0]), Feed(single, SERVERS[1])
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await a.more(1)
            await took(receiver, 1)
            await settled(url)
        for _ in range(40):
            await a.more(1)
        await trim(single, FIREHOSE, keep=10, hard_limit=20)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await took(receiver, 21)
            assert (await settled(url)).lost == 20
            assert receiver.ids() == ["s0-0", *(f"s0-{i}" for i in range(21, 41))]
            receiver.answer = lambda _one: 500
            for _ in range(20):
                await b.more(2)

            async def held() -> bool:
                found = await status(url)
                return bool(found.held) and found.waiting == 20

            await until(held, "the failure")
            await trim(single, FIREHOSE, keep=1, hard_limit=1)
            receiver.answer = lambda _one: 200
            found = await settled(url)
        kept = [int(name.removeprefix("s1-")) for name in receiver.ids(SERVERS[1])]
        assert kept == sorted(kept)
        assert {38, 39} <= set(kept)
        assert found.lost == 20 + 20 - len(kept) // 2
        letters = await DeadLetters(single, NAME).page()
        assert {one.kind for one in letters} == {GAP}
        assert sum(one.count for one in letters) == found.lost
        listed = await asyncio.to_thread(bsls, "dead-letters", "list", NAME, url=url)
        assert "gap: 20 batches, the stream reached its limit before these were read" in listed.stdout


async def test_the_probes(single: Client, url: str, tmp_path: Path) -> None:
    import aiohttp

    async with Receiver() as receiver, aiohttp.ClientSession() as session:
        config = write(tmp_path / "config.yaml", subscription(receiver.url))
        for redis, wanted in ((url, 200), ("redis://127.0.0.1:9/0", 503)):
            (port,) = free_ports(1)
            with process(config, redis, port, tmp_path / "log"):

                async def answers(path: str, port: int = port) -> tuple[int, str]:
                    try:
                        async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                            return answer.status, await answer.text()
                    except aiohttp.ClientError:
                        return 0, ""

                async def as_wanted(port: int = port, wanted: int = wanted) -> bool:
                    told = (await answers("/readyz", port))[0] == wanted
                    return told and (wanted == 200 or "cannot be reached" in (await answers("/readyz", port))[1])

                await until(as_wanted, f"{wanted}")
                assert (await answers("/livez", port))[0] == 200


def test_bad_settings_end_it_at_once(tmp_path: Path) -> None:
    config = write(tmp_path / "config.yaml", subscription("https://siem.example.com:443/x"), targets=[])
    done = bsls("dispatcher", "--config", str(config), url="redis://127.0.0.1:9/0")
    assert done.returncode == 2
    assert "no target permits https://siem.example.com, the sink of siem: add it to targets" in done.stderr
    assert os.linesep not in done.stderr.strip()
