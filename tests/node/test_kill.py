"""The controller killed at 200 random moments, under load: each line's event is in the stream exactly once."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.demo.vm import Vm
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(900)]
ALICE, BOB, NAME = "alice@vm-1", "bob@vm-2", "killed"
KILLS, SEED = 200, 20261125
Json = dict[str, Any]

# Runs as the controller's container: the same process again and again, each time killed at another moment of its life.
KILLER = """
import os, random, signal, sys, time
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
GARBAGE = "while [ ! -e /tmp/stop ]; do echo garbage | nc -w 1 {host} {port} >/dev/null 2>&1; done"
SESSION = re.compile(
    r'(\S+) \{"l":"INFO",.*"m":"(starting session|session ended) for user \\"([^\\]+)\\" from (\S+)"\}'
)
HANDSHAKE = re.compile(r"\S+ \S+ \S+ http: TLS handshake error from \S+: (?!EOF$)")


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
    loops = [BACK_UP.format(path="/home/vm/killed")] * 2
    loops[1] += " & " + GARBAGE.format(host=host, port=port)
    for one, loop in zip(tenants, loops, strict=True):
        one.run("/bin/sh", "-c", f"rm -f /tmp/stop; ({loop}) >/dev/null 2>&1 &")
    yield
    for one in tenants:
        one.run("touch", "/tmp/stop")
    for one in tenants:
        one.run("/bin/sh", "-c", "while pgrep kopia >/dev/null; do sleep 0.1; done")


def run_as(product: Site, *command: str) -> None:
    """Roll the controller out with another command."""
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "controller", "command": list(command)}]}}}}
    product.kubectl("patch", "deployment", "-n", "bsls-system", "bsls-controller", "-p", json.dumps(patch))
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s")


def redis(product: Site, *command: str) -> str:
    quoted = " ".join(f"'{word}'" for word in command)
    script = f"REDISCLI_AUTH=$PASSWORD redis-cli --raw {quoted}"
    return product.kubectl("exec", "-n", "bsls-system", "deployment/bsls-redis", "--", "sh", "-c", script, timeout=60)


def events(product: Site) -> list[Json]:
    told = redis(product, "XRANGE", f"bsls:{{{NAME}/{NAME}}}:events", "-", "+")
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def relayed(product: Site) -> list[Json]:
    """The server's events in the stream of all servers."""
    told = redis(product, "XRANGE", "bsls:events", "-", "+")
    batches = [json.loads(line) for line in told.splitlines() if line.startswith("[{")]
    return [event for batch in batches for event in batch if f"/namespaces/{NAME}/" in event["source"]]


def log_of(product: Site) -> list[str]:
    pod = product.pod(NAME)["metadata"]["name"]
    return product.kubectl("logs", "-n", NAME, pod, "-c", "kopia", "--timestamps", timeout=60).splitlines()


def sessions_of(lines: list[str], uid: str) -> list[tuple[str, str]]:
    """Id and type of the events that the session lines of tenants must have become."""
    made: list[tuple[str, str]] = []
    streams: Counter[tuple[str, str]] = Counter()
    moments: Counter[str] = Counter()
    for line in lines:
        moment = line.partition(" ")[0]
        moments[moment] += 1
        found = SESSION.fullmatch(line)
        if found is None or found[3] not in {ALICE, BOB}:
            continue
        name = f"{uid}.{moment}" + (f".{moments[moment]}" if moments[moment] > 1 else "")
        key = (found[3], found[4])
        started = found[2] == "starting session"
        streams[key] += 1 if started else -1
        if streams[key] == int(started):
            made.append((name, "started" if started else "ended"))
    return made


def told_sessions(found: list[Json]) -> list[tuple[str, str]]:
    return [
        (event["id"], event["type"].split(".")[-2])
        for event in found
        if ".session.started." in event["type"] or ".session.ended." in event["type"]
        if event["subject"] in {ALICE, BOB}
    ]


def handshakes_told(product: Site, found: list[Json]) -> int:
    """All that were told, with those that an event counts, and those that the next event will count."""
    told = [event["data"].get("suppressed", 0) + 1 for event in found if ".tls.handshake-failed." in event["type"]]
    cursor = json.loads(redis(product, "HGET", f"bsls:{{{NAME}/{NAME}}}:meta", "cursor"))
    return sum(told) + (cursor["limits"].get("tls") or [0, 0, 0])[2]


def settled(product: Site) -> tuple[list[Json], list[str]]:
    """Stream and log when both stand still: nobody connects any more, and what was logged is told."""
    deadline = time.monotonic() + 90
    while True:
        lines, found = log_of(product), events(product)
        wanted = sessions_of(lines, product.pod(NAME)["metadata"]["uid"])
        handshakes = sum(HANDSHAKE.match(line) is not None for line in lines)
        if told_sessions(found) == wanted and handshakes_told(product, found) == handshakes:
            return found, lines
        if time.monotonic() > deadline:
            assert told_sessions(found) == wanted
            assert handshakes_told(product, found) == handshakes
        time.sleep(1)


def test_a_controller_that_is_killed_all_the_time_tells_everything_once(product: Site, tenants: list[Vm]) -> None:
    try:
        with load(product, tenants):
            run_as(product, "python", "-c", KILLER, str(SEED), str(KILLS))
            deadline = time.monotonic() + 2 * KILLS
            while f"killed {KILLS} times" not in product.kubectl(
                "logs", "-n", "bsls-system", "deployment/bsls-controller", timeout=60
            ):
                assert time.monotonic() < deadline, "the controller was not killed as often as it should"
                time.sleep(2)
        found, lines = settled(product)
    finally:
        run_as(product, "bsls", "controller")
    assert len(sessions_of(lines, "")) > KILLS, "there was hardly any load"
    assert sum(HANDSHAKE.match(line) is not None for line in lines) > KILLS
    again, _ = settled(product)  # nor does an ordinary restart add or lose any
    ids = [event["id"] for event in again]
    assert len(ids) == len(set(ids))
    assert ids[: len(found)] == [event["id"] for event in found]
    assert not [event for event in again if ".stream." in event["type"]], "something was said to be missing"
    made = {str(one["id"]) for tenant in tenants for one in tenant.snapshots("--show-identical")}
    created = [event["data"]["snapshot"] for event in again if ".snapshot.created." in event["type"]]
    deleted = [event["data"]["snapshot"] for event in again if ".snapshot.deleted." in event["type"]]
    assert sorted(set(created) - set(deleted)) == sorted(made)
    assert len(created) == len(set(created))
    deadline = time.monotonic() + 30
    while relayed(product) != events(product):
        assert time.monotonic() < deadline, "the stream of all servers is another one"
        time.sleep(1)
