"""The CRD on a real kube-apiserver: what it defaults, prints, refuses and says."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from backend.crd.constants import CRD_NAME, PLURAL
from backend.crd.v1alpha1 import BackupStorageLocationServer
from tests.apiserver.crd_cases import BAD, GOOD, SELECTOR, Json, good

pytestmark = pytest.mark.apiserver

MANIFESTS = Path(__file__).parents[2] / "manifests" / "crd"
COLLECTION = f"/apis/oadp.openshift.io/v1alpha1/namespaces/default/{PLURAL}"
MERGE = "application/merge-patch+json"


class Api:
    """Plain HTTPS with the kubeconfig's certificate: milliseconds an object, and the whole answer."""

    def __init__(self, kubeconfig: Path, directory: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        tls = ssl.create_default_context(cafile=_file(cluster, "certificate-authority", directory))
        tls.load_cert_chain(_file(user, "client-certificate", directory), keyfile=_file(user, "client-key", directory))
        server = urlsplit(cluster["server"])
        assert server.hostname is not None
        self._connection = http.client.HTTPSConnection(server.hostname, server.port, context=tls, timeout=30)

    def __call__(self, method: str, path: str, body: Json | None = None, content: str = "application/json") -> Json:
        self._connection.request(
            method, path, json.dumps(body) if body is not None else None, {"Content-Type": content}
        )
        answer: Json = json.loads(self._connection.getresponse().read())
        return answer

    def close(self) -> None:
        self._connection.close()


def _file(entry: Json, name: str, directory: Path) -> str:
    if name in entry:
        return str(entry[name])
    path = directory / name
    path.write_bytes(base64.b64decode(entry[f"{name}-data"]))
    return str(path)


@pytest.fixture(scope="module")
def api(api_cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    api_cluster.kubectl("apply", "--server-side", "-k", str(MANIFESTS))
    api_cluster.kubectl("wait", "--for=condition=Established", f"crd/{CRD_NAME}", "--timeout=30s")
    client = Api(api_cluster.kubeconfig, tmp_path_factory.mktemp("kubeconfig"))
    yield client
    client.close()


@pytest.fixture
def server(api: Api, request: pytest.FixtureRequest) -> Iterator[Json]:
    """A server of this test's own, with a prefix."""
    created = api("POST", COLLECTION, good(f"t{abs(hash(request.node.name)) % 10**9}", prefix="team-a"))
    assert created["kind"] == "BackupStorageLocationServer", created
    yield created
    api("DELETE", path_of(created))


def path_of(server: Json) -> str:
    return f"{COLLECTION}/{server['metadata']['name']}"


@pytest.mark.parametrize(("bad", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_object_is_refused_with_a_clear_message(api: Api, bad: Json, message: str) -> None:
    answer = api("POST", f"{COLLECTION}?dryRun=All", bad)
    assert answer.get("reason") == "Invalid", answer
    assert message in answer["message"]


@pytest.mark.parametrize("sound", GOOD.values(), ids=GOOD.keys())
def test_a_sound_object_is_taken_and_read_by_the_models(api: Api, sound: Json) -> None:
    answer = api("POST", f"{COLLECTION}?dryRun=All&fieldValidation=Strict", sound)
    assert answer["kind"] == "BackupStorageLocationServer", answer
    served = BackupStorageLocationServer.model_validate(answer)
    assert served.spec == BackupStorageLocationServer.model_validate(sound).spec  # both know the same defaults


def test_an_unknown_field_is_refused_by_strict_clients(api: Api) -> None:
    answer = api("POST", f"{COLLECTION}?dryRun=All&fieldValidation=Strict", good(prefixx="a"))
    assert 'unknown field "spec.prefixx"' in answer["message"]


def test_the_crd_is_established_and_structural(api: Api) -> None:
    crd = api("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD_NAME}")
    conditions = {condition["type"]: condition["status"] for condition in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_defaults_appear(server: Json) -> None:
    spec = server["spec"]
    assert spec["backupStorageLocation"]["namespace"] == "oadp-operator"
    assert spec["service"] == {"type": "ClusterIP", "port": 51515}
    assert spec["userManagement"]["driftPolicy"] == "Repair"
    assert spec["networkPolicy"] == {
        "allowedNamespaces": {"matchLabels": {"oadp.openshift.io/file-backup-client": "true"}}
    }
    assert not {"tls", "podConfig", "accessControl", "objectives", "policy", "repository"} & set(spec)


def test_a_policy_is_kept_in_force_by_default(api: Api) -> None:
    answer = api("POST", f"{COLLECTION}?dryRun=All", good(policy={"retention": {"keepLatest": 3}}))
    assert answer["spec"]["policy"] == {"retention": {"keepLatest": 3}, "driftPolicy": "Repair"}, answer


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"backupStorageLocation": {"name": "other"}}, "backupStorageLocation cannot be changed"),
        ({"backupStorageLocation": {"namespace": "velero"}}, "backupStorageLocation cannot be changed"),
        ({"prefix": "team-b"}, "spec.prefix: Invalid value"),
        ({"prefix": None}, "prefix cannot be changed: create another"),
    ],
    ids=["another location", "another namespace", "another prefix", "prefix removed"],
)
def test_what_places_the_backups_cannot_be_changed(api: Api, server: Json, change: Json, message: str) -> None:
    answer = api("PATCH", path_of(server), {"spec": change}, MERGE)
    assert answer.get("reason") == "Invalid", answer
    assert message in answer["message"]


def test_a_prefix_cannot_be_added(api: Api) -> None:
    created = api("POST", COLLECTION, good("no-prefix"))
    try:
        answer = api("PATCH", path_of(created), {"spec": {"prefix": "team-a"}}, MERGE)
        assert "prefix cannot be changed" in answer["message"]
    finally:
        api("DELETE", path_of(created))


def test_everything_else_can_be_changed(api: Api, server: Json) -> None:
    change = {
        "repositoryPasswordSecret": {"name": "other", "key": "password"},
        "userManagement": {"source": {"secret": None, "configMap": SELECTOR}},
        "service": {"type": "NodePort", "port": 443},
        "tls": {"secretName": "files-tls"},
        "objectives": {"maxSnapshotAge": "26h"},
    }
    answer = api("PATCH", path_of(server), {"spec": change}, MERGE)
    assert answer["spec"]["service"] == {"type": "NodePort", "port": 443}, answer
    assert answer["metadata"]["generation"] == 2


def test_the_status_has_a_door_of_its_own(api: Api, server: Json) -> None:
    status = {"repositoryStatus": "Initialized", "users": {"applied": 3}}
    by_the_front = api("PATCH", path_of(server), {"status": status}, MERGE)
    assert "status" not in by_the_front
    by_its_own = api("PATCH", f"{path_of(server)}/status", {"status": status, "spec": {"prefix": "x"}}, MERGE)
    assert by_its_own["status"] == status
    assert by_its_own["spec"]["prefix"] == "team-a"
    assert by_its_own["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ({"repositoryStatus": "Fine"}, 'supported values: "Initialized", "NotInitialized", "Error"'),
        ({"conditions": [{"type": "Available"}]}, "status.conditions[0].reason: Required value"),
        ({"users": {"applied": -1}}, "should be greater than or equal to 0"),
    ],
)
def test_a_bad_status_is_refused(api: Api, server: Json, status: Json, message: str) -> None:
    answer = api("PATCH", f"{path_of(server)}/status", {"status": status}, MERGE)
    assert message in answer["message"]


