"""The application with real tokens on a real apiserver and Redis: the short way answers what the long way answers, to
the same callers, as often and for as long; all else is told by the long way.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from backports import zstd

from backend.api.access import audit
from backend.api.access.access import DECISION_S
from backend.api.access.limits import Limits, Rates
from backend.api.access.owners import Owners
from backend.api.app import SHORTCUT, Parts, make_app
from backend.api.data.fresh import Fresh
from backend.api.data.room import Data
from backend.api.data.servers import Servers
from backend.api.http.quick import QuickRunner
from backend.api.routes.shortcut import PageShortcut, _Recent
from backend.api.routes.subscriptions import Pushes
from backend.api.stream.hub import Hub
from backend.controller.event_path import EventPath
from backend.events.connection import Client, connect
from backend.events.push.made import MadeStore
from backend.events.push.scopes import ScopeStore
from backend.events.reader import StreamReader
from tests import objects
from tests.api.data.helpers import controller, holdings, snapshot, spawning
from tests.apiserver import api_people as people
from tests.apiserver.api_people import Office
from tests.cluster.node import Cluster
from tests.events.helpers import until
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.servers]
KEY = ("backup-a", "vms")
ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
PATHS = tuple(f"/api/v1/servers/backup-a/vms/{kind}" for kind in ("snapshots", "tenants", "sessions"))
SNAPSHOTS = PATHS[0]
BURST = 60


@pytest.fixture(scope="module")
def tokens(api_cluster: Cluster) -> Iterator[dict[str, str]]:
    people.prepare(api_cluster)
    api_cluster.kubectl("apply", "-f", "-", input=objects.to_list(objects.server(*KEY, "default", prefix="vms")))
    viewer, tenants = ("clusterrole", "servers-viewer"), ("clusterrole", "bsls-tenant-viewer")
    yield {
        "all": people.person(api_cluster, "short-all", (*viewer, "backup-a")),
        "leaver": people.person(api_cluster, "short-leaver", (*viewer, "backup-a")),
        "team-a": people.person(api_cluster, "short-tenant", (*tenants, "team-a")),
        "nobody": people.person(api_cluster, "short-nobody"),
    }
    api_cluster.kubectl("delete", "bsls", "-n", KEY[0], KEY[1])


@dataclass(frozen=True)
class Answer:
    """`short`: it came the short way."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    short: bool

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def fixed(self) -> dict[str, str]:
        return {name: value for name, value in self.headers.items() if name.lower() not in ("date", "x-request-id")}


