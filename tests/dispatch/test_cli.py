"""`bsls subscriptions` and `bsls dead-letters`, as people call them."""

from __future__ import annotations

import asyncio
import json
import subprocess

import pytest

from backend.events.connection import Client
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Receiver
from tests.dispatch.running import NAME, bsls, dispatching, settings_of, settled, subscription
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
A = ServerKeys("backup", "a")


@pytest.fixture
def url(redis_server: RedisServer, single: Client) -> str:
    return redis_server.url


async def call(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(bsls, *arguments, url=url)


async def refuse_all(single: Client, url: str, count: int) -> None:
    """Each becomes a dead letter."""
    async with Receiver(lambda _one: 400) as receiver:
        await Feed(single, A).more(count)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await settled(url)


async def test_status_for_people_and_programs(single: Client, url: str) -> None:
    nothing = await call("subscriptions", "status", url=url)
    assert (nothing.returncode, nothing.stdout) == (0, "")
    await refuse_all(single, url, 3)
    pretty = await call("subscriptions", "status", url=url)
    assert pretty.stdout.splitlines()[:3] == [
        f"{NAME}: active, by nobody at the moment",
        "  delivered 0, waiting 0 batches, failed attempts 3",
        "  dead letters 3 (dropped 0, being redelivered 0), trimmed before delivery 0 batches",
    ]
    assert "the sink answered 400" in pretty.stdout
    found = json.loads((await call("subscriptions", "status", NAME, "-o", "json", url=url)).stdout)
    assert (found["name"], found["dead_letters"], found["held"]) == (NAME, 3, [])
    unknown = await call("subscriptions", "status", "other", url=url)
    assert (unknown.returncode, unknown.stderr) == (1, f"bsls: no subscription is called other: there are {NAME}\n")


async def test_dead_letters_are_listed_in_parts_and_deleted(single: Client, url: str) -> None:
    await refuse_all(single, url, 5)
    lines = (await call("dead-letters", "list", NAME, "-o", "json", url=url)).stdout.splitlines()
    letters = [json.loads(line) for line in lines]
    assert [one["event"]["id"] for one in letters] == [f"a-{i}" for i in range(5)]
    part = await call("dead-letters", "list", NAME, "--after", letters[0]["id"], "--limit", "2", url=url)
    assert [line.split()[0] for line in part.stdout.splitlines()] == [one["id"] for one in letters[1:3]]
    assert part.stdout.splitlines()[0].endswith(f"{letters[1]['event']['type']} a-1: the sink answered 400")
    gone = await call("dead-letters", "delete", NAME, letters[0]["id"], "1-1", url=url)
    assert (gone.returncode, gone.stdout) == (1, "1 of 2 are deleted\n")
    gone = await call("dead-letters", "delete", NAME, "--all", url=url)
    assert (gone.returncode, gone.stdout) == (0, "4 are deleted\n")
    assert (await call("dead-letters", "list", NAME, url=url)).stdout == ""


async def test_all_dead_letters_are_redelivered(single: Client, url: str) -> None:
    await refuse_all(single, url, 150)
    done = await call("dead-letters", "redeliver", NAME, "--all", url=url)
    assert (done.returncode, done.stdout) == (0, "150 are handed to the dispatcher\n"), done.stderr
    async with Receiver() as receiver:
        async with dispatching(settings_of(subscription(receiver.url, filters=[{"exact": {"id": "none"}}])), url):
            found = await settled(url)
        assert receiver.ids() == [f"a-{i}" for i in range(150)]
        assert (found.dead_letters, found.delivered) == (0, 150)


async def test_one_that_is_not_in_the_settings_is_told_and_deleted(
    single: Client, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with Receiver() as receiver:
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await settled(url)
            busy = await call("subscriptions", "delete", NAME, url=url)
            assert busy.returncode == 1
            assert busy.stderr == (
                f"bsls: {NAME} is being delivered by pod-1: take it out of the dispatcher's settings first\n"
            )
        async with dispatching(settings_of(subscription(receiver.url, name="other")), url):
            await settled(url, "other")
        assert f"{NAME} is not in the settings, but its group still keeps events" in caplog.text
    assert (await call("subscriptions", "delete", NAME, url=url)).returncode == 0
    assert (await call("subscriptions", "status", url=url)).stdout.startswith("other: active")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("dead-letters", "delete", NAME), "name the ids, or say --all"),
        (("dead-letters", "delete", NAME, "1-1", "--all"), "name the ids, or say --all"),
        (("dead-letters", "delete", NAME, "x"), "'x' is no id such as"),
        (("subscriptions", "status", "--redis-url", "http://x"), "has to begin with one of"),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], reason: str) -> None:
    done = bsls(*arguments, url="redis://127.0.0.1:9/0")
    assert done.returncode == 2
    assert reason in done.stderr


def test_a_redis_that_is_not_there() -> None:
    done = bsls("subscriptions", "status", url="redis://127.0.0.1:9/0")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bsls: Redis at 127.0.0.1:9 cannot be reached")
