"""Manifests of the users' objects, as tests and demo apply them; all names are parameters, nothing is shared state."""

from __future__ import annotations

import base64
import json
from typing import Any

from backend.crd.constants import API_VERSION, KIND

Json = dict[str, Any]

BSL_CRD: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "backupstoragelocations.velero.io",
        # stands in for Velero's own on clusters without it
        "annotations": {"api-approved.kubernetes.io": "unapproved, test stand-in"},
    },
    "spec": {
        "group": "velero.io",
        "scope": "Namespaced",
        "names": {
            "kind": "BackupStorageLocation",
            "listKind": "BackupStorageLocationList",
            "plural": "backupstoragelocations",
            "singular": "backupstoragelocation",
            "shortNames": ["bsl"],
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


def namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def secret(ns: str, name: str, data: dict[str, str | bytes], kind: str = "Opaque") -> Json:
    encoded = {
        key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
        for key, value in data.items()
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": ns},
        "type": kind,
        "data": encoded,
    }


def aws_credentials(access_key: str, secret_key: str, profile: str = "default") -> str:
    return f"[{profile}]\naws_access_key_id={access_key}\naws_secret_access_key={secret_key}\n"


VM_CRD: Json = {
    **BSL_CRD,
    "metadata": {"name": "virtualmachines.kubevirt.io", "annotations": BSL_CRD["metadata"]["annotations"]},
    "spec": {
        **BSL_CRD["spec"],
        "group": "kubevirt.io",
        "names": {
            "kind": "VirtualMachine",
            "listKind": "VirtualMachineList",
            "plural": "virtualmachines",
            "singular": "virtualmachine",
            "shortNames": ["vm"],
        },
    },
}
"""In the stead of KubeVirt's own."""


def vm(ns: str, name: str) -> Json:
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": name, "namespace": ns},
        "spec": {"runStrategy": "Halted"},
    }


def bsl(ns: str, name: str, bucket: str, url: str, *, prefix: str | None = "velero", **overrides: Any) -> Json:
    """A location on an S3 server at `url`; `config` and other spec fields may be overridden."""
    config = {"region": "us-east-1", "s3Url": url, "s3ForcePathStyle": "true", **overrides.pop("config", {})}
    storage: Json = {"bucket": bucket, **overrides.pop("objectStorage", {})}
    if prefix:
        storage["prefix"] = prefix
    spec: Json = {
        "provider": "aws",
        "objectStorage": storage,
        "credential": {"name": f"{name}-credentials", "key": "cloud"},
        "config": {key: value for key, value in config.items() if value is not None},
        **overrides,
    }
    return {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": name, "namespace": ns},
        "spec": spec,
    }


def server(ns: str, name: str, bsl_name: str, *, prefix: str | None = None, **spec: Any) -> Json:
    """A server with its password in `<name>-password` and its users in `<name>-users`."""
    body: Json = {
        "backupStorageLocation": {"name": bsl_name, "namespace": ns},
        "repositoryPasswordSecret": {"name": f"{name}-password", "key": "password"},
        "userManagement": {"source": {"secret": {"name": f"{name}-users", "key": "users"}}},
        **spec,
    }
    if prefix:
        body["prefix"] = prefix
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name, "namespace": ns}, "spec": body}


def to_list(*objects: Json) -> str:
    """One document for `kubectl apply -f -`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def client_pod(ns: str, name: str, image: str = "registry.local/kopia-client:dev") -> Json:
    """A stand-in for a VM: the stock kopia client, idle, as an ordinary restricted user."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": ns, "labels": {"app": "vm"}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "vm",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["/bin/sh", "-c", "exec sleep 1000000"],
                    "env": [
                        {"name": "HOME", "value": "/home/vm"},
                        {"name": "KOPIA_CHECK_FOR_UPDATES", "value": "false"},
                    ],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "home", "mountPath": "/home/vm"}],
                }
            ],
            "volumes": [{"name": "home", "emptyDir": {}}],
        },
    }


def decoded(value: str) -> str:
    """One entry of a Secret's data."""
    return base64.b64decode(value).decode()
