"""Changes reach the pod without a human, and a restart waits for running backups."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime

import pytest

from backend.controller.certificates import mint_ca, mint_leaf
from backend.controller.drain import active_sessions
from tests import objects
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME = "rotation"


@pytest.fixture(scope="module")
def server(product: Site) -> dict:
    product.new_server(NAME, product.user_line("dave@vm-4"))
    product.wait(NAME, status="True", timeout=60)
    return product.wait(NAME, "UsersSynced", status="True", timeout=30)


def _tls_secret(name: str) -> dict:
    now = datetime.now(UTC)
    leaf = mint_leaf(mint_ca("given", now), [f"{NAME}.{NAME}.svc"], now)
    return objects.secret(NAME, name, {"tls.crt": leaf.certificate, "tls.key": leaf.key}, "kubernetes.io/tls")


def _wait_for_sessions(product: Site, user: str) -> None:
    """Until the server has logged a session that has not ended."""
    deadline = time.monotonic() + 30
    while True:
        log = product.kubectl("logs", "-n", NAME, f"deployment/{NAME}-kopia", "-c", "kopia")
        if active_sessions(log.splitlines()):
            return
        assert time.monotonic() < deadline, f"no session of {user}"
        time.sleep(0.2)


def test_a_given_certificate_is_served_after_running_sessions_ended(product, server, vm):
    tenant = vm("dave@vm-4", "vm-1")
    tenant.connect(server["status"]["serviceURL"], server["status"]["tlsFingerprint"])
    # a client that stays: its standard input is held open, so its snapshot and its session go on
    script = (
        "mkfifo /home/vm/pipe; "
        "( exec 3>/home/vm/pipe; echo start >&3; while [ ! -e /home/vm/go ]; do sleep 0.2; done ) & "
        "kopia snapshot create /home/vm/stdin --stdin-file=x </home/vm/pipe >/home/vm/slow.log 2>&1; "
        "echo $? >/home/vm/slow.rc"
    )
    tenant.run("/bin/sh", "-c", f"( {script} ) </dev/null >/dev/null 2>&1 &")
    _wait_for_sessions(product, "dave@vm-4")
    pod = product.pod(NAME)["metadata"]["uid"]
    product.apply(_tls_secret("given"))
    product.patch("bsls", NAME, json.dumps({"spec": {"tls": {"secretName": "given"}}}))
    waiting = product.wait(NAME, "Progressing", reason="DrainingSessions", timeout=30)
    assert product.pod(NAME)["metadata"]["uid"] == pod, "the pod must not restart under a running backup"
    assert waiting["status"]["tlsFingerprint"] == server["status"]["tlsFingerprint"]
    tenant.run("touch", "/home/vm/go")
    tenant.run("/bin/sh", "-c", "while [ ! -e /home/vm/slow.rc ]; do sleep 0.2; done")
    assert tenant.run("cat", "/home/vm/slow.rc").strip() == "0", tenant.run("cat", "/home/vm/slow.log")
    product.wait(NAME, "Progressing", reason="Settled", timeout=90)
    after = product.wait(NAME, status="True", timeout=30)
    assert after["status"]["tlsFingerprint"] != server["status"]["tlsFingerprint"]
    assert product.pod(NAME)["metadata"]["uid"] != pod
    tenant.connect(after["status"]["serviceURL"], after["status"]["tlsFingerprint"])
    assert len(tenant.snapshots("--all")) == 1
    tenant.disconnect()


def test_a_broken_rotation_never_reaches_the_pod(product, server):
    before = product.wait(NAME, status="True", timeout=60)
    pod = product.pod(NAME)["metadata"]["uid"]
    broken = {"data": {"tls.key": base64.b64encode(b"garbage").decode()}}
    product.patch("secret", "given", json.dumps(broken), NAME)
    after = product.wait(NAME, "TLSReady", reason="TLSKeyMalformed", timeout=30)
    assert (
        product.wait(NAME, "Available", status="True")["status"]["tlsFingerprint"] == after["status"]["tlsFingerprint"]
    )
    assert after["status"]["tlsFingerprint"] == before["status"]["tlsFingerprint"]
    assert product.pod(NAME)["metadata"]["uid"] == pod


def test_a_changed_location_restarts_the_pod(product, server):
    pod = product.pod(NAME)["metadata"]["uid"]
    product.patch("bsl", NAME, json.dumps({"spec": {"config": {"region": "eu-west-1"}}}))
    deadline = time.monotonic() + 60
    while product.pod(NAME)["metadata"]["uid"] == pod:
        assert time.monotonic() < deadline, product.wait(NAME)["status"]
        time.sleep(0.2)
    product.wait(NAME, "Available", status="True", timeout=60)
    product.kubectl("delete", "bsls", "-n", NAME, NAME)
