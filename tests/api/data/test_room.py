"""The whole room on a real apiserver and a real Redis: each caller gets what they may see, and no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backend.api.data.errors import DataUnavailable
from backend.api.data.fresh import Fresh
from backend.api.data.models import LimitedServer, ServerDetail, ServerPage, Tenant
from backend.api.data.query import ServerQuery, SessionQuery, SnapshotQuery, TenantQuery
from backend.api.data.room import Data
from backend.api.data.scope import Scope
from backend.api.data.servers import Servers
from backend.api.http.problem import Problem
from backend.crd.constants import CRD_NAME
from backend.events.connection import Client, connect
from backend.kube.client import KubeClient
from tests import objects
from tests.api.data.helpers import controller, holdings, snapshot, spawning
from tests.api.data.scopes import Everything, Some
from tests.cluster.node import Cluster
from tests.events.helpers import until
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.servers]
MANIFESTS = Path(__file__).parents[3] / "manifests" / "crd"
ALL = Everything()
TEAM_A = Some(tenants_of=frozenset({"team-a"}))
ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
SERVED = {
    "serviceURL": "one.data-a.svc:51515",
    "tlsFingerprint": "ab" * 32,
    "tlsNotAfter": "2027-01-01T00:00:00Z",
    "conditions": [
        {"type": kind, "status": status, "reason": "Because", "message": f"{BOB} is late", "observedGeneration": 1,
         "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind, status in (("Available", "True"), ("Degraded", "True"))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def servers(api_cluster: Cluster) -> Iterator[Cluster]:
    """data-a/one, which is served, data-a/two and data-b/one."""
    api_cluster.kubectl("apply", "--server-side", "-k", str(MANIFESTS))
    api_cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD_NAME}", "--timeout=30s")
    places = [("data-a", "one"), ("data-a", "two"), ("data-b", "one")]
    for namespace in ("data-a", "data-b"):
        api_cluster.kubectl("create", "namespace", namespace)
    made = [objects.server(*place, "bsl", objectives={"maxSnapshotAge": "26h"}) for place in places]
    api_cluster.kubectl("apply", "-f", "-", input=objects.to_list(*made))
    patch(api_cluster, SERVED, "--subresource=status", key="status")
    yield api_cluster
    for namespace in ("data-a", "data-b"):
        api_cluster.kubectl("delete", "-n", namespace, "bsls", "--all")


def patch(cluster: Cluster, body: dict[str, Any], *flags: str, key: str = "spec") -> None:
    text = json.dumps({key: body})
    cluster.kubectl("patch", "-n", "data-a", "bsls", "one", "--type=merge", *flags, "-p", text)


@asynccontextmanager
async def running(cluster: Cluster, redis: Client) -> AsyncIterator[Data]:
    async with spawning() as spawn, await KubeClient.connect(str(cluster.kubeconfig)) as kube:
        data = Data(Servers(kube), Fresh(redis))
        with pytest.raises(DataUnavailable, match="not listed yet"):
            data.servers(ServerQuery(), ALL)
        assert "not listed yet" in data.problem
        data.start(spawn)

        async def ready() -> bool:
            return not data.problem

        await until(ready, "an answer")
        yield data


def names(data: Data, scope: Scope = ALL, **asked: Any) -> list[str]:
    page = data.servers(ServerQuery(**{"namespace": None, **asked}), scope)
    items = json.loads(page.encode())["items"]
    return [f"{one['namespace']}/{one['name']}" for one in items if one["namespace"].startswith("data-")]


async def test_servers_are_listed_as_far_as_they_may_be_seen(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data:
        assert names(data) == ["data-a/one", "data-a/two", "data-b/one"]
        assert {"data-a", "data-b"} <= data.all.namespaces()
        assert names(data, Some(frozenset({"data-b"}))) == names(data, namespace="data-b") == ["data-b/one"]
        assert names(data, namespace="data-a", search="/tw") == ["data-a/two"]
        assert names(data, state="degraded") == names(data, state="available") == ["data-a/one"]
        assert names(data, names="data-b/one,data-a/two,data-a/none") == ["data-a/two", "data-b/one"]
        assert names(data, Some()) == []
        first = data.servers(ServerQuery(namespace="data-a", limit=1), ALL)
        rest = data.servers(ServerQuery(namespace="data-a", limit=1, cursor=first.following), ALL)
        assert [json.loads(page.bodies[0])["name"] for page in (first, rest)] == ["one", "two"]
        assert (first.total, rest.following) == (2, None)
        ServerPage.model_validate_json(first.encode())
        assert names(data, TEAM_A) == ["data-a/one", "data-a/two", "data-b/one"]
        for one in data.servers(ServerQuery(namespace="data-a"), TEAM_A).bodies:
            LimitedServer.model_validate_json(one)
            assert BOB.encode() not in one


async def test_named_servers_are_listed_with_what_they_hold(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data, controller(single) as path:
        path.journal(("data-b", "one")).compare(holdings([snapshot("s1", BOB)]), None)
        asked = ServerQuery(names="data-a/two,data-b/one", figures=True)

        async def told() -> bool:
            items = ServerPage.model_validate_json((await data.servers_now(asked, ALL)).encode()).items
            assert [(one.namespace, one.name) for one in items] == [("data-a", "two"), ("data-b", "one")]
            held = [one.figures and one.figures.snapshots.total for one in items if isinstance(one, ServerDetail)]
            assert held in ([0, 0], [0, 1])
            return held == [0, 1]

        await until(told, "the snapshot")
        seen = await data.servers_now(asked, ALL)
        assert seen.version == (await data.servers_now(asked, ALL)).version
        assert seen.bodies[1] == (await data.server("data-b", "one", ALL)).body
        for team, of_tenants in (("team-a", [0, 0]), ("team-b", [0, 1])):
            limited = await data.servers_now(asked, Some(tenants_of=frozenset({team})))
            items = [LimitedServer.model_validate_json(one) for one in limited.bodies]
            assert [one.figures and one.figures.snapshots.total for one in items] == of_tenants
        first = await data.servers_now(asked.model_copy(update={"limit": 1}), ALL)
        rest = await data.servers_now(ServerQuery(names=asked.names, figures=True, cursor=first.following), ALL)
        assert [*first.bodies, *rest.bodies] == seen.bodies
    with pytest.raises(ValidationError, match="at most 100"):
        ServerQuery(limit=101, figures=True)


async def test_a_changed_server_changes_the_list(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data:
        before = data.servers(ServerQuery(namespace="data-a"), ALL).version
        assert data.servers(ServerQuery(namespace="data-a"), ALL).version == before
        patch(servers, {"objectives": {"maxSnapshotAge": "27h"}})

        async def changed() -> bool:
            return data.servers(ServerQuery(namespace="data-a"), ALL).version != before

        await until(changed, "another version")
        servers.kubectl("apply", "-f", "-", input=objects.to_list(objects.server("data-b", "three", "bsl")))

        async def more() -> bool:
            return "data-b/three" in names(data)

        await until(more, "the new server")
        servers.kubectl("delete", "-n", "data-b", "bsls", "three")

        async def gone() -> bool:
            return "data-b/three" not in names(data)

        await until(gone, "its end")
        with pytest.raises(Problem, match="not-found"):
            await data.server("data-b", "three", ALL)


async def test_each_caller_sees_their_tenants(servers: Cluster, single: Client) -> None:
    place = ("data-a", "one")
    async with controller(single) as path, running(servers, single) as data:
        await data.page(*place, SnapshotQuery(), ALL)
        path.journal(place).compare(holdings([snapshot("a", ALICE), snapshot("b", BOB), snapshot("c", BOB)]), None)

        async def told() -> bool:
            page = await data.page(*place, SnapshotQuery(), ALL)
            return page.total == 3 and len((await data.page(*place, TenantQuery(), ALL)).bodies) == 2

        await until(told, "three snapshots of two tenants")
        assert (await data.page(*place, SnapshotQuery(), TEAM_A)).total == 1
        assert (await data.page(*place, SnapshotQuery(tenant=BOB), TEAM_A)).total == 0
        assert (await data.page(*place, SnapshotQuery(tenant=BOB), ALL)).total == 2
        assert (await data.page(*place, TenantQuery(), TEAM_A)).total == 1
        assert (await data.page(*place, SessionQuery(), TEAM_A)).total == 0
        alice = await data.tenant(*place, ALICE, TEAM_A)
        assert Tenant.model_validate_json(alice.body).snapshots.total == 1
        for user in (BOB, "nobody@vm-9.team-a"):
            with pytest.raises(Problem, match="not-found"):
                await data.tenant(*place, user, TEAM_A)
        detail = ServerDetail.model_validate_json((await data.server(*place, ALL)).body)
        assert detail.figures is not None
        assert (detail.figures.snapshots.total, detail.figures.tenants.total) == (3, 2)
        assert detail.urls is not None
        assert detail.urls.kopia == "https://one.data-a.svc:51515"
        limited = (await data.server(*place, TEAM_A)).body
        figures = LimitedServer.model_validate_json(limited).figures
        assert figures is not None
        assert (figures.snapshots.total, figures.tenants.total) == (1, 1)  # Alice's
        assert BOB.encode() not in limited


async def test_whoever_may_not_know_a_server_gets_no_other_answer(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data:
        asked = (
            lambda name: data.server("data-a", name, Some(frozenset({"data-b"}))),
            lambda name: data.page("data-a", name, SnapshotQuery(), Some(frozenset({"data-b"}))),
            lambda name: data.page("data-a", name, SessionQuery(), Some(frozenset({"data-b"}))),
            lambda name: data.page("data-a", name, TenantQuery(), Some(frozenset({"data-b"}))),
        )
        for ask in asked:
            details = set()
            for name in ("one", "not"):
                with pytest.raises(Problem) as refused:
                    await ask(name)
                details.add((refused.value.kind, refused.value.detail.replace(f"/{name}", "")))
            assert len(details) == 1


async def test_a_tenant_is_told_how_to_connect(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data:
        bundle = data.connect("data-a", "one", ALICE, TEAM_A)
        assert f"--server-cert-fingerprint={'ab' * 32}" in bundle.command
        with pytest.raises(Problem, match="not-found"):
            data.connect("data-a", "one", BOB, TEAM_A)
        with pytest.raises(Problem, match=r"not-ready.*no address") as early:
            data.connect("data-a", "two", ALICE, TEAM_A)
        assert early.value.kind.status == 409
        assert int(early.value.headers["Retry-After"]) > 0


async def test_while_redis_is_away_a_server_has_no_figures(servers: Cluster) -> None:
    with RedisServer() as redis:
        client = connect(redis.url, timeout_s=1)
        async with running(servers, client) as data:
            await data.page("data-a", "one", TenantQuery(), ALL)
            redis.stop()

            async def refused() -> bool:
                try:
                    await data.page("data-a", "one", TenantQuery(), ALL)
                except DataUnavailable as error:
                    return error.kind.status == 503 and int(error.headers["Retry-After"]) > 0
                return False

            await until(refused, "a refusal")
            detail = ServerDetail.model_validate_json((await data.server("data-a", "one", ALL)).body)
            assert detail.figures is None
            (one,) = (await data.servers_now(ServerQuery(names="data-a/one", figures=True), ALL)).bodies
            assert ServerDetail.model_validate_json(one) == detail
            assert LimitedServer.model_validate_json((await data.server("data-a", "one", TEAM_A)).body).figures is None
            assert len(detail.status.conditions) == 2
            redis.start()

            async def answered() -> bool:
                return not await refused()

            await until(answered, "an answer")
        await client.close()


async def test_many_questions_at_once_read_a_server_once(servers: Cluster, single: Client) -> None:
    async with running(servers, single) as data:
        await asyncio.gather(*(data.page("data-b", "one", SnapshotQuery(), ALL) for _ in range(50)))
        assert data.loads <= 3  # servers; the others are read ahead
