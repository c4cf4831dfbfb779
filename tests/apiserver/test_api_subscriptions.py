"""Push subscriptions by the API, from end to end: people, apiserver, Redis, `bsls api`, `bsls dispatcher`, receiver."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from backend.api.access.access import Access
from backend.api.access.owners import Owners
from backend.events.connection import Client, connect
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.push.keys import NAMES, PushKeys
from backend.events.push.letters import DeadLetter
from backend.events.push.made import MadeStore
from backend.events.push.policy import Policy
from backend.events.push.scopes import ScopeStore
from backend.events.push.status import Subscriptions
from backend.events.reader import StreamReader
from tests.apiserver import api_people as people
from tests.apiserver.api_process import Api
from tests.cluster.node import Cluster
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Receiver
from tests.dispatch.running import process
from tests.dispatch.test_security import Pki
from tests.events.helpers import until
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]
ALL = "/api/v1/subscriptions"
VMS, MORE = ServerKeys("backup-a", "vms"), ServerKeys("backup-b", "more")
PAGE = (Path(__file__).resolve().parents[2] / "docs/push-subscriptions.md").read_text()
TOKEN = "token-of-the-siem-3c1f"
Json = dict[str, Any]


@dataclass
class Answered:
    status: int
    body: Json
    headers: Any


@dataclass
class Site:
    """`receiver` and `secure` (https) are targets; `log` is the dispatcher's."""

    api: Api
    redis: Client
    receiver: Receiver
    secure: Receiver
    log: Path
    feeds: dict[ServerKeys, Feed] = field(default_factory=dict)

    async def send(
        self, who: str, method: str, path: str, body: Any = None, status: int = 200, **headers: str
    ) -> Answered:
        sent = {"Authorization": f"Bearer {self.api.tokens[who]}", "Content-Type": "application/json"} if who else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.api.url + path, headers=sent, data=data) as response,
        ):
            text = await response.text()
            assert response.status == status, f"{method} {path}: {response.status} {text}"
            return Answered(response.status, json.loads(text) if text else {}, response.headers)

    async def make(self, who: str, status: int = 201, **said: Any) -> Answered:
        body = {"name": f"s-{secrets.token_hex(4)}", "sink": self.receiver.url,
                "retry": {"firstWait": "1s", "longestWait": "1s"}} | said  # fmt: skip
        return await self.send(who, "POST", ALL, body, status)

    async def state(self, who: str, name: str) -> Json:
        return (await self.send(who, "GET", f"{ALL}/{name}/state")).body

    async def reaches(self, who: str, name: str, **wanted: Any) -> Json:
        found: list[Json] = []

        async def there() -> bool:
            found[:] = [await self.state(who, name)]
            return all(found[0].get(key) == value for key, value in wanted.items())

        await until(there, f"{wanted}", timeout=60)
        return found[0]

    async def tell(self, keys: ServerKeys, *subjects: str) -> list[str]:
        """Events of these subjects, in one batch; their ids."""
        names = [secrets.token_hex(6) for _ in subjects]
        feed = self.feeds.setdefault(keys, Feed(self.redis, keys))
        await feed.write([_event(keys, name, subject) for name, subject in zip(names, subjects, strict=True)])
        return names

    async def took(self, names: list[str], receiver: Receiver | None = None) -> None:
        async def all_of_them() -> bool:
            return set(names) <= {one.id for one in (receiver or self.receiver).taken}

        await until(all_of_them, "the events", timeout=60)


def _event(keys: ServerKeys, name: str, subject: str) -> bytes:
    source = f"/apis/oadp.openshift.io/v1alpha1/namespaces/{keys.namespace}/backupstoragelocationservers/{keys.name}"
    kind = "io.openshift.oadp.bsls.session.started.v1"
    return json.dumps({"specversion": "1.0", "id": name, "source": source, "type": kind, "subject": subject}).encode()


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports(3)


