"""`bsls api` as a process, with the rights of its manifests, on a real apiserver and Redis: who sees what, and how."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from backend.api.app import DOCUMENT, LIVE, READY
from backend.controller.state_events import ServerView
from backend.events.connection import connect
from tests import objects
from tests.api.data.helpers import controller, holdings, snapshot
from tests.apiserver import api_people as people
from tests.cluster.node import Cluster
from tests.servers.ports import wait_until
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[2]
SERVER = "/api/v1/servers/backup-a/vms"
ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
STATUS = {
    "serviceURL": "vms.backup-a.svc:51515", "tlsFingerprint": "ab" * 32,
    "conditions": [{"type": "Available", "status": "True", "reason": "ServerReady", "message": "It serves.",
                    "lastTransitionTime": "2026-11-25T10:00:00Z", "observedGeneration": 1}],
}  # fmt: skip
Json = dict[str, Any]


@dataclass
class Api:
    url: str
    tokens: dict[str, str]
    redis: RedisServer

    @asynccontextmanager
    async def get(self, who: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        headers |= options.pop("headers", {})
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.url + path, headers=headers, **options) as response,
        ):
            yield response

    async def json(self, who: str, path: str, status: int = 200, **options: Any) -> Json:
        async with self.get(who, path, **options) as response:
            body = await response.text()
            assert response.status == status, body
            return dict(json.loads(body))


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with RedisServer("--appendonly", "no") as server:
        yield server


@pytest.fixture(scope="module")
def tokens(api_cluster: Cluster) -> Iterator[dict[str, str]]:
    people.prepare(api_cluster)
    kubectl = api_cluster.kubectl
    kubectl("apply", "-f", "-", input=objects.to_list(
        objects.server("backup-a", "vms", "default", prefix="vms"),
        objects.server("backup-b", "more", "default", prefix="m"),
    ))  # fmt: skip
    patch = json.dumps({"status": STATUS})
    kubectl("patch", "bsls", "-n", "backup-a", "vms", "--subresource=status", "--type=merge", "-p", patch)
    viewer, tenants = ("clusterrole", "servers-viewer"), ("clusterrole", "bsls-tenant-viewer")
    yield {
        "everything": people.person(api_cluster, "cluster-viewer", (*viewer, "")),
        "backup-a": people.person(api_cluster, "namespace-viewer", (*viewer, "backup-a")),
        "team-a": people.person(api_cluster, "tenant-viewer", (*tenants, "team-a")),
        "nobody": people.person(api_cluster, "nobody"),
    }
    kubectl("delete", "bsls", "-A", "--all")
    kubectl("delete", "clusterrolebinding", "cluster-viewer")


async def tell(redis: RedisServer) -> None:
    """What a controller would have told of the server."""
    client = connect(redis.url)
    async with controller(client) as path:
        made = [snapshot(f"a{number}", ALICE, at=number) for number in range(60)]
        made += [snapshot(f"b{number}", BOB, at=number, path="/srv") for number in range(5)]
        journal = path.journal(("backup-a", "vms"))
        journal.compare(holdings(made), None)
        meta = {"uid": "u1", "name": "vms", "namespace": "backup-a", "creationTimestamp": "2026-11-23T09:00:00Z"}
        journal.observe(ServerView({"metadata": meta, "spec": {"prefix": "vms"}, "status": STATUS}, datetime.now(UTC)))
        async with asyncio.timeout(20):
            while redis.cli("HLEN", "bsls:{backup-a/vms}:snapshots").strip() != "65":
                await asyncio.sleep(0.05)
    await client.close()


@pytest.fixture(scope="module")
def api(
    api_cluster: Cluster, tokens: dict[str, str], redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    asyncio.run(tell(redis))
    scratch = tmp_path_factory.mktemp("api")
    config = yaml.safe_load(api_cluster.kubeconfig.read_text())
    token = api_cluster.kubectl("create", "token", "bsls-api", "-n", "bsls-system", "--duration=1h").strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    (scratch / "kubeconfig").write_text(yaml.safe_dump(config))
    log = scratch / "log"
    command = [sys.executable, "-m", "backend.cli.main", "api", "--kubeconfig", str(scratch / "kubeconfig"),
               "--port", "0", "--redis-url", redis.url]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: "serves on" in log.read_text() or process.poll() is not None, "the API", 30)
        found = re.search(r"serves on \S+ port (\d+)", log.read_text())
        assert found, log.read_text()
        yield Api(f"http://127.0.0.1:{found[1]}", tokens, redis)
        assert process.poll() is None, log.read_text()[-4000:]
    finally:
        process.terminate()
        try:
            code = process.wait(20)
        finally:
            process.kill()
            process.wait()
    text = log.read_text()
    assert code == 0, text[-4000:]
    assert "Traceback" not in text, text
    assert not [one for one in tokens.values() if one in text], "a token in the log"


@pytest.fixture(autouse=True)
async def ready(api: Api) -> None:
    async with asyncio.timeout(30):
        while True:
            async with api.get("", READY) as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.1)


async def test_everyone_lists_what_they_may(api: Api) -> None:
    async def names(who: str, query: str = "") -> list[str]:
        found = await api.json(who, f"/api/v1/servers{query}")
        assert found["total"] == len(found["items"])
        return [f"{one['namespace']}/{one['name']}" for one in found["items"]]

    assert await names("everything") == ["backup-a/vms", "backup-b/more"]
    assert await names("backup-a") == ["backup-a/vms"]
    assert await names("nobody") == []
    assert await names("team-a", "?vmNamespace=team-a") == ["backup-a/vms", "backup-b/more"]
    limited = (await api.json("team-a", "/api/v1/servers?vmNamespace=team-a"))["items"][0]
    assert "spec" not in limited


async def test_one_server(api: Api) -> None:
    found = await api.json("backup-a", SERVER)
    assert found["figures"]["snapshots"]["total"] == 65
    assert found["certificate"]["fingerprint"] == STATUS["tlsFingerprint"]
    assert "figures" not in await api.json("team-a", SERVER)
    assert (await api.json("nobody", SERVER, 404))["type"] == "urn:bsls:problem:not-found"
    await api.json("backup-a", "/api/v1/servers/backup-b/more", 404)
    await api.json("", SERVER, 401)
    await api.json("everything", SERVER, 400, headers={"Impersonate-User": "system:admin"})


async def test_pages_of_snapshots(api: Api) -> None:
    found, cursor = [], ""
    while True:
        page = await api.json("everything", f"{SERVER}/snapshots?limit=20{cursor}")
        assert page["total"] == 65
        found += [one["snapshot"] for one in page["items"]]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found)) == 65
    own = await api.json("team-a", f"{SERVER}/snapshots?limit=500")
    assert {one["user"] for one in own["items"]} == {ALICE}
    assert own["total"] == 60
    assert (await api.json("everything", f"{SERVER}/snapshots?path=/srv"))["total"] == 5
    refused = await api.json("everything", f"{SERVER}/snapshots?limit=0", 400)
    assert "limit" in refused["detail"]


async def test_tenants_and_how_they_connect(api: Api) -> None:
    assert [one["user"] for one in (await api.json("everything", f"{SERVER}/tenants"))["items"]] == [ALICE, BOB]
    assert [one["user"] for one in (await api.json("team-a", f"{SERVER}/tenants"))["items"]] == [ALICE]
    await api.json("team-a", f"{SERVER}/tenants/{BOB}", 404)
    bundle = await api.json("team-a", f"{SERVER}/tenants/{ALICE}/connect")
    assert "--override-username=alice" in bundle["command"]
    assert STATUS["serviceURL"] in bundle["command"]
    await api.json("team-a", f"{SERVER}/tenants/{BOB}/connect", 404)


async def test_events_of_the_past(api: Api) -> None:
    page = await api.json("everything", f"{SERVER}/events?type=snapshot.created&limit=10")
    assert len(page["items"]) == 10
    again = await api.json("everything", f"{SERVER}/events?type=snapshot.created&limit=10&cursor={page['next']}")
    assert not {one["id"] for one in page["items"]} & {one["id"] for one in again["items"]}
    own = await api.json("team-a", f"{SERVER}/events?limit=500")
    assert {one["subject"] for one in own["items"]} == {ALICE}
    everything = await api.json("everything", f"{SERVER}/events?limit=500")
    assert len(everything["items"]) > len(own["items"]) > 60
    assert "next" not in everything
    assert (await api.json("everything", f"{SERVER}/events?type=nonsense", 400))["detail"]
    await api.json("everything", f"{SERVER}/events?cursor=x", 400)
    traces = await api.json("team-a", f"{SERVER}/traces?limit=5")
    assert len(traces["items"]) == 5
    assert {one["subject"] for one in traces["items"]} == {ALICE}


async def test_what_a_client_has_is_not_sent_again(api: Api) -> None:
    for path in ("/api/v1/servers", SERVER, f"{SERVER}/snapshots", f"{SERVER}/events", f"{SERVER}/traces", DOCUMENT):
        async with api.get("everything", path) as response:
            etag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "no-store"
        async with api.get("everything", path, headers={"If-None-Match": etag}) as response:
            assert response.status == 304, path


async def test_the_document_names_every_path(api: Api) -> None:
    found = await api.json("nobody", DOCUMENT)
    assert {"/api/v1/servers", LIVE, "/api/v1/servers/{namespace}/{name}/traces"} <= set(found["paths"])
    async with api.get("everything", "/api/v1/nothing") as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"


async def frames(response: aiohttp.ClientResponse, wanted: int) -> list[Json]:
    """The first events of a stream, each with its position."""
    found: list[Json] = []
    frame: dict[str, str] = {}
    async with asyncio.timeout(20):
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                frame[name] = value
                continue
            if "data" in frame and "id" in frame:
                found.append(json.loads(frame["data"]) | {"position": frame["id"]})
                if len(found) == wanted:
                    return found
            frame = {}
    raise AssertionError("the stream ended")


async def test_live_events(api: Api) -> None:
    """From a position on, and what comes; each caller's own."""
    accept = {"Accept": "text/event-stream"}
    async with api.get("everything", f"{SERVER}/events?since=2025-12-01T00:00:00Z", headers=accept) as response:
        assert response.content_type == "text/event-stream"
        whole = await frames(response, 65)
    resume = accept | {"Last-Event-ID": whole[20]["position"]}
    async with api.get("everything", "/api/v1/events?namespace=backup-a", headers=resume) as response:
        assert await frames(response, 40) == whole[21:61]
    async with api.get("team-a", f"{SERVER}/events?since=2025-12-01T00:00:00Z", headers=accept) as response:
        assert {one["subject"] for one in await frames(response, 40)} == {ALICE}
    async with api.get("nobody", f"{SERVER}/events", headers=accept) as response:
        assert response.status == 404
    await api.json("everything", "/api/v1/events", 406)
    await api.json("everything", f"{SERVER}/events", 400, headers=accept | {"Last-Event-ID": "x"})


async def test_without_redis_it_says_so_and_comes_back(api: Api) -> None:
    api.redis.freeze()
    try:
        async with asyncio.timeout(60):
            while True:
                async with api.get("everything", f"{SERVER}/events") as response:
                    if response.status == 503:
                        assert int(response.headers["Retry-After"]) > 0
                        break
        assert (await api.json("everything", "/api/v1/servers"))["total"] == 2
    finally:
        api.redis.thaw()
    async with asyncio.timeout(30):
        while True:
            async with api.get("everything", f"{SERVER}/snapshots") as response:
                if response.status == 200:
                    break
            await asyncio.sleep(0.1)
