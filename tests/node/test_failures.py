"""Everything that goes wrong only with a real pod: produced for real, named in the status, recovered when repaired."""

from __future__ import annotations

import json

import pytest

from tests.demo import site
from tests.node.conftest import Site, kill_kopia

pytestmark = [pytest.mark.node, pytest.mark.timeout(600)]
SERVERS = ("wrong-password", "vanished", "corrupt", "crashing")
FORMAT_BLOB = "oadp-bsls/vms/kopia.repository"


@pytest.fixture(scope="module")
def servers(product: Site) -> None:
    """Several at once: starting them one after the other would take minutes."""
    for name in SERVERS:
        product.new_server(name)
    for name in SERVERS:
        product.wait(name, status="True", timeout=120)


def _restart(product: Site, name: str) -> None:
    product.kubectl("delete", "pod", "-n", name, product.pod(name)["metadata"]["name"], "--wait=false")


def _set_password(product: Site, name: str, password: str) -> None:
    patch = json.dumps({"stringData": {"password": password}})
    product.patch("secret", f"{name}-password", patch, name)


def test_wrong_repository_password(product, servers):
    name = "wrong-password"
    _set_password(product, name, "not the password")
    server = product.wait(name, "RepositoryReady", reason="RepositoryPasswordWrong", timeout=60)
    assert server["status"]["repositoryStatus"] == "Error"
    assert site.condition(server, "Available")["status"] == "False"
    _set_password(product, name, f"repository of {name}")
    product.wait(name, status="True", timeout=60)


def test_repository_vanished_is_noticed_at_run_time_and_never_recreated(product, servers):
    name = "vanished"
    kept = {key: product.s3.get(name, key) for key in product.s3.keys(name, "oadp-bsls/vms/")}
    for key in kept:
        product.s3.delete(name, key)
    product.wait(name, "RepositoryReady", reason="RepositoryVanished", timeout=60)
    _restart(product, name)
    product.wait(name, "RepositoryReady", reason="RepositoryVanished", timeout=60)
    assert FORMAT_BLOB not in product.s3.keys(name), "an empty repository must not take the place of the lost one"
    for key, data in kept.items():
        product.s3.put(name, key, data)
    product.wait(name, status="True", timeout=120)


def test_corrupt_repository_format(product, servers):
    name = "corrupt"
    good = product.s3.get(name, FORMAT_BLOB)
    product.s3.put(name, FORMAT_BLOB, b"garbage" * 50)
    _restart(product, name)
    product.wait(name, "RepositoryReady", reason="RepositoryCorrupt", timeout=60)
    product.s3.put(name, FORMAT_BLOB, good)
    product.wait(name, status="True", timeout=120)


def test_crash_looping(product, servers):
    name = "crashing"
    for _ in range(2):
        kill_kopia(product, name)
    product.wait(name, "Degraded", reason="CrashLooping", timeout=60)
    product.wait(name, status="True", timeout=90)


def test_storage_outage_takes_the_server_out_of_its_service_and_ends_by_itself(product, servers):
    name = "corrupt"
    product.s3.stop()
    try:
        server = product.wait(name, "StorageReady", reason="StorageEndpointUnreachable", timeout=90)
        assert site.condition(product.wait(name, "Available", status="False", timeout=30), "Available")["reason"]
        endpoints = product.get("endpointslice", "-n", name, "-l", f"kubernetes.io/service-name={name}")
        ready = [one["conditions"]["ready"] for item in endpoints["items"] for one in item.get("endpoints") or ()]
        assert not any(ready), server["status"]["conditions"]
    finally:
        product.s3.start()
    product.wait(name, status="True", timeout=60)


def test_unschedulable(product):
    name = "unschedulable"
    wanted = {"loadAffinity": {"nodeSelector": {"matchLabels": {"disk": "fast"}}}}
    product.new_server(name, podConfig=wanted)
    product.wait(name, "Degraded", reason="PodUnschedulable", timeout=60)
    product.kubectl("label", "node", product.cluster.node_name, "disk=fast")
    product.wait(name, status="True", timeout=60)
    product.kubectl("delete", "bsls", "-n", name, name)


def test_out_of_memory(product):
    name = "oom"
    product.new_server(name, podConfig={"podResources": {"limits": {"memory": "48Mi"}}})
    product.wait(name, "Degraded", reason="OOMKilled", timeout=60)
    repaired = {"spec": {"podConfig": {"podResources": {"limits": {"memory": "1Gi"}}}}}
    product.patch("bsls", name, json.dumps(repaired))
    product.wait(name, status="True", timeout=60)
    product.kubectl("delete", "bsls", "-n", name, name)


def test_image_missing(product):
    """The image is the controller's setting: last, as it concerns every server."""
    for name in SERVERS:
        product.kubectl("delete", "bsls", "-n", name, name, check=False)
    target = ("-n", "bsls-system", "deployment/bsls-controller")
    product.kubectl("set", "env", *target, "BSLS_IMAGE=bsls:missing")
    product.kubectl("rollout", "status", *target, "--timeout=60s", timeout=70)
    name = "no-image"
    product.new_server(name)
    try:
        product.wait(name, "Degraded", reason="ImageUnavailable", timeout=60)
    finally:
        product.kubectl("set", "env", *target, f"BSLS_IMAGE={site.LOCAL_IMAGE}")
        product.kubectl("rollout", "status", *target, "--timeout=60s", timeout=70)
    product.wait(name, status="True", timeout=90)
    product.kubectl("delete", "bsls", "-n", name, name)
