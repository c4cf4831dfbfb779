"""The models read what the apiserver serves and write it back unchanged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from backend.crd.durations import parse_duration
from backend.crd.v1alpha1 import (
    BackupStorageLocationServer,
    BackupStorageLocationServerStatus,
    Condition,
    ConditionStatus,
    DriftPolicy,
    RepositoryStatus,
    ServiceType,
    UsersStatus,
)


def minimal() -> dict[str, Any]:
    return {
        "apiVersion": "oadp.openshift.io/v1alpha1",
        "kind": "BackupStorageLocationServer",
        "metadata": {"name": "files", "namespace": "tenants"},
        "spec": {
            "backupStorageLocation": {"name": "default"},
            "repositoryPasswordSecret": {"name": "repository", "key": "password"},
            "userManagement": {"source": {"secret": {"name": "users", "key": "users"}}},
        },
    }


FULL_SPEC: dict[str, Any] = {
    "backupStorageLocation": {"name": "default", "namespace": "velero"},
    "repositoryPasswordSecret": {"name": "repository", "key": "password", "optional": False},
    "userManagement": {"source": {"configMap": {"name": "users", "key": "list"}}, "driftPolicy": "Report"},
    "prefix": "team-a/vms",
    "service": {
        "type": "LoadBalancer",
        "annotations": {"a": "b"},
        "port": 443,
        "nodePort": 30443,
        "loadBalancerIP": "192.0.2.7",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
    },
    "tls": {"secretName": "files-tls"},
    "podConfig": {
        "podResources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m"}},
        "loadAffinity": {
            "nodeSelector": {
                "matchLabels": {"disk": "ssd"},
                "matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}],
            }
        },
    },
    "accessControl": {"source": {"secret": {"name": "acl", "key": "acl"}}},
    "networkPolicy": {"allowedNamespaces": {"matchLabels": {"vms": "yes"}, "matchExpressions": []}},
    "objectives": {"maxSnapshotAge": "26h"},
    "repository": {"retentionMode": "GOVERNANCE", "retentionPeriod": "720h"},
}


def test_a_full_spec_comes_back_unchanged() -> None:
    server = BackupStorageLocationServer.model_validate({**minimal(), "spec": FULL_SPEC})
    assert server.spec.to_kubernetes() == FULL_SPEC


def test_a_server_comes_back_as_itself() -> None:
    server = BackupStorageLocationServer.model_validate({**minimal(), "spec": FULL_SPEC})
    assert BackupStorageLocationServer.model_validate(server.to_kubernetes()) == server


def test_defaults_are_those_of_the_crd() -> None:
    spec = BackupStorageLocationServer.model_validate(minimal()).spec
    assert spec.backup_storage_location.namespace == "oadp-operator"
    assert spec.service.type is ServiceType.CLUSTER_IP
    assert spec.service.port == 51515
    assert spec.user_management.drift_policy is DriftPolicy.REPAIR
    assert spec.network_policy.allowed_namespaces.match_labels == {"oadp.openshift.io/file-backup-client": "true"}
    assert spec.prefix is None
    assert spec.tls is None


def test_an_empty_namespace_selector_stays_empty() -> None:
    server = minimal()
    server["spec"]["networkPolicy"] = {"allowedNamespaces": {}}
    policy = BackupStorageLocationServer.model_validate(server).spec.network_policy
    assert policy.allowed_namespaces.match_labels == {}


def test_fields_of_a_newer_version_are_passed_over() -> None:
    server = minimal()
    server["spec"]["comesLater"] = {"x": 1}
    server["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    assert BackupStorageLocationServer.model_validate(server).metadata.key == "tenants/files"


def test_a_number_as_quantity_becomes_text() -> None:
    server = minimal()
    server["spec"]["podConfig"] = {"podResources": {"limits": {"cpu": 2, "memory": "1Gi"}}}
    resources = BackupStorageLocationServer.model_validate(server).spec.pod_config.pod_resources
    assert resources is not None
    assert resources.limits == {"cpu": "2", "memory": "1Gi"}


@pytest.mark.parametrize("quantity", [True, 1.5, None])
def test_other_things_are_no_quantity(quantity: object) -> None:
    server = minimal()
    server["spec"]["podConfig"] = {"podResources": {"limits": {"cpu": quantity}}}
    with pytest.raises(ValidationError):
        BackupStorageLocationServer.model_validate(server)


def test_models_are_frozen() -> None:
    server = BackupStorageLocationServer.model_validate(minimal())
    with pytest.raises(ValidationError):
        server.spec.prefix = "other"  # type: ignore[misc]


def test_a_status_is_written_in_the_names_of_the_api() -> None:
    ready = Condition(
        type="Available",
        status=ConditionStatus.TRUE,
        observed_generation=3,
        last_transition_time="2026-01-02T03:04:05Z",
        reason="Serving",
        message="clients can connect",
    )
    status = BackupStorageLocationServerStatus(
        observed_generation=3,
        conditions=(ready,),
        service_url="files.tenants.svc:51515",
        repository_status=RepositoryStatus.INITIALIZED,
        repository_path="oadp-bsls/team-a",
        repository_unique_id="ab12",
        tls_fingerprint="00ff",
        tls_not_after="2027-01-02T03:04:05Z",
        users=UsersStatus(desired=2, applied=1, rejected=1, observed_version="7"),
    )
    assert status.to_kubernetes() == {
        "observedGeneration": 3,
        "conditions": [
            {
                "type": "Available",
                "status": "True",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-01-02T03:04:05Z",
                "reason": "Serving",
                "message": "clients can connect",
            }
        ],
        "serviceURL": "files.tenants.svc:51515",
        "repositoryStatus": "Initialized",
        "repositoryPath": "oadp-bsls/team-a",
        "repositoryUniqueID": "ab12",
        "tlsFingerprint": "00ff",
        "tlsNotAfter": "2027-01-02T03:04:05Z",
        "users": {"desired": 2, "applied": 1, "rejected": 1, "observedVersion": "7"},
    }
    assert status.condition("Available") == ready
    assert status.condition("Degraded") is None


def test_a_status_that_says_nothing_writes_nothing_but_its_conditions() -> None:
    assert BackupStorageLocationServerStatus().to_kubernetes() == {"conditions": []}


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("26h", timedelta(hours=26)),
        ("1h30m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("720h0m1s", timedelta(days=30, seconds=1)),
    ],
)
def test_durations(text: str, meaning: timedelta) -> None:
    assert parse_duration(text) == meaning


@pytest.mark.parametrize("text", ["", "26", "1d", "-1h", "1.5h", "30m1h", "h", " 1h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
