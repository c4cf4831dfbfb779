"""`bsls api` as a process, with the rights of its manifests and no others, and what a controller would have told it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, build_opener

import aiohttp
import yaml

from backend.api.app import READY
from backend.controller.state_events import ServerView
from backend.events.connection import connect
from backend.kopia.unread import Unread
from tests import objects
from tests.api.data.helpers import controller, holdings, snapshot
from tests.apiserver import api_people as people
from tests.cluster.node import Cluster
from tests.servers.ports import wait_until
from tests.servers.redis import RedisServer

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SERVER = "/api/v1/servers/backup-a/vms"
ALICE, BOB = "alice@vm-1.team-a", "bob@vm-2.team-b"
UNREAD = {ALICE: "etc/key-of-alice", BOB: "etc/key-of-bob"}  # what no snapshot of theirs could hold
STATUS = {
    "serviceURL": "vms.backup-a.svc:51515", "tlsFingerprint": "ab" * 32,
    "conditions": [{"type": "Available", "status": "True", "reason": "ServerReady", "message": "It serves.",
                    "lastTransitionTime": "2026-11-25T10:00:00Z", "observedGeneration": 1}],
}  # fmt: skip
BEGINNING = "2025-12-01T00:00:00Z"  # before all that is told


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

    async def ready(self) -> None:
        """Until it can answer."""
        async with asyncio.timeout(30):
            while True:
                async with self.get("", READY) as response:
                    if response.status == 200:
                        return
                await asyncio.sleep(0.1)


@dataclass
class Running:
    """`url`: of this machine; `log`: all that it wrote."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def serving(cluster: Cluster, redis_url: str, scratch: Path, *flags: str, code: int = 0) -> Iterator[Running]:
    """The process, until the block ends; then it has to end with `code`, having failed nowhere on its way."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    token = cluster.kubectl("create", "token", "bsls-api", "-n", "bsls-system", "--duration=1h").strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    (scratch / "kubeconfig").write_text(yaml.safe_dump(config))
    log = scratch / "log"
    command = [sys.executable, "-m", "backend.cli.main", "api", "--kubeconfig", str(scratch / "kubeconfig"),
               "--port", "0", "--redis-url", redis_url, *flags]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: "serves on" in log.read_text() or process.poll() is not None, "the API", 30)
        found = re.search(r"serves on \S+ port (\d+)(, without TLS)?", log.read_text())
        assert found, log.read_text()
        yield Running(f"{'http' if found[2] else 'https'}://127.0.0.1:{found[1]}", process, log)
        assert process.poll() is None or code, log.read_text()[-4000:]
    finally:
        process.terminate()
        try:
            ended = process.wait(20)
        finally:
            process.kill()
            process.wait()
    text = log.read_text()
    assert ended == code, text[-4000:]
    assert "Traceback" not in text, text
    assert token not in text, "its own token is in the log"


def wait_ready(url: str) -> None:
    """Until it can answer, whatever its certificate."""
    opener = build_opener(HTTPSHandler(context=ssl._create_unverified_context()))

    def ready() -> bool:
        try:
            with opener.open(url + READY, timeout=10) as response:
                return response.status == 200
        except HTTPError as error:
            error.close()
            return False

    wait_until(ready, "readiness", 30)


def make_servers(cluster: Cluster, status: Json) -> None:
    """Two, of which `backup-a/vms` has this status, and the namespaces and roles of those who ask for them."""
    people.prepare(cluster)
    kubectl = cluster.kubectl
    kubectl("apply", "-f", "-", input=objects.to_list(
        objects.server("backup-a", "vms", "default", prefix="vms"),
        objects.server("backup-b", "more", "default", prefix="m"),
    ))  # fmt: skip
    patch = json.dumps({"status": status})
    kubectl("patch", "bsls", "-n", "backup-a", "vms", "--subresource=status", "--type=merge", "-p", patch)


@contextmanager
def inhabited(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Two servers, and the tokens of people of different rights."""
    make_servers(cluster, STATUS)
    viewer, tenants = ("clusterrole", "servers-viewer"), ("clusterrole", "bsls-tenant-viewer")
    yield {
        "everything": people.person(cluster, "cluster-viewer", (*viewer, "")),
        "backup-a": people.person(cluster, "namespace-viewer", (*viewer, "backup-a")),
        "team-a": people.person(cluster, "tenant-viewer", (*tenants, "team-a")),
        "nobody": people.person(cluster, "nobody"),
    }
    cluster.kubectl("delete", "bsls", "-A", "--all")
    cluster.kubectl("delete", "clusterrolebinding", "cluster-viewer")


async def tell(redis: RedisServer) -> None:
    """What a controller would have told of the server."""
    client = connect(redis.url)
    async with controller(client) as path:
        made = [snapshot(f"a{number}", ALICE, at=number) for number in range(60)]
        made += [snapshot(f"b{number}", BOB, at=number, path="/srv") for number in range(5)]
        made = [replace(one, errors=1, unread=(Unread(UNREAD[one.tenant], "permission denied"),)) for one in made]
        journal = path.journal(("backup-a", "vms"))
        journal.compare(holdings(made), None)
        meta = {"uid": "u1", "name": "vms", "namespace": "backup-a", "creationTimestamp": "2026-11-23T09:00:00Z"}
        journal.observe(ServerView({"metadata": meta, "spec": {"prefix": "vms"}, "status": STATUS}, datetime.now(UTC)))
        async with asyncio.timeout(20):
            while redis.cli("HLEN", "bsls:{backup-a/vms}:snapshots").strip() != "65":
                await asyncio.sleep(0.05)
    await client.close()


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