@pytest.fixture(scope="module")
def dispatcher(
    api_redis: RedisServer, pki: Pki, ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("dispatcher")
    (folder / "token").write_text(TOKEN)
    config, log = folder / "config.yaml", folder / "log"
    here = {"host": "127.0.0.1", "networks": ["127.0.0.0/8"]}
    config.write_text(yaml.safe_dump({"lease": "2s", "api": {"perOwner": 50, "targets": [
        here | {"scheme": "http", "port": ports[0]},
        here | {"port": ports[1], "caFile": str(pki.ca), "credentials": [
            {"name": "siem", "bearerTokenFile": str(folder / "token"),
             "users": [f"system:serviceaccount:{people.PEOPLE}:namespace-viewer"]}]},
    ]}}))  # fmt: skip
    with process(config, api_redis.url, ports[2], log) as child:
        yield log
        assert child.poll() is None, log.read_text()
    assert "Traceback" not in log.read_text()
    assert TOKEN not in log.read_text()


@pytest.fixture
async def site(api: Api, api_redis: RedisServer, dispatcher: Path, pki: Pki, ports: list[int]) -> AsyncIterator[Site]:
    client = connect(api_redis.url)
    async with Receiver(port=ports[0]) as receiver, Receiver(port=ports[1], tls=pki.context) as secure:
        await api.ready()

        async def told() -> bool:
            return await MadeStore(client).policy() is not None

        await until(told, "the dispatcher")
        made = Site(api, client, receiver, secure, dispatcher)
        yield made
        for record in (await MadeStore(client).all()).values():  # of this test
            name, owner = json.loads(record.partition(b" ")[2])["made"]["name"], record
            who = next(one for one in api.tokens if _user(one).encode() in owner)
            await made.send(who, "DELETE", f"{ALL}/{name}", status=204)
    await client.close()


def _user(who: str) -> str:
    names = {"everything": "cluster-viewer", "backup-a": "namespace-viewer", "team-a": "tenant-viewer"}
    return f"system:serviceaccount:{people.PEOPLE}:{names.get(who, who)}"


async def test_the_commands_of_the_page(site: Site, tmp_path: Path) -> None:
    """docs/push-subscriptions.md, as it stands there, where only the sink is another one."""
    ((command,),) = [re.findall(r"^```sh\n(call.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    given = command.replace("https://hooks.apps.example.com/events", site.receiver.url)
    given = given.replace("backup/*", "backup-a/*").replace(', "credentials": "collector"', "")
    header = f"Authorization: Bearer {site.api.tokens['backup-a']}"
    (tmp_path / "bsls.curl").write_text(f'silent\nshow-error\nfail-with-body\nheader = "{header}"\n')
    env = {"PATH": os.environ["PATH"], "API": f"{site.api.url}/api/v1"}
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", given, env=env, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told = (await asyncio.wait_for(process.communicate(), 60))[0].decode()
    assert process.returncode == 0, told
    answers, at = [], 0
    while at < len(told.rstrip()):
        found, at = json.JSONDecoder().raw_decode(told, at)
        answers.append(found)
    made, everything, state, paused, redelivered, letters = answers
    assert (made["name"], made["filters"][0]["prefix"]) == ("mine", {"type": "io.openshift.oadp.bsls.snapshot"})
    assert everything["total"] == 1
    assert state["phase"]
    assert paused["paused"]
    assert redelivered["complete"]
    assert letters["items"] == []
    await site.send("backup-a", "GET", f"{ALL}/mine", status=404)


async def test_from_making_to_deleting(site: Site) -> None:
    made = await site.make("backup-a", name="siem", filters=[{"exact": {"subject": "vms"}}])
    assert made.headers["Location"] == f"{ALL}/siem"
    assert (made.body["owner"], made.body["sink"]) == (_user("backup-a"), site.receiver.url)
    assert (await site.send("backup-a", "GET", f"{ALL}/siem")).body == made.body
    names = await site.tell(VMS, "vms", "other@vm.team-b", "vms")
    await site.took([names[0], names[2]])
    state = await site.reaches("backup-a", "siem", phase="active", current=True, lagBatches=0)
    assert (state["delivered"], state["failures"], state["held"]) == (2, 0, [])
    paused = await site.send("backup-a", "PATCH", f"{ALL}/siem", {"paused": True})
    assert paused.body["paused"] is True
    await site.reaches("backup-a", "siem", phase="paused")

    async def at_rest() -> bool:
        (lease,) = await site.redis.ask(FIREHOSE, [b"EXISTS", b"{bsls:events}:push:%b:lease" % await _uid(site)])
        return not lease

    await until(at_rest, "the pause")
    names += await site.tell(VMS, "vms")
    state = await site.state("backup-a", "siem")
    assert (state["delivered"], state["lagBatches"]) == (2, 1)
    await site.send("backup-a", "PATCH", f"{ALL}/siem", {"paused": None, "filters": None})  # back to the defaults
    await site.took(names[3:])
    await site.reaches("backup-a", "siem", phase="active", current=True)
    names = await site.tell(VMS, "other@vm.team-b")
    await site.took(names)
    await site.send("backup-a", "DELETE", f"{ALL}/siem", status=204)
    await site.send("backup-a", "GET", f"{ALL}/siem", status=404)
    assert await StreamReader(site.redis).groups(FIREHOSE) == []
    assert len(site.receiver.requests) == 4


async def _uid(site: Site) -> bytes:
    (uid,) = await MadeStore(site.redis).all()
    return uid.encode()


async def test_versions_guard_changes(site: Site) -> None:
    made = await site.make("backup-a", name="v")
    etag = made.headers["ETag"]
    await site.send("backup-a", "GET", f"{ALL}/v", status=304, If_None_Match=etag)
    changed = await site.send("backup-a", "PATCH", f"{ALL}/v", {"maxInFlight": 2}, If_Match=etag)
    assert changed.headers["ETag"] != etag
    for method, body in (("PATCH", {"maxInFlight": 3}), ("DELETE", None)):
        refused = await site.send("backup-a", method, f"{ALL}/v", body, 412, If_Match=etag)
        assert refused.body["type"] == "urn:bsls:problem:precondition-failed"
    found = await site.send("backup-a", "GET", f"{ALL}/v", Accept_Encoding="gzip")
    assert found.body["maxInFlight"] == 2
    again = await site.send("backup-a", "PATCH", f"{ALL}/v", {}, If_Match=found.headers["ETag"], Content_Type=(
        "application/merge-patch+json"))  # fmt: skip
    assert again.body["confirmed"] >= changed.body["confirmed"]
    await site.send("backup-a", "DELETE", f"{ALL}/v", status=204, If_Match=again.headers["ETag"])


async def test_each_gets_what_they_may_see_and_sees_their_own(site: Site) -> None:
    names = {}
    for who, more in (("everything", {}), ("backup-a", {}), ("team-a", {"vmNamespaces": ["team-a"]})):
        names[who] = (await site.make(who, name="mine", **more)).body["name"]
        await site.reaches(who, "mine", current=True)
    a = await site.tell(VMS, "alice@vm-1.team-a", "bob@vm-2.team-b", "vms")
    b = await site.tell(MORE, "carol@vm-3.team-a", "more")
    for who, count in (("everything", 5), ("backup-a", 3), ("team-a", 2)):
        await site.reaches(who, "mine", delivered=count, lagBatches=0)
    counted = [one.id for one in site.receiver.taken]
    assert {one: counted.count(one) for one in a + b} == dict(zip(a + b, [3, 2, 2, 2, 1], strict=True))
    refused = await site.make("nobody", 403)
    assert "bsls-tenant-viewer" in refused.body["detail"]
    await site.make("team-a", 403)  # without their namespaces
    await site.make("team-a", 403, vmNamespaces=["team-b"])
    own = (await site.send("team-a", "GET", ALL)).body
    assert [(one["name"], one["owner"], one["sink"]) for one in own["items"]] == [
        ("mine", _user("team-a"), site.receiver.url)
    ]
    await site.send("team-a", "GET", f"{ALL}?all=true", status=403)
    everybody = (await site.send("everything", "GET", f"{ALL}?all=true")).body
    assert everybody["total"] == 3
    sinks = {one["owner"]: one["sink"] for one in everybody["items"]}
    assert sinks[_user("team-a")] == site.receiver.url.removesuffix("/events")
    await site.send("nobody", "PATCH", f"{ALL}/mine", {"paused": True}, 404)
    await site.send("nobody", "DELETE", f"{ALL}/mine%20{_user('team-a')}", status=404)
    await site.send("", "GET", ALL, status=401)


@pytest.mark.parametrize(
    ("said", "status", "told"),
    [
        ({"name": "A b"}, 422, "name"),
        ({"sink": "https://me:pw@siem.example.com/"}, 422, "user or password"),
        ({"sink": "https://siem.example.com/?token=x"}, 422, "must not have a query"),
        ({"sink": "https://siem.example.com/x"}, 403, "api.targets"),
        ({"sink": "http://169.254.169.254/latest"}, 403, "no target permits"),
        ({"credentials": "siem"}, 422, "over https only"),
        ({"bearerToken": "x"}, 422, "bearerToken"),
        ({"bearerTokenFile": "/var/run/secrets/token"}, 422, "bearerTokenFile"),
        ({"filters": [{"sql": "type ="}]}, 422, "at character 7"),
        ({"filters": [{"exact": {"type": "x" * 9000}}]}, 422, "too large"),
        ({"servers": ["a/b"] * 51}, 422, "servers"),
        ({"servers": ["backup-b/*"]}, 403, "You may list none of its servers"),
        ({"timeout": "31s"}, 422, "at most 30s"),
        ({"retry": {"age": "200h"}}, 422, "168h"),
        ({"maxInFlight": 17}, 422, "maxInFlight"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_sentence(site: Site, said: Json, status: int, told: str) -> None:
    refused = await site.make("backup-a", status, **said)
    text = json.dumps(refused.body)
    assert told.lower() in text.lower(), text
    assert "pw@" not in text
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (await site.send("backup-a", "GET", ALL)).body["total"] == 0


async def test_bodies_are_json_and_small(site: Site) -> None:
    await site.make("backup-a", name="one")
    assert "called one" in (await site.make("backup-a", 409, name="one")).body["detail"]
    await site.send("backup-a", "POST", ALL, b"{", 400)
    await site.send("backup-a", "POST", ALL, b"[" * 70_000, 413)
    await site.send("backup-a", "POST", ALL, b"a=b", 415, Content_Type="application/x-www-form-urlencoded")
    await site.send("backup-a", "PATCH", f"{ALL}/one", b"{}", 415, Content_Type="text/plain")
    await site.send("backup-a", "PATCH", f"{ALL}/one", [], 422)
    for odd in (b'{"filters": [{"exact": {"type": "\\ud800"}}]}', b'{"retry": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001):
        await site.send("backup-a", "PATCH", f"{ALL}/one", odd, 400)
    for body in ({"name": "two"}, {"start": "earliest"}, {"strange": 1}, {"sink": "x"}, {"retry": {"age": "x"}}):
        refused = await site.send("backup-a", "PATCH", f"{ALL}/one", body, 422)
        assert next(iter(body)) in refused.body["errors"][0]["field"]
    await site.send("backup-a", "PATCH", f"{ALL}/one", {"sink": "https://siem.example.com/"}, 403)
    await site.send("backup-a", "PUT", f"{ALL}/one", {}, 405)


async def test_a_right_that_is_taken_away_ends_deliveries_within_a_minute(site: Site, api_cluster: Cluster) -> None:
    site.api.tokens["leaver"] = people.person(api_cluster, "leaver", ("clusterrole", "servers-viewer", "backup-a"),
                                              ("clusterrole", "bsls-tenant-viewer", "team-a"))  # fmt: skip
    await site.make("leaver", name="leaving", vmNamespaces=["team-a"])
    await site.took(await site.tell(VMS, "vms"))
    kubectl = api_cluster.kubectl
    await asyncio.to_thread(kubectl, "delete", "rolebinding", "-n", "backup-a", "leaver-servers-viewer")
    began, last = time.monotonic(), time.monotonic()
    while time.monotonic() - last < 6:  # none came for a while
        assert time.monotonic() - began < 60, "it is still delivered"
        (name,) = await site.tell(VMS, "vms")
        await asyncio.sleep(0.5)
        if name in site.receiver.ids():
            last = time.monotonic()
    print(f"the last event came {last - began:.1f} s after the right was taken away")
    await site.took(await site.tell(VMS, "alice@vm-1.team-a"))  # what is left of their rights
    found = (await site.send("leaver", "GET", f"{ALL}/leaving/state")).body
    assert found["phase"] == "active"


async def test_redelivery(site: Site) -> None:
    site.receiver.answer = lambda one: 400 if one.event.get_subject() == "bad@vm.team-a" else 204
    began = time.time()
    await site.make("backup-a", name="again")
    first = [(await site.tell(VMS, f"u{number}@vm.team-a"))[0] for number in range(5)]
    (bad,) = await site.tell(VMS, "bad@vm.team-a")
    await site.took(first)
    state = await site.reaches("backup-a", "again", deadLetters=1, lagBatches=0)
    site.receiver.requests.clear()
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began - 1))
    done = await site.send("backup-a", "POST", f"{ALL}/again/redeliver", {"since": since}, 202)
    assert done.body["complete"] is True
    await site.took(first)
    assert [one for one in site.receiver.ids() if one in first] == first
    await site.reaches("backup-a", "again", deadLetters=2, lagBatches=0)
    site.receiver.requests.clear()
    done = await site.send("backup-a", "POST", f"{ALL}/again/redeliver", {"position": state["position"]}, 202)
    assert "first" not in done.body  # all of it was had
    letters = (await site.send("backup-a", "GET", f"{ALL}/again/dead-letters?limit=1")).body
    assert (letters["items"][0]["event"]["id"], letters["items"][0]["reason"]) == (bad, "the sink answered 400")
    more = (await site.send("backup-a", "GET", f"{ALL}/again/dead-letters?cursor={letters['next']}")).body
    assert len(more["items"]) == 1
    newest = (await site.send("backup-a", "GET", f"{ALL}/again/dead-letters?limit=1&order=desc")).body
    assert newest["items"] == more["items"]
    path = f"{ALL}/again/dead-letters?order=desc&cursor="
    assert (await site.send("backup-a", "GET", path + newest["next"])).body["items"] == letters["items"]
    await site.send("backup-a", "GET", path + letters["next"], status=400)  # of the other order
    site.receiver.answer = lambda _one: 204
    body = {"deadLetters": [letters["items"][0]["id"], "1-1"]}
    done = await site.send("backup-a", "POST", f"{ALL}/again/redeliver", body, 202)
    assert done.body["deadLetters"] == 1
    await site.took([bad])
    await site.reaches("backup-a", "again", deadLetters=1, redelivering=0)
    await site.send("backup-a", "POST", f"{ALL}/again/redeliver", {"since": "0001-01-01T00:00:00Z"}, 202)
    for body in ({}, {"since": "1h", "position": "1-0"}, {"since": "soon"}, {"position": "x"}, {"deadLetters": ["x"]},
                 {"position": f"{2**64}-0"}, {"deadLetters": []}):  # fmt: skip
        await site.send("backup-a", "POST", f"{ALL}/again/redeliver", body, 422)


async def test_dead_letters_are_shown_within_the_rights_of_now(site: Site, api_cluster: Cluster) -> None:
    site.receiver.answer = lambda _one: 400
    await site.make("everything", name="dead")
    await site.tell(VMS, "vms")
    await site.tell(MORE, "more")
    await site.reaches("everything", "dead", deadLetters=2)
    assert len((await site.send("everything", "GET", f"{ALL}/dead/dead-letters")).body["items"]) == 2
    record = await MadeStore(site.redis).find(_user("everything"), "dead")
    assert record is not None
    owner = record.owner.model_copy(update={"user": _user("backup-a")})  # the same letters, of somebody who sees less
    text = record.model_copy(update={"owner": owner}).text()
    await site.redis.ask(FIREHOSE, [b"HSET", b"{bsls:events}:push:made", record.uid.encode(), text],
                         [b"HSET", b"{bsls:events}:push:owned", f"dead {owner.user}".encode(), record.uid.encode()],
                         [b"HDEL", b"{bsls:events}:push:owned", f"dead {_user('everything')}".encode()])  # fmt: skip
    (letter,) = (await site.send("backup-a", "GET", f"{ALL}/dead/dead-letters")).body["items"]
    assert letter["server"] == "backup-a/vms"


async def test_dead_letters_of_the_settings_are_for_who_sees_all_servers(site: Site) -> None:
    event = _event(VMS, "lost", "alice@vm-1.team-a")
    letter = DeadLetter("event", "the sink answered 400", "2026-11-28T02:00:00Z", "", "backup-a/vms", event, attempts=1)
    await site.redis.ask(FIREHOSE, letter.add(PushKeys("siem")), [b"SADD", NAMES, b"siem"])
    path = f"{ALL}/siem/dead-letters?source=settings"
    (found,) = (await site.send("everything", "GET", path)).body["items"]
    assert (found["event"]["id"], found["reason"]) == ("lost", letter.reason)
    await site.send("backup-a", "GET", path, status=403)
    await site.send("everything", "GET", path.replace("siem", "none"), status=404)
    uid = (await site.make("backup-a", name="private")).body["name"]
    record = await MadeStore(site.redis).find(_user("backup-a"), uid)
    assert record is not None
    await site.reaches("backup-a", "private", current=True)
    assert record.uid in await Subscriptions(site.redis).names()
    await site.send("everything", "GET", path.replace("siem", record.uid), status=404)  # somebody's own
    await site.send("everything", "GET", f"{ALL}/siem/dead-letters", status=404)  # none of theirs
    await site.redis.ask(FIREHOSE, [b"SREM", NAMES, b"siem"], [b"DEL", PushKeys("siem").dead])


async def test_credentials_are_used_by_those_who_may_and_seen_by_nobody(site: Site) -> None:
    site.secure.answer = lambda one: 204 if one.headers.get("authorization") == f"Bearer {TOKEN}" else 401
    await site.make("backup-a", name="safe", sink=site.secure.url, credentials="siem")
    names = await site.tell(VMS, "vms")
    await site.took(names, site.secure)
    refused = await site.make("everything", 403, sink=site.secure.url, credentials="siem")
    assert "No credentials called siem are open to" in refused.body["detail"]
    assert (
        "No credentials called other"
        in (await site.make("backup-a", 403, sink=site.secure.url, credentials="other")).body["detail"]
    )
    told = [await site.send("backup-a", "GET", path) for path in (f"{ALL}/safe", f"{ALL}/safe/state", ALL)]
    assert TOKEN not in json.dumps([one.body for one in told])
    assert TOKEN not in site.log.read_text()


async def test_without_redis_it_says_so_and_comes_back(site: Site) -> None:
    await site.make("backup-a", name="lasting")
    site.api.redis.freeze()
    try:
        new = {"name": "x", "sink": site.receiver.url}
        requests = (("GET", ALL, None), ("POST", ALL, new), ("DELETE", f"{ALL}/lasting", None))
        for answered in await asyncio.gather(*(site.send("backup-a", *one, 503) for one in requests)):
            assert int(answered.headers["Retry-After"]) > 0
            assert answered.body["detail"].startswith("Redis did not answer within 4 s: "), answered.body

        async def told_at_once() -> bool:
            """Now that the outage is known."""
            answered = await site.send("backup-a", "GET", ALL, status=503)
            return answered.body["detail"].startswith(f"Redis at 127.0.0.1:{site.api.redis.port} ")

        await until(told_at_once, "an answer of what is known", timeout=30)
    finally:
        site.api.redis.thaw()
    await site.api.ready()
    assert (await site.send("backup-a", "GET", ALL)).body["total"] == 1


async def test_an_owner_confirms_from_time_to_time(site: Site) -> None:
    await site.make("backup-a", name="old")
    await site.reaches("backup-a", "old", current=True)
    record = await MadeStore(site.redis).find(_user("backup-a"), "old")
    assert record is not None
    nobody: Access = None  # type: ignore[assignment]  # Kubernetes is not asked any more
    store, scopes = MadeStore(site.redis), ScopeStore(site.redis)
    owners = Owners(nobody, store, scopes, frozenset)
    await owners._ask_about(record, record.confirmed + 31 * 24 * 3_600_000, Policy())
    await site.reaches("backup-a", "old", phase="waiting")
    assert "has to confirm it" in (await site.state("backup-a", "old"))["reason"]
    (name,) = await site.tell(VMS, "vms")
    await site.send("backup-a", "PATCH", f"{ALL}/old", {})
    await site.took([name])
    await site.reaches("backup-a", "old", phase="active", current=True)


async def test_changes_are_limited_for_each_user(site: Site) -> None:
    await site.make("everything", name="busy")
    headers = {"Authorization": f"Bearer {site.api.tokens['everything']}", "Content-Type": "application/json"}
    url, statuses = f"{site.api.url}{ALL}/busy/redeliver", set()
    async with aiohttp.ClientSession() as session:
        for _ in range(90):
            async with session.post(url, headers=headers, data=b'{"position":"0-0"}') as response:
                statuses.add(response.status)
    assert statuses == {202, 429}
