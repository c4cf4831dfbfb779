"""What the pages show: the real `bsls api --ui` on a real apiserver with 1,000 servers, and a real Redis, where one of
them has a history of 100,000 snapshots.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from backend.events.keys import ServerKeys
from backend.kube.client import KubeClient
from backend.kube.resources import BSLS
from benchmarks.api_list import history
from tests import objects
from tests.apiserver import api_people as people
from tests.cluster import console as built
from tests.cluster.node import Cluster
from tests.console.conftest import STATUS
from tests.console.server import UiServer
from tests.servers.redis import RedisServer

SERVERS = 1000
NAMESPACE, BUSY = history.KEYS.namespace, history.KEYS.name
SHOWN = tuple(f"{NAMESPACE}/many-{number:04}" for number in range(50))
"""The first page of the list."""
_AT_ONCE = 50
_EACH = 5  # snapshots of the other servers


@dataclass(frozen=True)
class Site:
    url: str
    token: str
    redis: RedisServer
    built: Path


@contextmanager
def site(scratch: Path) -> Iterator[Site]:
    with Cluster("api") as cluster, RedisServer() as redis:
        people.prepare(cluster)
        asyncio.run(_make_servers(str(cluster.kubeconfig)))
        _fill(redis.port)
        token = people.person(cluster, "benchmark", ("clusterrole", "servers-viewer", ""))
        pages = built.pages()
        server = UiServer(cluster, redis.url, pages, scratch)
        server.start()
        try:
            yield Site(server.url, token, redis, pages)
        finally:
            server.stop()


async def _make_servers(kubeconfig: str) -> None:
    limit = asyncio.Semaphore(_AT_ONCE)
    async with await KubeClient.connect(kubeconfig) as client:

        async def make(name: str) -> None:
            async with limit:
                await client.create(BSLS, NAMESPACE, objects.server(NAMESPACE, name, "default", prefix=name))
                await client.merge_patch(
                    BSLS, NAMESPACE, name, {"status": STATUS}, manager="benchmark", subresource="status"
                )

        names = [BUSY, *(f"many-{number:04}" for number in range(SERVERS - 1))]
        await asyncio.gather(*map(make, names))


def _fill(port: int) -> None:
    made = list(history.bodies())
    with Redis(port=port) as client:
        for start in range(0, len(made), 5000):
            client.hset(history.KEYS.snapshots, mapping=dict(made[start : start + 5000]))
        with client.pipeline() as pipe:
            for number in range(SERVERS - 1):
                pipe.hset(ServerKeys(NAMESPACE, f"many-{number:04}").snapshots, mapping=dict(made[-_EACH:]))
            pipe.execute()
