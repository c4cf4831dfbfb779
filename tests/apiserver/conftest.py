"""The real controller and API as child processes, with the permissions that the manifests give them and no others."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.apiserver.api_process import Api, inhabited, serving, tell, wait_ready
from tests.apiserver.place import Place, poll
from tests.cluster.node import Cluster
from tests.demo import site
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer
from tests.servers.seaweed import Seaweed

ROOT = Path(__file__).resolve().parents[2]
PROBE_INTERVAL_S = 1


@dataclass
class Controller:
    log: Path
    namespace: str
    secrets: set[str]
    port: int  # of its probes and metrics


def _kubeconfig(cluster: Cluster, path: Path) -> None:
    """The admin's kubeconfig with the ServiceAccount's token in the stead of the admin's certificate."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    token = cluster.kubectl("create", "token", "bsls-controller", "-n", "bsls-system", "--duration=1h").strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    path.write_text(yaml.safe_dump(config))


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """The log of all controllers, and every secret value that the tests gave them."""
    return tmp_path_factory.mktemp("controller") / "controller.log", set()


@contextmanager
def controlling(cluster: Cluster, namespace: str, log: Path, scratch: Path, *flags: str) -> Iterator[int]:
    """The process, admitted to a namespace, until the block ends; the port of its probes and metrics."""
    site.install(cluster.kubectl, wait=False)
    site.admit(cluster.kubectl, namespace)
    _kubeconfig(cluster, scratch / "kubeconfig")
    (port,) = free_ports(1)
    command = [
        sys.executable, "-m", "backend.cli.main", "controller", "--kubeconfig", str(scratch / "kubeconfig"),
        "--image", "bsls:dev", "--namespace", "bsls-system", "--probe-interval", str(PROBE_INTERVAL_S),
        "--log-level", "debug", "--probe-port", str(port), *flags,
    ]  # fmt: skip
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield port
        assert process.poll() is None, f"the controller ended: {log.read_text()[-4000:]}"
    finally:
        process.terminate()
        try:
            code = process.wait(20)
        finally:
            process.kill()
            process.wait()
    text = log.read_text()
    assert code == 0, text[-4000:]
    assert "Traceback" not in text, text[text.index("Traceback") :][:4000]


@pytest.fixture(scope="module")  # gone before other modules write what a controller would write over
def controller(
    api_cluster: Cluster, seaweed: Seaweed, told: tuple[Path, set[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controller]:
    namespace = "conditions"
    log, known = told
    with controlling(api_cluster, namespace, log, tmp_path_factory.mktemp("controller")) as port:
        yield Controller(log, namespace, known, port)


@pytest.fixture
def make_place(controller: Controller, api_cluster: Cluster, seaweed: Seaweed) -> Iterator[Callable[..., Place]]:
    """Places under names of their own; their servers and locations go with the test."""
    made: list[Place] = []

    def make(namespace: str = "") -> Place:
        name = f"s{secrets.token_hex(4)}"
        place = Place(api_cluster.kubectl, seaweed, namespace or controller.namespace, name, controller.secrets)
        made.append(place)
        return place

    yield make
    for place in made:
        place.kubectl("delete", "-n", place.namespace, "bsls", place.name, "--ignore-not-found", "--wait=false")
        place.kubectl("delete", "bsl", "-n", place.namespace, place.location, "--ignore-not-found", "--wait=false")


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture
def settled(place: Place) -> Place:
    """A server with all its objects; no pod runs here, so this is where it stays."""
    place.build()
    settle(place)
    return place


def settle(place: Place) -> None:
    place.wait_for("StorageReady", status="True")
    place.wait_for("TLSReady", status="True")
    poll(lambda: place.get("deployment", f"{place.name}-kopia"), bool, "the Deployment")


@pytest.fixture(scope="module")
def api_redis() -> Iterator[RedisServer]:
    with RedisServer("--appendonly", "no") as server:
        yield server


@pytest.fixture(scope="module")
def api_tokens(api_cluster: Cluster) -> Iterator[dict[str, str]]:
    with inhabited(api_cluster) as tokens:
        yield tokens


@pytest.fixture(scope="module")
def api(
    api_cluster: Cluster, api_tokens: dict[str, str], api_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Api]:
    """Two servers, one of them with 65 snapshots of two tenants, and what each of `api_tokens` is shown of them."""
    asyncio.run(tell(api_redis))
    with serving(api_cluster, api_redis.url, tmp_path_factory.mktemp("api")) as running:
        wait_ready(running.url)
        yield Api(running.url, api_tokens, api_redis)
    assert not [one for one in api_tokens.values() if one in running.log.read_text()], "a token in the log"
