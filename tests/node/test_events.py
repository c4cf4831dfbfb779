"""What happens at a real server is in its stream: once, in order, also when the controller or Kopia is killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.demo.vm import Vm
from tests.node.conftest import Site, kill_kopia
from tests.node.told import Told

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
ALICE, NAME = "alice@vm-1", "told"
Event = dict[str, Any]


def events(product: Site) -> list[Event]:
    return Told(product, NAME, [ALICE]).events()


def kinds(found: list[Event]) -> list[str]:
    return [event["type"].removeprefix("io.openshift.oadp.bsls.").removesuffix(".v1") for event in found]


def wait_for(product: Site, wanted: Callable[[list[Event]], bool], what: str) -> list[Event]:
    deadline = time.monotonic() + 60
    while True:
        found = events(product)
        if wanted(found):
            return found
        assert time.monotonic() < deadline, f"{what}: {kinds(found)}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def alice(product: Site, vm: Callable[..., Vm]) -> Vm:
    product.new_server(NAME, product.user_line(ALICE))
    product.wait(NAME, "UsersSynced", status="True")
    url = product.wait(NAME, "Available", status="True")["status"]["serviceURL"]
    client = vm(ALICE)
    client.connect(url, product.get("bsls", "-n", NAME, NAME)["status"]["tlsFingerprint"])
    client.make_data("/home/vm/told")
    return client


def test_a_backup_is_told(product: Site, alice: Vm) -> None:
    snapshot = alice.snapshot("/home/vm/told")
    found = wait_for(product, lambda all: "snapshot.created" in kinds(all), "a snapshot")
    told = kinds(found)
    assert told[0] == "server.created"
    for one in ("repository.created", "tls.issued", "server.available", "users.synced", "tenant.first-seen"):
        assert told.count(one) == 1, one
    (created,) = [event for event in found if event["type"].endswith("snapshot.created.v1")]
    assert (created["subject"], created["data"]["snapshot"]) == (ALICE, snapshot)
    started = next(event for event in found if event["data"].get("session") == created["data"]["session"])
    assert started["traceparent"][:36] == created["traceparent"][:36]
    assert not [event for event in found if str(event["subject"]).startswith("bsls-probe")]


def test_a_killed_controller_tells_everything_once(product: Site, alice: Vm) -> None:
    for _ in range(2):
        product.kubectl("delete", "pod", "-n", "bsls-system", "-l", "app.kubernetes.io/name=bsls-controller",
                        "--grace-period=0", "--force", "--wait=false")  # fmt: skip
        alice.snapshot("/home/vm/told")
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s")
    found = wait_for(product, lambda all: kinds(all).count("snapshot.created") == 3, "three snapshots")
    ids = [event["id"] for event in found]
    assert len(ids) == len(set(ids))
    pod = product.pod(NAME)["metadata"]["name"]
    log = product.kubectl("logs", "-n", NAME, pod, "-c", "kopia")
    addresses = {line.split(" from ")[1] for line in log.splitlines() if "starting session" in line and ALICE in line}
    found = wait_for(
        product,
        lambda all: (
            sum(k == "session.ended" and e["subject"] == ALICE for k, e in zip(kinds(all), all, strict=True))
            == len(addresses)
        ),
        "the end of every session",
    )
    told = [event for event in found if event["subject"] == ALICE]
    assert kinds(told).count("session.started") == kinds(told).count("session.ended") == len(addresses)
    assert "stream.gap" not in kinds(found)


def test_a_killed_apiserver_delays_events_and_loses_none(product: Site, alice: Vm) -> None:
    """Backups go on without the API; what they left in the log is told afterwards."""
    told = Told(product, NAME, [ALICE])
    loop = "kopia snapshot list >/dev/null"
    alice.run("/bin/sh", "-c", f"rm -f /tmp/stop; (while [ ! -e /tmp/stop ]; do {loop}; done) >/dev/null 2>&1 &")
    before = len(told.sessions(told.events()))
    with product.cluster.without_api():
        time.sleep(5)  # the length of the outage
    alice.run("/bin/sh", "-c", "touch /tmp/stop; while pgrep kopia >/dev/null; do sleep 0.1; done")
    found, _ = told.settled()
    assert len(told.sessions(found)) > before
    assert "stream.gap" not in kinds(found)
    product.wait(NAME, "Available", status="True")


def test_a_killed_kopia_ends_its_sessions(product: Site, alice: Vm) -> None:
    uid = product.pod(NAME)["metadata"]["uid"]
    kill_kopia(product, NAME)
    found = wait_for(product, lambda all: "server.restarted" in kinds(all), "the restart")
    (restarted,) = [event for event in found if event["type"].endswith("server.restarted.v1")]
    assert restarted["data"]["podUid"] == uid
    ended = [event for event in found if event["data"].get("reason") == "server-ended"]
    assert {event["subject"].partition("@")[0] for event in ended} == {"bsls-admin"}
    product.wait(NAME, "Available", status="True")
    assert "stream.gap" not in kinds(events(product))