@dataclass
class Site:
    """The application; `told` are the lines of its audit log."""

    port: int
    shortcut: PageShortcut
    office: Office
    path: EventPath
    session: aiohttp.ClientSession
    tokens: dict[str, str]
    log: io.StringIO

    async def ask(self, who: str, path: str = SNAPSHOTS, method: str = "GET", **headers: str) -> Answer:
        before = self.shortcut.given
        given = {"Authorization": f"Bearer {self.tokens[who]}", "Accept-Encoding": "identity"} | headers
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=given) as response:
            body = await response.read()
            return Answer(response.status, response.headers, body, self.shortcut.given > before)

    async def status(self, who: str, path: str = SNAPSHOTS) -> tuple[int, bool]:
        found = await self.ask(who, path)
        return found.status, found.short

    async def total(self, who: str = "all", path: str = SNAPSHOTS) -> int:
        found = await self.ask(who, path)
        return int(found.json["total"]) if found.status == 200 else -1

    async def twice(self, who: str, path: str = SNAPSHOTS) -> None:
        """So that the next one can go the short way."""
        for _ in range(2):
            assert (await self.status(who, path))[0] == 200

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
async def site(api_cluster: Cluster, tokens: dict[str, str], single: Client, tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(api_cluster, tokens, single, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened(cluster: Cluster, tokens: dict[str, str], redis: Client, scratch: Path) -> AsyncIterator[Site]:
    log = io.StringIO()
    audit.set_up(log)
    reader = StreamReader(redis)
    hub = Hub(reader)
    async with (
        spawning() as spawn, people.office(cluster, scratch, time.time()) as office, controller(redis) as path,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):  # fmt: skip
        data = Data(Servers(office.client), Fresh(redis))
        data.start(spawn)
        limits = Limits(Rates(per_second=10, burst=BURST), clock=office.clock)
        store = MadeStore(redis)
        pushes = Pushes(redis, store, Owners(office.access, store, ScopeStore(redis), data.all.namespaces))
        app = make_app(Parts(office.access, limits, data, reader, hub, pushes))
        runner = QuickRunner(app, app[SHORTCUT], access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made = Site(runner.addresses[0][1], app[SHORTCUT], office, path, session, tokens, log)
        path.journal(KEY).compare(holdings([*_some(60), snapshot("b", BOB, at=99)]), None)

        async def ready() -> bool:
            return not data.problem and (await data.users(*KEY)) == {ALICE, BOB}

        try:
            await until(ready, "the data")
            yield made
        finally:
            await runner.cleanup()
            logging.getLogger(audit.LOGGER).handlers.clear()


def _some(count: int) -> list[Any]:
    return [snapshot(f"a{number}", ALICE, at=number) for number in range(count)]


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/servers", f"{SNAPSHOTS}?limit=7&tenant=alice%40vm-1.team-a"])
@pytest.mark.parametrize("coding", ["", "gzip", "zstd"])
async def test_both_ways_give_the_same(site: Site, path: str, coding: str) -> None:
    accept = {"Accept-Encoding": coding or "identity"}
    first, again = [await site.ask("all", path, **accept) for _ in range(2)]
    assert (first.status, first.short, again.status, again.short) == (200, False, 200, True)
    assert first.body == again.body
    assert first.fixed == again.fixed
    assert first.headers["X-Request-Id"] != again.headers["X-Request-Id"]
    if coding and path == SNAPSHOTS:
        unpack = gzip.decompress if coding == "gzip" else zstd.decompress
        assert len(json.loads(unpack(again.body))["items"]) == 50
        assert again.headers["Content-Encoding"] == coding
    for tag in (again.headers["ETag"], f'"x", W/{again.headers["ETag"]}'):
        known = accept | {"If-None-Match": tag}
        first, again = [await site.ask("all", path, **known) for _ in range(2)]
        assert (first.status, first.short, again.status, again.short) == (304, False, 304, True)
        assert first.fixed == again.fixed


async def test_each_sees_their_own_in_turn(site: Site) -> None:
    for _ in range(3):
        assert (await site.total("all"), await site.total("team-a"), await site.total("nobody")) == (61, 60, -1)
    assert await site.status("team-a") == (200, True)
    assert await site.status("nobody") == (404, False)
    first, again = [await site.ask("team-a", "/api/v1/servers?vmNamespace=team-a") for _ in range(2)]
    assert "spec" not in first.json["items"][0]
    assert again.short
    assert again.body == first.body


async def test_a_walk_with_new_cursors_goes_the_short_way(site: Site) -> None:
    await site.twice("all")
    found, query, given = [], "limit=7", site.shortcut.given
    for _ in range(9):
        page = (await site.ask("all", f"{SNAPSHOTS}?{query}")).json
        found += [one["snapshot"] for one in page["items"]]
        query = f"limit=7&cursor={page.get('next')}"
    assert found == ["b", *(f"a{number}" for number in range(59, -1, -1))]
    assert site.shortcut.given == given + 9
    for wrong in ("cursor=x", "limit=0", "limit=7&cursor=a&cursor=b", "nonsense=1"):
        assert await site.status("all", f"{SNAPSHOTS}?{wrong}") == (400, False)


def test_what_was_used_last_is_kept() -> None:
    kept: _Recent[str, str] = _Recent(100)
    for name in "abc":
        kept.put(name, name, 30)
    assert kept.get("a") == "a"
    kept.put("d", "d", 30)
    assert [name for name in "abcd" if kept.get(name)] == ["a", "c", "d"]
    kept.put("c", "another", 80)
    assert [kept.get(name) for name in "acd"] == [None, "another", None]
    kept.put("large", "x", 101)
    assert kept.get("large") is None
    assert kept.get("c") is None


async def test_news_are_shown(site: Site) -> None:
    await site.twice("all")
    for more in (62, 70, 3):
        site.path.journal(KEY).compare(holdings(_some(more)), None)

        async def there(wanted: int = more) -> bool:
            site.office.clock.now += 1  # for the limit
            return await site.total() == wanted

        await until(there, f"{more} snapshots")
    assert await site.status("all") == (200, True)


async def test_what_is_asked_as_something_else_goes_the_long_way(site: Site) -> None:
    await site.twice("all")
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    for _ in range(2):
        found = [
            await site.ask("all", **trace), await site.ask("all", **{"X-Request-Id": "mine"}),
            await site.ask("all", **{"Impersonate-User": "admin"}), await site.ask("all", method="HEAD"),
        ]  # fmt: skip
        assert [one.status for one in found] == [200, 200, 400, 405]
        assert found[1].headers["X-Request-Id"] == "mine"
        assert not any(one.short for one in found)


async def test_every_request_is_limited_and_in_the_audit_log(site: Site) -> None:
    answers = [await site.status("all") for _ in range(BURST + 3)]
    assert answers == [(200, False), *[(200, True)] * (BURST - 1), *[(429, False)] * 3]
    assert [(one["status"], one["decision"]) for one in site.told] == [
        *[(200, "allowed")] * BURST, *[(429, "limited")] * 3
    ]  # fmt: skip
    first, second = site.told[:2]
    assert first.keys() == second.keys()
    about = ("event", "logger", "user", "verb", "path", "namespace", "name", "decision")
    assert {name: first[name] for name in about} == {name: second[name] for name in about}
    assert len({one["requestId"] for one in site.told}) == BURST + 3
    site.office.clock.now += 0.1
    assert await site.status("all") == (200, True)
    assert (await site.status("all"))[0] == 429


async def test_a_decision_holds_for_half_a_minute(site: Site, api_cluster: Cluster) -> None:
    await site.twice("leaver")
    asked = site.office.client.requests["POST"]
    api_cluster.kubectl("delete", "rolebinding", "-n", "backup-a", "short-leaver-servers-viewer")
    assert await site.status("leaver") == (200, True)
    assert site.office.client.requests["POST"] == asked

    async def gone() -> bool:  # the apiserver's own authoriser hears of it a little later
        site.office.clock.now += DECISION_S
        status, short = await site.status("leaver")
        assert not short
        return status == 404

    await until(gone, "the lost role")
    assert await site.status("leaver") == (404, False)


async def test_an_expired_token_is_refused_at_once(site: Site) -> None:
    await site.twice("all")
    assert await site.status("all") == (200, True)
    site.office.wall.now += 3601
    assert await site.status("all") == (401, False)


async def test_without_the_apiserver_it_fails_closed_once_the_decision_has_expired(
    site: Site, api_cluster: Cluster
) -> None:
    await site.twice("all")
    with api_cluster.without_api():
        assert await site.status("all") == (200, True)
        site.office.clock.now += DECISION_S
        for _ in range(2):
            found = await site.ask("all")
            assert (found.status, found.short) == (503, False)
            assert int(found.headers["Retry-After"]) > 0
    assert (await site.status("all"))[0] == 200
    assert await site.status("all") == (200, True)


async def test_a_deleted_server_is_gone_and_a_new_one_is_another(site: Site, api_cluster: Cluster) -> None:
    await site.twice("all")
    api_cluster.kubectl("delete", "bsls", "-n", *KEY)

    async def gone() -> bool:
        return (await site.status("all"))[0] == 404

    try:
        await until(gone, "its end")
    finally:
        api_cluster.kubectl("apply", "-f", "-", input=objects.to_list(objects.server(*KEY, "default", prefix="vms")))


async def test_without_redis_it_says_so_and_comes_back(
    api_cluster: Cluster, tokens: dict[str, str], tmp_path: Path
) -> None:
    with RedisServer("--appendonly", "no") as server:
        client = connect(server.url)
        async with opened(api_cluster, tokens, client, tmp_path) as site:
            await site.twice("all")
            server.freeze()

            async def away() -> bool:
                site.office.clock.now += 1
                found = await site.ask("all")
                return found.status == 503 and not found.short and int(found.headers["Retry-After"]) > 0

            async def back() -> bool:
                site.office.clock.now += 1
                return await site.status("all") == (200, True)

            try:
                await until(away, "a problem", timeout=40)
            finally:
                server.thaw()
            await until(back, "answers", timeout=40)
        await client.close()


async def test_many_at_once_each_get_their_own(site: Site) -> None:
    """Of all callers and paths, over few connections, while the data changes."""
    stop = asyncio.Event()

    async def change() -> None:
        while not stop.is_set():
            for count in (60, 61):
                site.path.journal(KEY).compare(holdings([*_some(count), snapshot("b", BOB, at=99)]), None)
                site.office.clock.now += 20
                await asyncio.sleep(0.02)

    async def read(who: str, wanted: set[int]) -> None:
        for _ in range(100):
            site.office.clock.now += 0.1  # what they may ask again after: no reader is ever told to wait
            assert await site.total(who) in wanted

    task = asyncio.create_task(change())
    try:
        await asyncio.gather(
            *(read("all", {61, 62}) for _ in range(4)), *(read("team-a", {60, 61}) for _ in range(4)),
            *(read("nobody", {-1}) for _ in range(2)),
        )  # fmt: skip
    finally:
        stop.set()
        await task
    assert site.shortcut.given > 50
