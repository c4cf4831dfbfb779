"""The controller killed at 200 random moments, under load: each line's event is in the stream exactly once."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.demo.vm import Vm
from tests.node.conftest import Site
from tests.node.told import Told, failed_handshakes

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]
ALICE, BOB, NAME = "alice@vm-1", "bob@vm-2", "killed"
KILLS, SEED = 200, 20261125
Json = dict[str, Any]

# Runs as the controller's container: the same process again and again, each time killed at another moment of its life.
KILLER = """
import os, random, signal, sys, time
sys.path[:0] = ["/opt/bsls"]
from backend.cli import controller, main
chance = random.Random(int(sys.argv[1]))
for number in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        sys.argv = ["bsls", "controller"]
        os._exit(main.main())
    time.sleep(chance.uniform(0.02, 1.2))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        sys.exit(f"the controller ended by itself: {status}")
print("killed", number + 1, "times", flush=True)
os.execvp("bsls", ["bsls", "controller"])
"""
BACK_UP = (
    "while [ ! -e /tmp/stop ]; do date > {path}/now; kopia snapshot create {path} >/dev/null 2>&1 || sleep 0.2; done"
)
LIST = "while [ ! -e /tmp/stop ]; do kopia snapshot list >/dev/null 2>&1 || sleep 0.2; done"
GARBAGE = "while [ ! -e /tmp/stop ]; do echo garbage | nc -w 1 {host} {port} >/dev/null 2>&1; done"


@pytest.fixture(scope="module")
def tenants(product: Site, vm: Callable[..., Vm]) -> list[Vm]:
    product.new_server(NAME, product.user_line(ALICE) + product.user_line(BOB))
    product.wait(NAME, "UsersSynced", status="True")
    url = product.wait(NAME, "Available", status="True")["status"]["serviceURL"]
    fingerprint = product.get("bsls", "-n", NAME, NAME)["status"]["tlsFingerprint"]
    found = [vm(ALICE, "vm-1"), vm(BOB, "vm-2")]
    for one in found:
        one.connect(url, fingerprint)
        one.run("mkdir", "-p", "/home/vm/killed")
    return found


@contextmanager
def load(product: Site, tenants: list[Vm]) -> Iterator[None]:
    """Both tenants back up again and again, and somebody sends what is no TLS."""
    host, _, port = product.wait(NAME, "Available")["status"]["serviceURL"].partition(":")
    back_up, garbage = BACK_UP.format(path="/home/vm/killed"), GARBAGE.format(host=host, port=port)
    for one, loops in zip(tenants, ([back_up, LIST, LIST], [back_up, LIST, garbage]), strict=True):
        one.run("/bin/sh", "-c", f"rm -f /tmp/stop; ({' & '.join(loops)}) >/dev/null 2>&1 &")
    yield
    for one in tenants:
        one.run("touch", "/tmp/stop")
    for one in tenants:
        one.run("/bin/sh", "-c", "while pgrep kopia >/dev/null; do sleep 0.1; done")


def container(product: Site) -> Json:
    """The controller's, as the manifests have it."""
    return product.get("deployment", "-n", "bsls-system", "bsls-controller")["spec"]["template"]["spec"]["containers"][
        0
    ]


def run_as(product: Site, changes: Json) -> None:
    """Roll the controller out with another command or other probes."""
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "controller", **changes}]}}}}
    product.kubectl("patch", "deployment", "-n", "bsls-system", "bsls-controller", "-p", json.dumps(patch))
    product.kubectl(
        "rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s", timeout=100
    )


def snapshots_told(found: list[Json]) -> list[str]:
    """Those that were told to be there, each as often as it was told."""
    created = [event["data"]["snapshot"] for event in found if ".snapshot.created." in event["type"]]
    deleted = {event["data"]["snapshot"] for event in found if ".snapshot.deleted." in event["type"]}
    return sorted(one for one in created if one not in deleted)


def snapshots_made(tenants: list[Vm]) -> list[str]:
    return sorted(str(one["id"]) for tenant in tenants for one in tenant.snapshots("--show-identical"))


def test_a_controller_that_is_killed_all_the_time_tells_everything_once(product: Site, tenants: list[Vm]) -> None:
    told = Told(product, NAME, (ALICE, BOB))
    ordinary = {key: value for key, value in container(product).items() if key == "command" or key.endswith("Probe")}
    unprobed = {key: None for key in ordinary if key.endswith("Probe")}  # who lives for a second answers none
    try:
        with load(product, tenants):
            run_as(product, {"command": ["python3", "-c", KILLER, str(SEED), str(KILLS)], **unprobed})
            deadline = time.monotonic() + 2 * KILLS
            while f"killed {KILLS} times" not in product.kubectl(
                "logs", "-n", "bsls-system", "deployment/bsls-controller", timeout=60
            ):
                assert time.monotonic() < deadline, "the controller was not killed as often as it should"
                time.sleep(2)
        found, lines = told.settled()
    finally:
        run_as(product, ordinary)
    counted = len(told.sessions(found)), failed_handshakes(lines)
    print(f"{KILLS} kills, {counted[0]} events of sessions, {counted[1]} failed handshakes")
    assert min(counted) > KILLS / 2, "there was hardly any load"
    again, _ = told.settled()  # nor does an ordinary restart add or lose any
    ids = [event["id"] for event in again]
    assert len(ids) == len(set(ids))
    assert ids[: len(found)] == [event["id"] for event in found]
    assert not [event for event in again if ".stream." in event["type"]], "something was said to be missing"
    log = product.kubectl("logs", "-n", "bsls-system", "deployment/bsls-controller")
    assert not re.findall(rf"applying \w+ {NAME}/.*", log), "a controller that began wrote what was there as it should"
    told.all_relayed()
    deadline = time.monotonic() + 60
    while (there := snapshots_told(told.events())) != (made := snapshots_made(tenants)):
        assert time.monotonic() < deadline, f"told of {there}, made {made}"
        time.sleep(1)
