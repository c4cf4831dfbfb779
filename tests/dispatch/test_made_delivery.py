"""Subscriptions of the API on a running dispatcher: begun, changed, paused, deleted, and only what owners may see."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.dispatch import delivery, warrant
from backend.events.connection import Client
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.push.letters import DeadLetters
from backend.events.push.made_models import Record
from backend.events.push.rewind import rewind
from backend.events.push.status import Subscriptions
from backend.events.reader import StreamReader
from backend.events.sight import EVERYTHING, Sight
from backend.events.trim import trim
from tests.dispatch.feed import Feed
from tests.dispatch.made import ALICE, People, api_settings, made
from tests.dispatch.receiver import Receiver
from tests.dispatch.running import bsls, dispatching, process, settled, status
from tests.events.conftest import AnyRedis
from tests.events.helpers import until
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
A, B = ServerKeys("backup", "a"), ServerKeys("other", "b")
ONLY_A = Sight(namespaces=frozenset({"backup"}))


@pytest.fixture
def url(redis_server: RedisServer, single: Client) -> str:
    return redis_server.url


async def took(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.ids()) >= count

    await until(enough, f"{count} events", timeout=60)


async def stands(url: str, uid: str, phase: str) -> None:
    async def there() -> bool:
        return (await status(url, uid)).phase == phase

    await until(there, f"the phase {phase}")


async def up_to_date(url: str, record: Record) -> None:
    async def done() -> bool:
        return (await status(url, record.uid)).revision == record.rev

    await until(done, "the change")


async def test_made_changed_paused_and_deleted_while_it_runs(client: Client, any_redis: AnyRedis) -> None:
    async with Receiver() as receiver, Receiver() as second:
        settings = api_settings(receiver.url)
        more = api_settings(second.url).api.targets
        settings = settings.model_copy(
            update={"api": settings.api.model_copy(update={"targets": settings.api.targets + more})}
        )
        feed, people = Feed(client, A), People(client, settings)
        async with dispatching(settings, any_redis.url):
            names = await feed.more(5)
            record = await people.make(made(receiver.url))
            await took(receiver, 5)
            assert await people.store.policy() == settings.api.public()
            record = await people.change(record, sink=second.url)
            await up_to_date(any_redis.url, record)
            names += await feed.more(5)
            await took(second, 5)
            record = await people.change(record, paused=True)

            async def at_rest() -> bool:
                return (await status(any_redis.url, record.uid)).holder == ""

            await until(at_rest, "the pause")
            names += await feed.more(5)
            record = await people.change(record, paused=False, filters=[{"suffix": {"id": "4"}}])
            await took(second, 6)
            assert receiver.ids() == names[:5]
            assert second.ids() == [*names[5:10], "a-14"]
            assert len(receiver.requests) + len(second.requests) == 11  # none came twice
            await settled(any_redis.url, record.uid)
            await people.store.delete(record)
            await feed.more(1)
        assert await StreamReader(client).groups(FIREHOSE) == []
        assert record.uid not in await Subscriptions(client).names()
        assert (
            await trim(client, FIREHOSE, keep=1, hard_limit=100)
        ).length < 7  # by whole nodes, nothing holds it back


async def test_only_what_the_owner_may_see(single: Client, url: str) -> None:
    """Servers, tenants, and what is no event; and of a tenant's machine nothing that is another's."""
    sights = {
        "all": EVERYTHING, "backup": ONLY_A, "tenant": Sight(tenant_namespaces=frozenset({"team-a"})), "none": Sight(),
    }  # fmt: skip
    async with Receiver() as receiver, Receiver() as team_a:
        settings = api_settings(receiver.url)
        targets = settings.api.targets + api_settings(team_a.url).api.targets
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"targets": targets})})
        people = People(single, settings)
        records = {}
        for name, sight in sights.items():
            records[name] = await people.make(made((team_a if name == "tenant" else receiver).url, name), sight)
        for keys in (A, B):
            feed = Feed(single, keys)
            subjects = ("u@vm.team-a", "u@vm.team-b", keys.name)
            await feed.write([event(keys, f"{keys.name}-{one}", one) for one in subjects])
            await feed.write([b"no JSON"])
        async with dispatching(settings, url):
            for record in records.values():
                await settled(url, record.uid)
        counts = {name: await status(url, record.uid) for name, record in records.items()}
    assert {name: (one.delivered, one.dead_letters) for name, one in counts.items()} == {
        "all": (6, 2), "backup": (3, 1), "tenant": (2, 0), "none": (0, 0)
    }  # fmt: skip
    assert {one.id for one in receiver.taken} >= {"a-u@vm.team-a", "b-u@vm.team-a"}
    assert unread(receiver) == {f"key of {subject}" for subject in ("u@vm.team-a", "u@vm.team-b", "a", "b")}
    assert unread(team_a) == {"key of u@vm.team-a"}


def unread(receiver: Receiver) -> set[str]:
    found: list[Any] = [one.event.get_data() for one in receiver.taken]
    return {one["path"] for data in found for one in data["unread"]}


def event(keys: ServerKeys, name: str, subject: str) -> bytes:
    source = f"/apis/oadp.openshift.io/v1alpha1/namespaces/{keys.namespace}/backupstoragelocationservers/{keys.name}"
    made = {"specversion": "1.0", "id": name, "source": source, "type": "io.openshift.oadp.bsls.snapshot.created.v1"}
    data = {"unread": [{"path": f"key of {subject}", "error": "permission denied"}]}
    return json.dumps(made | {"subject": subject, "data": data}).encode()


async def test_what_may_no_longer_be_seen_is_passed_over_though_it_was_read(single: Client, url: str) -> None:
    broken = True
    async with Receiver(lambda _one: 500 if broken else 200) as receiver:
        settings = api_settings(receiver.url)
        people = People(single, settings)
        feeds = [Feed(single, A), Feed(single, B)]
        async with dispatching(settings, url):
            record = await people.make(made(receiver.url))
            for feed in feeds:
                await feed.more(3)

            async def held() -> bool:
                return len((await status(url, record.uid)).held) == 2

            await until(held, "both servers failing")
            await people.see_now(record, ONLY_A)
            await asyncio.sleep(0)
            seen = len([one for one in receiver.requests if one.server == "other/b"])

            async def only_a() -> bool:
                return [one.server for one in (await status(url, record.uid)).held] == ["backup/a"]

            await until(only_a, "the events of the other server are dropped")
            broken = False
            await took(receiver, 3)
            found = await settled(url, record.uid)
        assert receiver.ids() == ["a-0", "a-1", "a-2"]
        assert (found.delivered, found.dead_letters) == (3, 0)
        assert len([one for one in receiver.requests if one.server == "other/b"]) <= seen + 2


async def test_nothing_is_delivered_by_an_old_answer(
    single: Client, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warrant, "MAX_AGE_S", 3.0)
    monkeypatch.setattr(delivery, "_LAPSE_S", 0.2)
    async with Receiver() as receiver:
        settings = api_settings(receiver.url)
        people, feed = People(single, settings), Feed(single, A)
        await feed.more(2)
        async with dispatching(settings, url):
            record = await people.make(made(receiver.url), None)
            await stands(url, record.uid, "waiting")
            await people.see(EVERYTHING, age_s=10)  # a replica whose answer came late
            assert receiver.requests == []
            await people.see_now(record, EVERYTHING)
            await took(receiver, 2)
            await stands(url, record.uid, "active")
            await stands(url, record.uid, "waiting")  # nobody asks any more
            await feed.more(2)
            await people.see_now(record, EVERYTHING, problem="alice has to confirm it")

            async def told() -> bool:
                return (await status(url, record.uid)).reason == "alice has to confirm it"

            await until(told, "the problem")
            assert len(receiver.requests) == 2
            await people.see_now(record, EVERYTHING)
            await took(receiver, 4)
        assert "nothing is delivered: nobody has asked Kubernetes" in caplog.text


async def test_the_settings_decide_whatever_is_in_redis(single: Client, url: str) -> None:
    async with Receiver() as receiver, Receiver() as forbidden:
        settings = api_settings(receiver.url)
        people = People(single, settings)
        elsewhere = await people.make(made(forbidden.url))
        secret = await people.make(made("https://127.0.0.1:443/x", "secret", credentials="siem"))
        await people.store._client.ask(FIREHOSE, [b"HSET", b"{bsls:events}:push:made", b"api.strange", b"1 {}"])
        await Feed(single, A).more(1)
        async with dispatching(settings, url):
            for record in (elsewhere, secret):
                await stands(url, record.uid, "waiting")
                assert "no target permits" in (await status(url, record.uid)).reason
            record = await people.make(made(receiver.url, "good"))
            await took(receiver, 1)
        assert forbidden.requests == []


async def test_redelivery_brings_the_same_ids_in_their_order(single: Client, url: str) -> None:
    async with Receiver() as receiver:
        settings = api_settings(receiver.url)
        people, feeds = People(single, settings), [Feed(single, A), Feed(single, B)]
        async with dispatching(settings, url):
            record = await people.make(made(receiver.url))
            for _ in range(10):
                for feed in feeds:
                    await feed.more(3)
            await took(receiver, 60)
            await settled(url, record.uid)
            first = [[one.id for one in receiver.taken if one.server == name] for name in ("backup/a", "other/b")]
            receiver.requests.clear()
            assert (await rewind(single, record.uid, "0-0")).complete
            await took(receiver, 60)
            found = await settled(url, record.uid)
        again = [[one.id for one in receiver.taken if one.server == name] for name in ("backup/a", "other/b")]
        assert again == first
        assert (found.delivered, found.lost, found.dead_letters) == (120, 0, 0)


async def test_killed_dispatchers_change_nothing(single: Client, url: str, tmp_path: Path) -> None:
    """Two of them; the one that delivers is killed, again and again, while the subscription changes."""
    async with Receiver() as receiver:
        settings = api_settings(receiver.url)
        people, feed = People(single, settings), Feed(single, A)
        config = tmp_path / "config.yaml"
        targets = [{"scheme": "http", "host": "127.0.0.1", "port": receiver.port, "networks": ["127.0.0.0/8"]}]
        config.write_text(yaml.safe_dump({"lease": "1s", "api": {"targets": targets}}))
        record, names = await people.make(made(receiver.url)), []
        log = tmp_path / "log"
        for number in range(3):
            with process(config, url, free_ports(1)[0], log) as child:
                names += await feed.more(4)
                names += await feed.more(4)
                await took(receiver, len(names) - 3)
                if number == 1:
                    record = await people.change(record, maxInFlight=2)
                child.send_signal(signal.SIGKILL)
        with process(config, url, free_ports(1)[0], log), process(config, url, free_ports(1)[0], log):
            await took(receiver, len(names))
            await settled(url, record.uid)
            await people.store.delete(record)
            assert await asyncio.to_thread(people_left, url) == ""
        assert receiver.ids() == names
        assert "Traceback" not in log.read_text()


def people_left(url: str) -> str:
    return bsls("subscriptions", "status", url=url).stdout


async def test_one_that_fails_inside_does_not_end_the_others(
    single: Client, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = delivery.structured

    def structured(text: bytes, event: dict[str, object]) -> object:
        if event["id"] == "a-0":
            raise RuntimeError("a mistake of ours")
        return real(text, event)

    monkeypatch.setattr(delivery, "structured", structured)
    async with Receiver() as receiver:
        settings = api_settings(receiver.url)
        people = People(single, settings)
        await Feed(single, A).more(1)
        await Feed(single, B).more(1)
        async with dispatching(settings, url):
            await people.make(made(receiver.url, "bad", servers=["backup/*"]))
            await people.make(made(receiver.url, "good", servers=["other/*"]))
            await took(receiver, 1)
        assert receiver.ids() == ["b-0"]
        assert "it is begun anew" in caplog.text


async def test_the_command_line_tells_whose_it_is(single: Client, url: str) -> None:
    async with Receiver(lambda _one: 400) as receiver:
        settings = api_settings(receiver.url)
        people = People(single, settings)
        await Feed(single, A).more(1)
        record = await people.make(made(receiver.url))
        async with dispatching(settings, url):
            assert (await settled(url, record.uid)).dead_letters == 1
            told = (await asyncio.to_thread(bsls, "subscriptions", "status", url=url)).stdout
            assert told.startswith(f"{record.uid} (siem of {ALICE.user}): active")
            assert len(await DeadLetters(single, record.uid).page()) == 1
            gone = await asyncio.to_thread(bsls, "subscriptions", "delete", record.uid, url=url)
            assert gone.returncode == 0, gone.stderr
        assert await people.store.all() == {}
        assert await asyncio.to_thread(people_left, url) == ""
