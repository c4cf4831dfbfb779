"""Redis stands still, is full, takes no writes, loses everything, is killed: then the stream is complete again."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.demo.vm import Vm
from tests.node.conftest import Site, frozen, kill_kopia, redis_pod, signal_process
from tests.node.told import Told, redis
from tests.servers.ports import wait_until

OUTAGE_S = float(os.environ.get("BSLS_OUTAGE_S", "0"))  # how long Redis stands still at least
pytestmark = [pytest.mark.node, pytest.mark.timeout(400 + OUTAGE_S)]
ALICE, NAME = "alice@vm-1", "faults"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def alice(product: Site, vm: Callable[..., Vm]) -> Vm:
    product.new_server(NAME, product.user_line(ALICE))
    product.wait(NAME, "UsersSynced", status="True")
    url = product.wait(NAME, "Available", status="True")["status"]["serviceURL"]
    client = vm(ALICE)
    client.connect(url, product.get("bsls", "-n", NAME, NAME)["status"]["tlsFingerprint"])
    client.make_data("/home/vm/faults", megabytes=1)
    return client


@pytest.fixture
def told(product: Site, alice: Vm) -> Told:
    """All that happened so far is in the stream."""
    product.wait(NAME, "EventsPublished", status="True")
    told = Told(product, NAME, [ALICE])
    told.settled()
    return told


def redis_container(product: Site) -> Json:
    (status,) = redis_pod(product)["status"]["containerStatuses"]
    return dict(status)


def back_up_meanwhile(product: Site, alice: Vm, cause: str) -> str:
    """Backups go on while no event can be written, and the status says why none is; the snapshot."""
    snapshot = alice.snapshot("/home/vm/faults")
    server = product.wait(NAME, "EventsPublished", reason="EventStoreFails", timeout=60)
    (found,) = [one for one in server["status"]["conditions"] if one["type"] == "EventsPublished"]
    assert re.search(cause, found["message"]), found["message"]
    alice.snapshot("/home/vm/faults")
    return snapshot


def complete_again(product: Site, told: Told, snapshot: str) -> list[Json]:
    """Everything was told once, in its order, without a gap."""
    product.wait(NAME, "EventsPublished", status="True", timeout=60)
    found, _ = told.settled()
    deadline = time.monotonic() + 30
    while snapshot not in (created := [one["data"].get("snapshot") for one in found if ".created." in one["type"]]):
        assert time.monotonic() < deadline, created
        time.sleep(0.5)
        found = told.events()
    assert created.count(snapshot) == 1
    ids = [event["id"] for event in found]
    assert len(ids) == len(set(ids))
    assert not [event for event in found if ".stream." in event["type"]]
    told.all_relayed()
    return found


def test_a_redis_that_stands_still(product: Site, alice: Vm, told: Told) -> None:
    with frozen(product):
        until = time.monotonic() + OUTAGE_S
        snapshot = back_up_meanwhile(product, alice, "did not answer in time")
        while time.monotonic() < until:
            alice.snapshot("/home/vm/faults")
            time.sleep(2)  # a backup now and then
    complete_again(product, told, snapshot)


def test_a_full_redis(product: Site, alice: Vm, told: Told) -> None:
    redis(product, "CONFIG", "SET", "maxmemory", "1mb")
    try:
        snapshot = back_up_meanwhile(product, alice, "full|memory")
    finally:
        redis(product, "CONFIG", "SET", "maxmemory", "1gb")
    complete_again(product, told, snapshot)


def test_a_redis_that_became_a_replica(product: Site, alice: Vm, told: Told) -> None:
    redis(product, "REPLICAOF", "192.0.2.1", "6379")
    try:
        snapshot = back_up_meanwhile(product, alice, "read-only|replica")
    finally:
        redis(product, "REPLICAOF", "NO", "ONE")
    complete_again(product, told, snapshot)


def test_a_killed_redis(product: Site, alice: Vm, told: Told) -> None:
    before = alice.snapshot("/home/vm/faults")
    restarts = redis_container(product)["restartCount"]
    signal_process(redis_pod(product), "redis-server", signal.SIGKILL)
    alice.snapshot("/home/vm/faults")
    deadline = time.monotonic() + 60
    while (now := redis_container(product))["restartCount"] == restarts or not now["ready"]:
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    complete_again(product, told, before)


def test_a_flushed_redis_is_told_everything_again_under_the_same_ids(product: Site, alice: Vm, told: Told) -> None:
    before = told.events()
    redis(product, "FLUSHALL")
    snapshot = alice.snapshot("/home/vm/faults")
    again = complete_again(product, told, snapshot)
    of_sessions = told.sessions(before)
    assert of_sessions
    assert told.sessions(again)[: len(of_sessions)] == of_sessions
    there = {str(one["id"]) for one in alice.snapshots("--show-identical")}
    assert there <= {event["data"].get("snapshot") for event in again}


def test_what_was_lost_meanwhile_is_an_event_with_its_times(product: Site, alice: Vm, told: Told) -> None:
    """Two restarts of Kopia within an outage: kubelet keeps the log of only one."""
    with frozen(product):
        logs: list[list[str]] = []
        for _ in range(2):
            alice.snapshot("/home/vm/faults")
            logs.append(told.log())
            kill_kopia(product, NAME)
            product.wait(NAME, "Available", status="False")
            url = product.wait(NAME, "Available", status="True", timeout=120)["status"]["serviceURL"]
            wait_until(lambda url=url: alice.reaches(url), "the node to send to the pod that is ready again", 30)
        alice.snapshot("/home/vm/faults")
    product.wait(NAME, "EventsPublished", status="True", timeout=60)
    deadline = time.monotonic() + 60
    while True:
        found, must = told.events(), told.must(told.log())
        gaps = [event for event in found if event["type"].endswith("stream.gap.v1")]
        if gaps and told.sessions(found)[-len(must) :] == must:
            break
        assert time.monotonic() < deadline, (told.sessions(found)[-len(must) :], must, gaps)
        time.sleep(1)
    (gap,) = gaps
    first, last = gap["data"]["from"], gap["data"]["to"]
    assert logs[0][0] < first <= logs[0][-1].partition(" ")[0] < last, "not the time range of what is missing"
    assert last <= logs[1][0].partition(" ")[0], "what kubelet still held was not read"
    before = [one for one in told.must(logs[0]) if one[0].partition(".")[2] <= first]
    assert [one for one in told.sessions(found) if one in before] == before
    assert "restarted" in gap["data"]["reason"]
    ids = [event["id"] for event in found]
    assert len(ids) == len(set(ids))
