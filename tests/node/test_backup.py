"""The main job: a server becomes Available, tenants back up and restore, deletion keeps the data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.demo import site
from tests.demo.vm import Vm
from tests.node.conftest import OTHER_NS, Site

pytestmark = pytest.mark.node
NAME = "main-job"
CRD_FILE = "crd/backupstoragelocationservers.yaml"


@pytest.fixture(scope="module")
def server(product: Site) -> dict:
    product.new_server(NAME, product.user_line("alice@vm-1") + product.user_line("bob@vm-2"))
    product.wait(NAME, status="True", timeout=60)
    return product.wait(NAME, "UsersSynced", status="True", timeout=30)


@pytest.fixture(scope="module")
def backed_up(product: Site, server: dict, vm: Callable[..., Vm]) -> dict[str, str]:
    """Snapshot ids of both tenants, each still connected."""
    found = {}
    for user, pod in (("alice@vm-1", "vm-1"), ("bob@vm-2", "vm-2")):
        tenant = vm(user, pod)
        tenant.connect(server["status"]["serviceURL"], server["status"]["tlsFingerprint"])
        tenant.make_data(f"/home/vm/{NAME}")
        found[user] = tenant.snapshot(f"/home/vm/{NAME}")
    return found


def test_status_says_what_an_sre_needs(server):
    status = server["status"]
    assert status["serviceURL"] == f"{NAME}.{NAME}.svc:51515"
    assert status["repositoryStatus"] == "Initialized"
    assert status["repositoryPath"] == "oadp-bsls/vms"
    assert status["repositoryUniqueID"] == server["metadata"]["annotations"]["oadp.openshift.io/repository-unique-id"]
    assert len(status["tlsFingerprint"]) == 64
    assert status["maintenance"]["owner"] == f"bsls@{NAME}.{NAME}"
    assert status["users"] | {"observedVersion": ""} == {
        "desired": 2, "applied": 2, "rejected": 0, "observedVersion": "",
        "drifted": 0, "conflicting": 0, "unmanaged": 0,
    }  # fmt: skip
    assert site.condition(server, "Degraded")["status"] == "False"


def test_each_tenant_lists_and_restores_its_own(backed_up, vm):
    for user, pod in (("alice@vm-1", "vm-1"), ("bob@vm-2", "vm-2")):
        tenant = vm(user, pod)
        assert [item["id"] for item in tenant.snapshots("--all")] == [backed_up[user]]
        tenant.restore(backed_up[user], f"/home/vm/{NAME}-restored")
        assert tenant.checksums(f"/home/vm/{NAME}") == tenant.checksums(f"/home/vm/{NAME}-restored")


def test_a_wrong_password_is_refused(server, vm, product):
    tenant = vm("alice@vm-1", "x", OTHER_NS)
    stranger = Vm(product.kubectl, "virtual-machines", "vm-2", "alice@vm-1", "wrong")
    assert tenant.password != stranger.password
    with pytest.raises(AssertionError, match=r"(?i)denied|invalid"):
        stranger.run(
            "/bin/sh", "-c",
            "IFS= read -r KOPIA_PASSWORD; export KOPIA_PASSWORD; exec kopia --config-file=/tmp/x.config repository "
            f"connect server --url=https://{server['status']['serviceURL']} --override-username=alice "
            f"--override-hostname=vm-1 --server-cert-fingerprint={server['status']['tlsFingerprint']}",
            stdin="wrong\n",
        )  # fmt: skip


def test_the_network_policy_admits_labelled_namespaces_only(server, vm):
    url = server["status"]["serviceURL"]
    assert vm("alice@vm-1").reaches(url)
    assert not vm("alice@vm-1", "x", OTHER_NS).reaches(url)


def test_the_kopia_pod_reaches_storage_and_dns_and_nothing_else(product, server):
    cluster = product.cluster
    pod = product.pod(NAME)["metadata"]["name"]
    script = (
        "import socket,sys\n"
        "def can(host, port):\n"
        "    try: socket.create_connection((host, port), 2).close()\n"
        "    except OSError: return False\n"
        "    return True\n"
        f"print(can({cluster.host_ip!r}, {product.s3.port}), can({cluster.node_ip!r}, 53), "
        f"can({cluster.node_ip!r}, 6443), can({cluster.host_ip!r}, {product.s3.https_port}), can('10.96.0.1', 443))\n"
        "print(bool(socket.getaddrinfo('kubernetes.default.svc.cluster.local', 443)))\n"
    )
    answer = product.kubectl("exec", "-n", NAME, pod, "-c", "kopia", "--", "python3", "-c", script)
    assert answer.split() == ["True", "True", "False", "False", "False", "True"]


def test_the_pod_is_restricted_and_holds_no_token(product, server):
    pod = product.pod(NAME)["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"] + pod["initContainers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not any("value" in env and "password" in env["name"].lower() for env in container["env"])
    product.kubectl("label", "namespace", NAME, "pod-security.kubernetes.io/enforce=restricted")


def test_the_image_runs_as_any_user_on_a_read_only_root(product, server):
    """OpenShift gives each namespace user ids of its own."""
    container = {
        "name": "crd",
        "image": site.LOCAL_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["bsls", "crd"],
        "securityContext": {
            "runAsUser": 1000680000,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    restricted = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"restartPolicy": "Never", "securityContext": restricted, "containers": [container]}
    meta = {"name": "any-user", "namespace": NAME}
    product.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    product.kubectl("wait", "-n", NAME, "pod/any-user", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=30s")
    assert product.kubectl("logs", "-n", NAME, "any-user") == (site.MANIFESTS / CRD_FILE).read_text()


def test_a_new_user_in_the_secret_can_log_in(product, server, vm):
    users = "".join(product.user_line(user) for user in ("alice@vm-1", "bob@vm-2", "carol@vm-3"))
    product.patch("secret", f"{NAME}-users", json.dumps({"stringData": {"users": users}}), NAME)
    deadline = time.monotonic() + 20
    while product.get("bsls", "-n", NAME, NAME)["status"]["users"]["applied"] != 3:
        assert time.monotonic() < deadline
    carol = vm("carol@vm-3", "vm-2")
    carol.connect(server["status"]["serviceURL"], server["status"]["tlsFingerprint"])
    carol.disconnect()


def test_the_controller_can_die_without_anybody_noticing(product, server):
    """No restart of the Kopia pod, and no moment in which its readiness is taken away."""
    pod = product.pod(NAME)
    gate = next(item for item in pod["status"]["conditions"] if item["type"].endswith("/repository-ready"))
    available = site.condition(product.get("bsls", "-n", NAME, NAME), "Available")
    product.kubectl("delete", "pod", "-n", "bsls-system", "--all", "--grace-period=0", "--force")
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=60s")
    users = product.user_line("alice@vm-1") + product.user_line("erin@vm-5")
    product.patch("secret", f"{NAME}-users", json.dumps({"stringData": {"users": users}}), NAME)
    deadline = time.monotonic() + 30  # the new controller works once it has applied this list
    while product.get("bsls", "-n", NAME, NAME)["status"]["users"] | {"observedVersion": ""} != {
        "desired": 2, "applied": 2, "rejected": 0, "observedVersion": "",
        "drifted": 0, "conflicting": 0, "unmanaged": 0,
    }:  # fmt: skip
        assert time.monotonic() < deadline
    after = product.pod(NAME)
    assert after["metadata"]["uid"] == pod["metadata"]["uid"]
    assert gate in after["status"]["conditions"], "its transition time would have changed"
    assert site.condition(product.get("bsls", "-n", NAME, NAME), "Available") == available


def test_deleting_the_server_keeps_the_data_and_a_new_one_finds_it(product, server, backed_up, vm):
    before = product.s3.keys(NAME, "oadp-bsls/vms/")
    manifest = {key: server[key] for key in ("apiVersion", "kind", "spec")}
    product.kubectl("delete", "bsls", "-n", NAME, NAME, "--wait=true")
    kinds = "deployment,service,serviceaccount,networkpolicy,secret,pod"
    label = "app.kubernetes.io/managed-by=bsls-controller"
    deadline = time.monotonic() + 60
    while left := product.kubectl("get", kinds, "-n", NAME, "-l", label, "-o", "name").split():
        assert time.monotonic() < deadline, left
        time.sleep(0.3)
    assert set(before) <= set(product.s3.keys(NAME, "oadp-bsls/vms/"))
    product.apply({**manifest, "metadata": {"name": NAME, "namespace": NAME}})
    again = product.wait(NAME, status="True", timeout=60)
    assert again["status"]["repositoryUniqueID"] == server["status"]["repositoryUniqueID"]
    again = product.wait(NAME, "UsersSynced", status="True", timeout=30)
    tenant = vm("alice@vm-1")
    tenant.connect(again["status"]["serviceURL"], again["status"]["tlsFingerprint"])
    assert [item["id"] for item in tenant.snapshots("--all")] == [backed_up["alice@vm-1"]]
    tenant.disconnect()
