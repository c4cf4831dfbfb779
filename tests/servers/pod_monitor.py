"""PodMonitors without their operator: a stand-in for the resource, and the scrape configuration that is made of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import objects

Json = dict[str, Any]
_GROUP, _LABEL = "monitoring.coreos.com", "__meta_kubernetes_pod_label"
_WORD = {"type": "string"}
_WORDS = {"type": "array", "items": _WORD}


def _of(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


_RELABELING = _of(sourceLabels=_WORDS, targetLabel=_WORD)
_SELECTOR = _of(
    matchLabels={"type": "object", "additionalProperties": _WORD},
    matchExpressions={"type": "array", "items": _of(key=_WORD, operator=_WORD, values=_WORDS)},
)
_ENDPOINT = _of(port=_WORD, relabelings={"type": "array", "items": _RELABELING})
_SPECS = {
    "PodMonitor": _of(jobLabel=_WORD, selector=_SELECTOR, podMetricsEndpoints={"type": "array", "items": _ENDPOINT}),
    "PrometheusRule": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def install(kubectl: Callable[..., str]) -> None:
    """The resources, with the fields that we use and no others, so that a misspelt one is refused."""
    crds = [_crd(kind, spec) for kind, spec in _SPECS.items()]
    kubectl("apply", "-f", "-", input=objects.to_list(*crds))
    names = [f"crd/{crd['metadata']['name']}" for crd in crds]
    kubectl("wait", "--for=condition=Established", *names, "--timeout=30s")


def _crd(kind: str, spec: Json) -> Json:
    names = {"kind": kind, "listKind": f"{kind}List", "plural": f"{kind.lower()}s", "singular": kind.lower()}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": _of(spec=spec)}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names['plural']}.{_GROUP}"},
        "spec": {"group": _GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def values_of(selector: Json) -> dict[str, list[str]]:
    """The values that each label may have."""
    wanted = {key: [value] for key, value in selector.get("matchLabels", {}).items()}
    for one in selector.get("matchExpressions", []):
        assert one["operator"] == "In", one
        wanted[one["key"]] = one["values"]
    return wanted


def scrape_config(monitor: Json, targets: Path) -> Json:
    """As the operator makes it of the fields that we use: by labels and the port's name. `targets`: file of all pods of
    the monitor's namespace, because Debian's Prometheus is built without its discovery for Kubernetes.
    """
    spec, where = monitor["spec"], monitor["metadata"]
    (endpoint,) = spec["podMetricsEndpoints"]
    return {
        "job_name": f"{where['namespace']}/{where['name']}",
        "file_sd_configs": [{"files": [str(targets)]}],
        "relabel_configs": [
            *(
                _keep(_name(key), "|".join(map(re.escape, values)))
                for key, values in values_of(spec["selector"]).items()
            ),
            _keep("__meta_kubernetes_pod_container_port_name", endpoint["port"]),
            {"source_labels": [_name(spec["jobLabel"])], "target_label": "job"},
            {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
            {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
            *(
                {"source_labels": one["sourceLabels"], "target_label": one["targetLabel"]}
                for one in endpoint.get("relabelings", [])
            ),
        ],
    }


def targets_of(pod: Json) -> list[Json]:
    """Each port of a pod that has an address, with the labels that the discovery gives it."""
    if "podIP" not in pod["status"]:
        return []
    where, address = pod["metadata"], pod["status"]["podIP"]
    found = {_name(key): value for key, value in where["labels"].items()} | {
        "__meta_kubernetes_namespace": where["namespace"],
        "__meta_kubernetes_pod_name": where["name"],
    }
    return [
        {
            "targets": [f"{address}:{port['containerPort']}"],
            "labels": {**found, "__meta_kubernetes_pod_container_port_name": port["name"]},
        }
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    ]


def _name(label: str) -> str:
    return f"{_LABEL}_{re.sub(r'[^a-zA-Z0-9_]', '_', label)}"


def _keep(source: str, pattern: str) -> Json:
    return {"source_labels": [source], "action": "keep", "regex": pattern}
