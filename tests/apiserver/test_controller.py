"""The objects that the real controller makes, keeps, and leaves alone, on a real kube-apiserver."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests import objects
from tests.apiserver.conftest import PROBE_INTERVAL_S, Controller, settle
from tests.apiserver.place import Place, poll
from tests.demo import site

pytestmark = pytest.mark.apiserver

Json = dict[str, Any]
HASH = "oadp.openshift.io/config-hash"


def _decoded(secret: Json) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def _hash(place: Place) -> str:
    template = place.get("deployment", f"{place.name}-kopia")["spec"]["template"]
    return str(template["metadata"]["annotations"][HASH])


def _pod(place: Place) -> Json:
    spec: Json = place.get("deployment", f"{place.name}-kopia")["spec"]["template"]["spec"]
    return spec


def test_every_object_belongs_to_its_server(settled: Place) -> None:
    name, owned = settled.name, settled.owned()
    assert set(owned) == {
        f"Deployment/{name}-kopia",
        f"NetworkPolicy/{name}-kopia",
        f"ServiceAccount/{name}-kopia",
        f"Service/{name}",
        f"Secret/{name}-kopia-repository",
        f"Secret/{name}-kopia-tls",
        f"Secret/{name}-kopia-ca",
    }
    owner = {
        "apiVersion": "oadp.openshift.io/v1alpha1",
        "kind": "BackupStorageLocationServer",
        "name": name,
        "uid": settled.read()["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for key, item in owned.items():
        assert item["metadata"]["ownerReferences"] == [owner], key
        assert item["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "bsls-controller", key


def test_the_derived_secret_holds_what_kopia_needs_and_nothing_else(settled: Place) -> None:
    data = _decoded(settled.get("secret", f"{settled.name}-kopia-repository"))
    settled.known |= {data["admin-password"], data["control-password"]}
    assert set(data) == {
        "storage.json",
        "repository.json",
        "expected-unique-id",
        "repository-password",
        "admin-password",
        "control-password",
    }
    storage = json.loads(data["storage.json"])
    assert storage["type"] == "s3"
    assert storage["config"]["bucket"] == settled.bucket
    assert storage["config"]["prefix"] == "oadp-bsls/"
    assert storage["config"]["secretAccessKey"] == settled.seaweed.secret_key
    assert data["repository-password"] in settled.known
    assert data["expected-unique-id"] == ""
    assert len({data["admin-password"], data["control-password"], data["repository-password"]}) == 3


def test_the_pod_is_restricted_and_gated(settled: Place) -> None:
    deployment = settled.get("deployment", f"{settled.name}-kopia")["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}
    pod = deployment["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["automountServiceAccountToken"] is False
    assert pod["readinessGates"] == [{"conditionType": "oadp.openshift.io/repository-ready"}]
    containers = pod["initContainers"] + pod["containers"]
    assert [container["name"] for container in containers] == ["ensure", "kopia"]
    for container in containers:
        assert container["image"] == "bsls:dev"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    text = json.dumps(deployment)
    assert not [value for value in settled.known if value in text]


def test_the_network_policy_admits_clients_dns_and_storage(settled: Place) -> None:
    spec = settled.get("networkpolicy", f"{settled.name}-kopia")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    clients, controller, monitoring = spec["ingress"]
    selector = {"matchLabels": {"oadp.openshift.io/file-backup-client": "true"}}
    assert clients == {"from": [{"namespaceSelector": selector}], "ports": [{"port": 51515, "protocol": "TCP"}]}
    assert controller["from"][0]["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "bsls-system"}
    assert [port["port"] for port in controller["ports"]] == [51515, 9090]
    labels = [one["namespaceSelector"]["matchLabels"] for one in monitoring["from"]]
    assert {"oadp.openshift.io/metrics-client": "true"} in labels
    assert [port["port"] for port in monitoring["ports"]] == [9090]
    dns, storage = spec["egress"]
    assert {(port["protocol"], port["port"]) for port in dns["ports"]} >= {("UDP", 53), ("TCP", 53)}
    assert storage == {
        "to": [{"ipBlock": {"cidr": "127.0.0.1/32"}}],
        "ports": [{"port": settled.seaweed.port, "protocol": "TCP"}],
    }


def test_service_scheduling_and_resources_are_as_asked(place: Place) -> None:
    resources = {"requests": {"cpu": "1500m", "memory": "300Mi"}, "limits": {"memory": "1Gi"}}
    selector = {
        "matchLabels": {"disk": "fast"},
        "matchExpressions": [
            {"key": "zone", "operator": "In", "values": ["a", "b"]},
            {"key": "gpu", "operator": "DoesNotExist"},
        ],
    }
    place.build(
        service={"type": "NodePort", "port": 6000, "annotations": {"team": "backup"}},
        podConfig={"podResources": resources, "loadAffinity": {"nodeSelector": selector}},
    )
    settle(place)
    service = place.get("service", place.name)
    assert service["spec"]["type"] == "NodePort"
    assert service["spec"]["ports"][0]["port"] == 6000
    assert 30000 <= service["spec"]["ports"][0]["nodePort"] <= 32767
    assert service["metadata"]["annotations"]["team"] == "backup"
    place.patch("service", {"metadata": {"annotations": {"team": "somebody"}}})
    repaired = poll(
        lambda: place.get("service", place.name),
        lambda item: item["metadata"]["annotations"]["team"] == "backup",
        "the annotation coming back",
    )
    assert repaired["spec"] == service["spec"]
    assert place.read()["status"]["serviceURL"] == f"{place.name}.{place.namespace}.svc:6000"
    pod = _pod(place)
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [
        {
            "matchExpressions": [
                {"key": "disk", "operator": "In", "values": ["fast"]},
                {"key": "zone", "operator": "In", "values": ["a", "b"]},
                {"key": "gpu", "operator": "DoesNotExist"},
            ]
        }
    ]
    expected = {"requests": {"cpu": "1500m", "memory": "300Mi"}, "limits": {"memory": "1Gi"}}
    assert [container["resources"] for container in pod["containers"]] == [expected]


def test_what_is_no_longer_asked_for_goes(place: Place) -> None:
    place.build(
        service={"annotations": {"team": "backup"}},
        podConfig={
            "podResources": {"requests": {"cpu": "100m", "memory": "300Mi"}},
            "loadAffinity": {"nodeSelector": {"matchLabels": {"disk": "fast"}}},
        },
    )
    settle(place)
    assert "affinity" in _pod(place)
    gone = {"service": {"annotations": None}, "podConfig": {"loadAffinity": None, "podResources": None}}
    place.patch("bsls", {"spec": gone})
    poll(lambda: _pod(place).get("affinity"), lambda found: not found, "the affinity going")
    expected = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}}
    poll(lambda: _pod(place)["containers"][0]["resources"], lambda found: found == expected, "default resources")
    annotations = poll(
        lambda: place.get("service", place.name)["metadata"].get("annotations") or {},
        lambda found: "team" not in found,
        "the annotation going",
    )
    assert "team" not in annotations


def _service_port(place: Place) -> None:
    """What others keep in the same object stays."""
    foreign = {
        "annotations": {"cloud.example/id": "lb-1"},
        "labels": {"team": "cloud"},
        "finalizers": ["service.kubernetes.io/load-balancer-cleanup"],
    }
    place.patch("service", {"metadata": foreign})
    before = place.get("service", place.name)
    place.patch("service", [{"op": "replace", "path": "/spec/ports/0/port", "value": 4444}], "json")
    after = poll(
        lambda: place.get("service", place.name),
        lambda service: [port["port"] for port in service["spec"]["ports"]] == [51515],
        "the port coming back",
    )
    assert after["spec"] == before["spec"]
    for key in ("annotations", "labels", "finalizers", "ownerReferences", "uid"):
        assert after["metadata"][key] == before["metadata"][key], key


def _account_opened(place: Place) -> None:
    name = f"{place.name}-kopia"
    place.patch(
        "serviceaccount",
        {"automountServiceAccountToken": True, "imagePullSecrets": [{"name": "registry"}]},
        name=name,
    )
    after = poll(
        lambda: place.get("serviceaccount", name),
        lambda account: account["automountServiceAccountToken"] is False,
        "the token going",
    )
    assert after["imagePullSecrets"] == [{"name": "registry"}]


def _policy_deleted(place: Place) -> None:
    name = f"{place.name}-kopia"
    before = place.get("networkpolicy", name)
    place.delete("networkpolicy", name)
    after = poll(lambda: place.get("networkpolicy", name), bool, "the policy coming back")
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"] == before["spec"]


def _policy_opened(place: Place) -> None:
    name = f"{place.name}-kopia"
    before = place.get("networkpolicy", name)["spec"]
    place.patch("networkpolicy", [{"op": "add", "path": "/spec/ingress/-", "value": {}}], "json", name)
    poll(lambda: place.get("networkpolicy", name)["spec"], lambda spec: spec == before, "the open rule going")


def _scaled(place: Place) -> None:
    name = f"{place.name}-kopia"
    place.kubectl("scale", "-n", place.namespace, f"deployment/{name}", "--replicas=0")
    poll(lambda: place.get("deployment", name)["spec"]["replicas"], lambda count: count == 1, "one replica")


def _secret_edited(place: Place) -> None:
    name = f"{place.name}-kopia-repository"
    before = place.get("secret", name)["data"]
    changed = {"storage.json": base64.b64encode(b"{}").decode(), "stowaway": "eA=="}
    place.patch("secret", {"data": changed}, name=name)
    poll(lambda: place.get("secret", name)["data"], lambda data: data == before, "the Secret coming back")


def _sidecar(place: Place) -> None:
    name = f"{place.name}-kopia"
    stranger = {"name": "stranger", "image": "stranger"}
    place.patch(
        "deployment", [{"op": "add", "path": "/spec/template/spec/containers/-", "value": stranger}], "json", name
    )
    poll(
        lambda: [one["name"] for one in _pod(place)["containers"]],
        lambda names: names == ["kopia"],
        "the stranger going",
    )


@pytest.mark.parametrize(
    "drift",
    [_service_port, _account_opened, _policy_deleted, _policy_opened, _scaled, _secret_edited, _sidecar],
    ids=lambda one: one.__name__,
)
def test_drift_is_repaired(drift: Callable[[Place], None], settled: Place) -> None:
    before = _hash(settled)
    drift(settled)
    assert _hash(settled) == before


def test_nothing_is_written_while_nothing_changes(settled: Place) -> None:
    def versions() -> dict[str, str]:
        found = {key: item["metadata"]["resourceVersion"] for key, item in settled.owned().items()}
        return found | {"server": settled.read()["metadata"]["resourceVersion"]}

    before = versions()
    end = time.monotonic() + 4 * PROBE_INTERVAL_S
    while time.monotonic() < end:
        assert versions() == before
        time.sleep(0.2)


def test_other_storage_credentials_restart_the_server(settled: Place) -> None:
    before = _hash(settled)
    settled.apply(settled.credentials(*settled.seaweed.other_keys))
    poll(lambda: _hash(settled), lambda found: found != before, "another hash")
    data = _decoded(settled.get("secret", f"{settled.name}-kopia-repository"))
    assert json.loads(data["storage.json"])["config"]["accessKeyID"] == settled.seaweed.other_keys[0]


def test_refused_credentials_never_reach_the_server(settled: Place) -> None:
    before = _hash(settled)
    settled.apply(settled.credentials("nobody", "nothing"))
    settled.wait_for("StorageReady", reason="StorageCredentialsRejected")
    assert _hash(settled) == before
    data = _decoded(settled.get("secret", f"{settled.name}-kopia-repository"))
    assert json.loads(data["storage.json"])["config"]["accessKeyID"] == settled.seaweed.access_key
    settled.apply(settled.credentials())
    settled.wait_for("StorageReady", status="True")
    assert _hash(settled) == before


def test_another_repository_password_restarts_the_server(settled: Place) -> None:
    before = _hash(settled)
    settled.apply(settled.password())
    poll(lambda: _hash(settled), lambda found: found != before, "another hash")


def test_a_read_only_location_stops_the_server_and_takes_its_keys(settled: Place) -> None:
    workload, secret = f"{settled.name}-kopia", f"{settled.name}-kopia-repository"
    settled.patch_bsl({"spec": {"accessMode": "ReadOnly"}})
    settled.wait_for("StorageReady", reason="BSLReadOnly")
    assert settled.get("deployment", workload)["spec"]["replicas"] == 0
    assert settled.get("secret", secret) == {}
    settled.patch_bsl({"spec": {"accessMode": None}})
    poll(lambda: settled.get("deployment", workload)["spec"]["replicas"], lambda count: count == 1, "the start")
    assert settled.get("secret", secret)


def test_events_carry_the_reasons_of_the_conditions(place: Place) -> None:
    place.build(without=("bsl",))
    place.wait_for("StorageReady", reason="BSLNotFound")
    uid = place.read()["metadata"]["uid"]

    def events() -> dict[str, str]:
        text = place.kubectl(
            "get", "events", "-n", place.namespace, f"--field-selector=involvedObject.uid={uid}", "-o", "json"
        )
        return {item["reason"]: item["type"] for item in json.loads(text)["items"]}

    poll(events, lambda found: found.get("BSLNotFound") == "Warning", "the warning")
    place.apply(place.bsl())
    place.wait_for("StorageReady", status="True")
    poll(events, lambda found: found.get("StorageAnswers") == "Normal", "the all-clear")


@pytest.mark.parametrize("kind", ["Service", "Secret"])
def test_a_strangers_object_is_left_alone(kind: str, place: Place) -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": place.name, "namespace": place.namespace},
        "spec": {"ports": [{"port": 80}], "selector": {"app": "stranger"}},
    }
    secret = objects.secret(place.namespace, f"{place.name}-kopia-repository", {"mine": "mine"})
    stranger = {"Service": service, "Secret": secret}[kind]
    place.apply(stranger)
    name = stranger["metadata"]["name"]
    before = place.get(kind, name)
    place.build()
    found = place.wait_for("Degraded", status="True", reason="ObjectConflict")
    assert f"{kind} {place.namespace}/{name} exists and does not belong to this server" in found["message"]
    assert site.condition(place.read(), "Available")["reason"] == "ObjectConflict"
    assert place.get(kind, name) == before


def test_the_name_of_a_stranger_that_goes_is_taken(place: Place) -> None:
    name = f"{place.name}-kopia-repository"
    place.apply(objects.secret(place.namespace, name, {"mine": "mine"}))
    place.build()
    place.wait_for("Degraded", status="True", reason="ObjectConflict")
    place.delete("secret", name)
    place.wait_for("Degraded", status="False")
    assert place.get("secret", name)["metadata"]["ownerReferences"][0]["name"] == place.name


def test_a_deleted_server_is_forgotten_and_its_storage_left(settled: Place) -> None:
    settled.seaweed.put(settled.bucket, "oadp-bsls/kept", b"kept")
    settled.delete("bsls", settled.name)
    poll(lambda: settled.get("bsls", settled.name), lambda found: not found, "the deletion")
    settled.delete("networkpolicy", f"{settled.name}-kopia")
    other = Place(settled.kubectl, settled.seaweed, settled.namespace, f"{settled.name}b", settled.known)
    other.build()
    settle(other)  # made after the deletion was seen, so nothing came back meanwhile
    assert settled.get("networkpolicy", f"{settled.name}-kopia") == {}
    assert settled.seaweed.keys(settled.bucket) == ["oadp-bsls/kept"]
    other.delete("bsls", other.name)


def test_its_permissions_end_at_the_admitted_namespaces(controller: Controller, place: Place) -> None:
    who = "--as=system:serviceaccount:bsls-system:bsls-controller"

    def may(*what: str) -> bool:
        return place.kubectl("auth", "can-i", *what, who, check=False).strip() == "yes"

    assert may("get", "secrets", "-n", controller.namespace)
    assert may("list", "bsl", "-A")
    assert not may("list", "secrets", "-A")
    assert not may("get", "secrets", "-n", "kube-system")
    assert not may("create", "pods", "-n", controller.namespace)
    assert not may("create", "pods/exec", "-n", controller.namespace)
    assert not may("delete", "bsl", "-n", controller.namespace)
    assert not may("create", "rolebindings", "-n", controller.namespace)


def test_no_secret_value_is_told_to_anybody(settled: Place, controller: Controller) -> None:
    """Last in this directory: it reads what all tests before it have made the controller say."""
    data = _decoded(settled.get("secret", f"{settled.name}-kopia-repository"))
    values = settled.known | {data["admin-password"], data["control-password"]}
    values |= {base64.b64encode(value.encode()).decode() for value in values}
    places = {
        "the log": controller.log.read_text(),
        "the events": settled.kubectl("get", "events", "-A", "-o", "json"),
        "the servers": settled.kubectl("get", "bsls", "-A", "-o", "json"),
        "the workloads": settled.kubectl("get", "deployments,services,networkpolicies", "-A", "-o", "json"),
    }
    for where, text in places.items():
        assert text
        assert not [value for value in values if value in text], where
