"""Delivery on real Redis to a real HTTP receiver, which the cloudevents SDK speaks for."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from backend.events.connection import Client
from backend.events.keys import ServerKeys
from backend.events.push.letters import DeadLetters
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Delivery, Receiver
from tests.dispatch.running import NAME, bsls, dispatching, settings_of, settled, status, subscription
from tests.events.conftest import AnyRedis
from tests.events.helpers import until
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
A, B = ServerKeys("backup", "a"), ServerKeys("backup", "b")


@pytest.fixture
def url(redis_server: RedisServer, single: Client) -> str:
    return redis_server.url


async def took(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.ids()) >= count

    await until(enough, f"{count} events", timeout=60)


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_both_modes_are_what_the_sdk_reads(client: Client, any_redis: AnyRedis, mode: str) -> None:
    async with Receiver() as receiver:
        feed = Feed(client, A)
        before = await feed.more(40)
        async with dispatching(settings_of(subscription(receiver.url, mode=mode)), any_redis.url):
            await took(receiver, 40)
            after = await feed.more(40)
            await took(receiver, 80)
        assert receiver.ids() == before + after
        assert len(receiver.requests) == 80
        assert not receiver.invalid
        first = receiver.requests[0]
        structured = first.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        assert structured is (mode == "structured")
        assert first.headers["traceparent"] == first.event.get_extension("traceparent")
        found = await settled(any_redis.url)
        assert (found.delivered, found.failures, found.dead_letters, found.holder) == (80, 0, 0, "")


async def test_filters_and_servers_choose(single: Client, url: str) -> None:
    wanted = {"sql": "type LIKE '%.snapshot.%' AND severity != 'error'"}
    async with Receiver() as receiver:
        for keys in (A, B):
            feed = Feed(single, keys)
            for kind in ("session.started", "snapshot.created", "snapshot.failed", "tls.rotated"):
                await feed.more(2, kind)
        async with dispatching(settings_of(subscription(receiver.url, filters=[wanted], servers=["*/a"])), url):
            await settled(url)
        assert receiver.ids() == ["a-2", "a-3"]
        assert {one.event.get_type().split(".")[-2] for one in receiver.requests} == {"created"}


async def test_a_failing_event_holds_back_its_server_only(single: Client, url: str) -> None:
    broken = True

    def answer(one: Delivery) -> int:
        return 500 if broken and one.id == "a-1" else 200

    async with Receiver(answer) as receiver:
        feeds = [Feed(single, A), Feed(single, B)]
        async with dispatching(settings_of(subscription(receiver.url)), url):
            for _ in range(10):
                for feed in feeds:
                    await feed.more(3)

            async def held() -> bool:
                found = (await status(url)).held
                return bool(found) and found[0].attempts >= 3

            await until(held, "some attempts")
            await took(receiver, 31)
            assert receiver.ids(A) == ["a-0"]
            assert receiver.ids(B) == [f"b-{i}" for i in range(30)]
            (found,) = (await status(url)).held
            assert (found.server, found.error) == ("backup/a", "the sink answered 500")
            broken = False
            await took(receiver, 60)
            assert receiver.ids(A) == [f"a-{i}" for i in range(30)]
            assert (await settled(url)).held == ()


async def test_attempts_end_in_a_dead_letter_that_can_be_redelivered(single: Client, url: str) -> None:
    broken = True

    def answer(one: Delivery) -> int:
        return 503 if broken and one.id == "a-1" else 200

    async with Receiver(answer) as receiver:
        await Feed(single, A).more(3)
        retry = {"attempts": 3}
        async with dispatching(settings_of(subscription(receiver.url, retry=retry)), url):
            await took(receiver, 2)
            assert (await settled(url)).dead_letters == 1
            assert receiver.ids() == ["a-0", "a-2"]
            assert [one.id for one in receiver.requests].count("a-1") == 3
            (letter,) = await DeadLetters(single, NAME).page()
            assert (letter.server, letter.attempts) == ("backup/a", 3)
            assert letter.reason == "given up after 3 attempts, then the sink answered 503"
            assert letter.first < letter.time
            assert json.loads(letter.event)["id"] == "a-1"
            broken = False
            done = await asyncio.to_thread(bsls, "dead-letters", "redeliver", NAME, letter.id, url=url)
            assert (done.returncode, done.stdout) == (0, "1 of 1 are handed to the dispatcher\n"), done.stderr
            await took(receiver, 3)
            found = await settled(url)
            assert (found.dead_letters, found.redelivering, found.delivered) == (0, 0, 3)


@pytest.mark.parametrize("status_code", [400, 401, 404, 415])
async def test_what_the_sink_will_never_take_is_a_dead_letter_at_once(
    single: Client, url: str, status_code: int
) -> None:
    async with Receiver(lambda one: status_code if one.id == "a-0" else 200) as receiver:
        await Feed(single, A).more(2)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await took(receiver, 1)
            await settled(url)
        assert [one.id for one in receiver.requests] == ["a-0", "a-1"]
        (letter,) = await DeadLetters(single, NAME).page()
        assert letter.reason == f"the sink answered {status_code}"


async def test_dead_letters_are_limited_and_the_dropped_counted(single: Client, url: str) -> None:
    async with Receiver(lambda _one: 400) as receiver:
        await Feed(single, A).more(10)
        async with dispatching(settings_of(subscription(receiver.url, deadLetters=4)), url):
            found = await settled(url)
        assert (found.dead_letters, found.dropped) == (4, 6)
        letters = await DeadLetters(single, NAME).page()
        assert [json.loads(one.event)["id"] for one in letters] == [f"a-{i}" for i in range(6, 10)]


async def test_retry_after_is_obeyed(single: Client, url: str) -> None:
    """429 speaks for all servers, 503 for this one."""
    times: dict[str, list[float]] = {}

    def answer(one: Delivery) -> int | tuple[int, dict[str, str]]:
        times.setdefault(one.id, []).append(time.monotonic())
        first = len(times[one.id]) == 1
        if one.id == "a-0" and first:
            return 503, {"Retry-After": "2"}
        if one.id == "b-0" and first:
            return 429, {"Retry-After": "2"}
        return 200

    async with Receiver(answer) as receiver, Receiver(answer) as other:
        await Feed(single, A).more(1)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await took(receiver, 1)
        assert times["a-0"][1] - times["a-0"][0] >= 1.9
        await Feed(single, B).more(1)
        both = settings_of(subscription(other.url, name="other", filters=[{"not": {"exact": {"id": "a-0"}}}]))
        async with dispatching(both, url):

            async def asked() -> bool:
                return "b-0" in times

            await until(asked, "the first request")
            await Feed(single, ServerKeys("backup", "c")).more(1)
            await took(other, 2)
        assert times["b-0"][1] - times["b-0"][0] >= 1.9
        assert times["c-0"][0] - times["b-0"][0] >= 1.9


async def test_a_sink_that_is_gone_ends_it_until_resumed(single: Client, url: str) -> None:
    gone = True
    async with Receiver(lambda _one: 410 if gone else 200) as receiver:
        feed = Feed(single, A)
        await feed.more(2)
        async with dispatching(settings_of(subscription(receiver.url)), url):

            async def ended() -> bool:
                return (await status(url)).phase == "gone"

            await until(ended, "the end")
            await feed.more(2)
            count = len(receiver.requests)
            gone = False
            found = await status(url)
            assert found.reason == "the sink answered 410: it is gone for good"
            assert (await asyncio.to_thread(bsls, "subscriptions", "resume", NAME, url=url)).returncode == 0
            await took(receiver, 4)
            assert len(receiver.requests) == count + 4
        again = await asyncio.to_thread(bsls, "subscriptions", "resume", NAME, url=url)
        assert (again.returncode, again.stderr) == (
            1, f"bsls: {NAME} is not in the phase gone: there is nothing to resume\n"
        )  # fmt: skip


async def test_what_is_no_event_is_a_dead_letter(single: Client, url: str) -> None:
    async with Receiver() as receiver:
        feed = Feed(single, A)
        await feed.write([b"[1]", b'{"specversion"'])
        await feed.more(1)
        async with dispatching(settings_of(subscription(receiver.url, filters=[{"prefix": {"id": "a"}}])), url):
            await took(receiver, 1)
            await settled(url)
        letters = await DeadLetters(single, NAME).page()
        assert [one.reason for one in letters] == ["this is no CloudEvent in JSON"] * 2
        listed = await asyncio.to_thread(bsls, "dead-letters", "list", NAME, "-o", "json", url=url)
        assert [json.loads(line)["event"] for line in listed.stdout.splitlines()] == [[1], '{"specversion"']


async def test_many_servers_share_few_connections(single: Client, url: str) -> None:
    under_way: set[str] = set()
    most: list[int] = []

    async with Receiver() as receiver:
        names: dict[str, list[str]] = {}
        for i in range(50):
            keys = ServerKeys("backup", f"s{i}")
            names[f"backup/s{i}"] = await Feed(single, keys).more(20)

        def answer(one: Delivery) -> Any:
            under_way.add(one.server)
            most.append(len(under_way))
            return 200

        receiver.answer = answer
        began = time.monotonic()
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await took(receiver, 1000)
        print(f"1000 events of 50 servers in {time.monotonic() - began:.2f} s")
        for server, wanted in names.items():
            assert receiver.ids(server) == wanted
        assert len(receiver.requests) == 1000


async def test_a_sink_that_hangs_delays_no_other_subscription(single: Client, url: str) -> None:
    async with Receiver() as hanging, Receiver() as receiver:
        hanging.gate.clear()
        both = settings_of(
            subscription(hanging.url, name="hanging", timeout="1s"), subscription(receiver.url), first_wait_ms=10_000
        )
        feed = Feed(single, A)
        async with dispatching(both, url):
            await feed.more(5)
            await took(receiver, 5)
            await hanging.arrived.wait()

            async def late() -> bool:
                return "did not answer in time" in (await status(url, "hanging")).error

            await until(late, "the time limit")
            await feed.more(5)
            await took(receiver, 10)
            assert hanging.taken == []
            hanging.gate.set()


async def test_attempts_are_counted_over_restarts(single: Client, url: str) -> None:
    async with Receiver(lambda _one: 500) as receiver:
        await Feed(single, A).more(1)
        settings = settings_of(subscription(receiver.url, retry={"attempts": 6}), first_wait_ms=1)
        since = set()
        for attempts in (2, 4):
            slow = settings_of(subscription(receiver.url, retry={"attempts": 6}), first_wait_ms=300)
            async with dispatching(slow, url):

                async def held(attempts: int = attempts) -> bool:
                    found = (await status(url)).held
                    since.update(one.since for one in found)
                    return bool(found) and found[0].attempts >= attempts

                await until(held, f"{attempts} attempts")
        async with dispatching(settings, url):
            assert (await settled(url)).dead_letters == 1
        assert len(receiver.requests) == 6
        (letter,) = await DeadLetters(single, NAME).page()
        assert (letter.attempts, {letter.first}) == (6, since)
