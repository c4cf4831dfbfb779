"""The dispatcher, installed by its manifests, pushes a real server's events to a receiver outside of the cluster."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.demo import site
from tests.dispatch.go_receiver import GoReceiver, go_receiver
from tests.node.conftest import Site
from tests.servers.ports import free_ports

pytestmark = pytest.mark.node
NAME = "pushed"
Json = dict[str, Any]
_CLI = 'REDISCLI_AUTH=$PASSWORD redis-cli --raw XRANGE "bsls:{%s}:events" - +'
_OTHER_PORT = """
patches:
  - target: {kind: NetworkPolicy, name: bsls-dispatcher}
    patch: |
      - {op: add, path: /spec/egress/2/ports/-, value: {protocol: TCP, port: %d}}
"""


@pytest.fixture(scope="module")
def receiver(product: Site, receiver_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoReceiver]:
    log = tmp_path_factory.mktemp("receiver") / "log"
    with go_receiver(receiver_binary, log, f"{product.cluster.host_ip}:{free_ports(1)[0]}") as running:
        yield running


def install(product: Site, receiver: GoReceiver, folder: Path, *, open_port: bool) -> None:
    """As its kustomization says, with settings of our own; `open_port`: with the patch for a sink's other port."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(site.MANIFESTS / "dispatcher", folder)
    host, _, port = receiver.url.removeprefix("http://").removesuffix("/events").partition(":")
    (folder / "settings.yaml").write_text(yaml.safe_dump({
        "targets": [{"scheme": "http", "host": host, "port": int(port), "networks": [f"{host}/32"]}],
        "subscriptions": [{"name": "outside", "sink": receiver.url, "mode": "binary", "start": "earliest",
                           "timeout": "2s", "servers": [f"{NAME}/*"],
                           "retry": {"firstWait": "1s", "longestWait": "1s"}}],
    }))  # fmt: skip
    if open_port:
        file = folder / "kustomization.yaml"
        file.write_text(file.read_text() + _OTHER_PORT % int(port))
    product.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(folder))
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-dispatcher", "--timeout=90s")


def status(product: Site) -> Json:
    command = ("exec", "-n", "bsls-system", "deployment/bsls-dispatcher", "--")
    return dict(json.loads(product.kubectl(*command, "bsls", "subscriptions", "status", "outside", "-o", "json")))


def wait_for(found: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not found():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def stream(product: Site) -> list[str]:
    """Ids of the server's events, in their order."""
    command = ("exec", "-n", "bsls-system", "deployment/bsls-redis", "--", "sh", "-c", _CLI % f"{NAME}/{NAME}")
    return [json.loads(line)["id"] for line in product.kubectl(*command).splitlines() if line.startswith("{")]


def pushed(receiver: GoReceiver) -> list[str]:
    """Each once, in the order of first deliveries."""
    return list(dict.fromkeys(one["event"]["id"] for one in receiver.taken()))


def test_a_real_servers_events_are_pushed(product: Site, receiver: GoReceiver, tmp_path: Path) -> None:
    product.new_server(NAME, product.user_line("alice@vm-1"))
    product.wait(NAME, "Available", status="True")
    install(product, receiver, tmp_path / "dispatcher", open_port=False)
    wait_for(lambda: status(product)["failures"] > 0, "the NetworkPolicy refuses")
    assert status(product)["held"]
    assert receiver.taken() == []
    install(product, receiver, tmp_path / "dispatcher", open_port=True)
    wait_for(lambda: {*stream(product)} == {*pushed(receiver)}, "all events")
    assert pushed(receiver) == stream(product)
    taken = receiver.taken()
    assert {one["mode"] for one in taken} == {"binary"}
    assert f"/namespaces/{NAME}/backupstoragelocationservers/{NAME}" in taken[0]["event"]["source"]


def test_the_other_replica_takes_over(product: Site, receiver: GoReceiver) -> None:
    label = "app.kubernetes.io/name=bsls-dispatcher"
    holder = status(product)["holder"]
    assert holder in [one["metadata"]["name"] for one in product.get("pods", "-n", "bsls-system", "-l", label)["items"]]
    product.kubectl("delete", "pod", "-n", "bsls-system", holder, "--grace-period=0", "--force", "--wait=false")
    before = len(stream(product))
    product.kubectl("delete", "bsls", "-n", NAME, NAME)
    wait_for(lambda: len(stream(product)) > before, "an event")
    wait_for(lambda: {*stream(product)} == {*pushed(receiver)}, "all events")
    assert pushed(receiver) == stream(product)
    assert status(product)["holder"] not in {"", holder}