def test_conditions_are_kept_apart_by_type(api: Api, server: Json) -> None:
    condition = {"status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    twice = [{"type": "Available", **condition}, {"type": "Available", **condition}]
    answer = api("PATCH", f"{path_of(server)}/status", {"status": {"conditions": twice}}, MERGE)
    assert "Duplicate value" in answer["message"]


def test_kubectl_prints_the_columns_by_the_short_name(api_cluster: Any, api: Api, server: Json) -> None:
    condition = {"status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-02T03:04:05Z"}
    status = {
        "conditions": [{"type": "Degraded", **condition, "status": "False"}, {"type": "Available", **condition}],
        "repositoryStatus": "Initialized",
        "serviceURL": "files.default.svc:51515",
        "users": {"applied": 2},
    }
    api("PATCH", f"{path_of(server)}/status", {"status": status}, MERGE)
    header, row = api_cluster.kubectl("get", "bsls", "-n", "default", server["metadata"]["name"]).splitlines()
    assert header.split() == ["NAME", "AVAILABLE", "REPOSITORY", "URL", "USERS", "AGE"]
    assert row.split()[1:5] == ["True", "Initialized", "files.default.svc:51515", "2"]


def test_kubectl_explains_the_fields(api_cluster: Any, api: Api) -> None:
    assert "oadp-bsls/{prefix}" in api_cluster.kubectl("explain", "bsls.spec.prefix")
