"""The Kopia pod: one replica, recreated, restricted, configured only by the derived Secret."""

from __future__ import annotations

import hashlib
from typing import Any

from backend.controller.certificates import KeyPair
from backend.controller.desired.meta import metadata
from backend.controller.desired.secrets import MOUNTED_KEYS, RESTART_KEYS
from backend.controller.names import CONFIG_HASH, READINESS_GATE
from backend.controller.observe import Observed
from backend.controller.settings import Settings
from backend.crd.constants import KOPIA_PORT, METRICS_PORT
from backend.crd.kubernetes import LabelSelector
from backend.repository.command import SERVER_ENVIRONMENT, server_command

Json = dict[str, Any]
DEFAULT_RESOURCES: Json = {
    "requests": {"cpu": "50m", "memory": "256Mi"},
    "limits": {"memory": "2Gi"},  # 550 MB was the peak of one 1 GB snapshot
}
RESTRICTED: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def config_hash(data: dict[str, bytes], pair: KeyPair) -> str:
    """Changes exactly when a running server must restart to see its configuration."""
    digest = hashlib.sha256()
    for key in RESTART_KEYS:
        digest.update(hashlib.sha256(data[key]).digest())
    digest.update(hashlib.sha256(pair.certificate).digest() + hashlib.sha256(pair.key).digest())
    return digest.hexdigest()[:32]


def deployment(observed: Observed, configuration: str, settings: Settings) -> Json:
    """`configuration` is the hash of everything a server reads only at its start."""
    names = observed.names
    template = {
        "metadata": {"labels": names.labels, "annotations": {CONFIG_HASH: configuration}},
        "spec": _pod_spec(observed, settings),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(observed, names.workload),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "Recreate"},  # two pods of one identity could both run maintenance
            "selector": {"matchLabels": names.selector},
            "template": template,
        },
    }


def _pod_spec(observed: Observed, settings: Settings) -> Json:
    names = observed.names
    spec: Json = {
        "serviceAccountName": names.workload,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "readinessGates": [{"conditionType": READINESS_GATE}],
        "initContainers": [_ensure(observed, settings)],
        "containers": [_kopia(observed, settings)],
        "volumes": [
            {
                "name": "repository",
                "secret": {
                    "secretName": names.repository_secret,
                    "defaultMode": 0o444,
                    "items": [{"key": key, "path": key} for key in MOUNTED_KEYS],
                },
            },
            {"name": "tls", "secret": {"secretName": names.tls_secret, "defaultMode": 0o444}},
            {"name": "config", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}},
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": "cache", "emptyDir": {"sizeLimit": _cache_size(settings)}},
        ],
    }
    affinity = _affinity(observed)
    if affinity:
        spec["affinity"] = affinity
    return spec


def _cache_size(settings: Settings) -> str:
    return f"{(settings.content_cache_mb + settings.metadata_cache_mb) * 3 // 2}Mi"


def _secret_env(observed: Observed, name: str, key: str) -> Json:
    reference = {"name": observed.names.repository_secret, "key": key}
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _container(observed: Observed, settings: Settings, name: str) -> Json:
    pod = observed.server.spec.pod_config
    resources = DEFAULT_RESOURCES
    if pod and pod.pod_resources:
        resources = pod.pod_resources.model_dump(by_alias=True, exclude_none=True, mode="json")
    return {
        "name": name,
        "image": settings.image,
        "imagePullPolicy": settings.image_pull_policy,
        "resources": resources,
        "securityContext": RESTRICTED,
        "volumeMounts": [
            {"name": "repository", "mountPath": "/etc/bsls/repository", "readOnly": True},
            {"name": "config", "mountPath": "/run/bsls"},
            {"name": "cache", "mountPath": "/var/cache/kopia"},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }


def _ensure(observed: Observed, settings: Settings) -> Json:
    container = _container(observed, settings, "ensure")
    container["command"] = ["bsls", "repository", "ensure"]
    container["env"] = [_secret_env(observed, "KOPIA_PASSWORD", "repository-password")]
    container["terminationMessagePolicy"] = "File"
    return container


def _kopia(observed: Observed, settings: Settings) -> Json:
    container = _container(observed, settings, "kopia")
    health = {"path": "/metrics", "port": "metrics"}  # answers even while the storage hangs every API call
    container |= {
        "command": server_command(),
        "env": [
            _secret_env(observed, "KOPIA_PASSWORD", "repository-password"),
            _secret_env(observed, "KOPIA_SERVER_CONTROL_PASSWORD", "control-password"),
            {"name": "KOPIA_CONFIG_PATH", "value": "/run/bsls/repository.config"},
            {"name": "KOPIA_CACHE_DIRECTORY", "value": "/var/cache/kopia"},
            *({"name": name, "value": value} for name, value in SERVER_ENVIRONMENT.items()),
            {"name": "HOME", "value": "/tmp"},  # noqa: S108
            *_tracing(observed, settings),
        ],
        "ports": [
            {"name": "kopia", "containerPort": KOPIA_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ],
        "startupProbe": {"httpGet": health, "periodSeconds": 1, "failureThreshold": 120},
        "livenessProbe": {"httpGet": health, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 3},
    }
    container["volumeMounts"] = [
        *container["volumeMounts"],
        {"name": "tls", "mountPath": "/etc/bsls/tls", "readOnly": True},
    ]
    return container


def _tracing(observed: Observed, settings: Settings) -> list[Json]:
    """Kopia's own spans; its service name is fixed, so the attributes say which server it is."""
    if not settings.kopia_otlp_endpoint:
        return []
    names = observed.names
    attributes = f"k8s.namespace.name={names.namespace},bsls.namespace={names.namespace},bsls.server={names.name}"
    found = {
        "KOPIA_ENABLE_OTLP_TRACE": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": settings.kopia_otlp_endpoint,
        "OTEL_RESOURCE_ATTRIBUTES": attributes,
    }
    return [{"name": name, "value": value} for name, value in found.items()]


def _affinity(observed: Observed) -> Json | None:
    """`podConfig.loadAffinity.nodeSelector` as a required node affinity."""
    pod = observed.server.spec.pod_config
    selector = pod.load_affinity.node_selector if pod and pod.load_affinity else None
    expressions = _expressions(selector) if selector else []
    if not expressions:
        return None
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _expressions(selector: LabelSelector) -> list[Json]:
    found: list[Json] = [
        {"key": key, "operator": "In", "values": [value]}
        for key, value in sorted((selector.match_labels or {}).items())
    ]
    for one in selector.match_expressions or ():
        expression: Json = {"key": one.key, "operator": str(one.operator)}
        if one.values:
            expression["values"] = list(one.values)
        found.append(expression)
    return found
