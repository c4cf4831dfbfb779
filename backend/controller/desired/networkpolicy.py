"""Who may reach the Kopia pod, and what it may reach: DNS and its storage."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from backend.controller.desired.meta import metadata
from backend.controller.observe import Observed
from backend.controller.settings import Settings
from backend.crd.constants import KOPIA_PORT, METRICS_CLIENT_LABELS, METRICS_PORT
from backend.storage.model import Endpoint

Json = dict[str, Any]
OTLP_PORT = 4317
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def network_policy(observed: Observed, endpoint: Endpoint, settings: Settings) -> Json:
    """Ingress from admitted namespaces (Kopia), the controller (Kopia, metrics) and monitoring (metrics). Egress to
    DNS, the storage, and the receiver of Kopia's spans if there is one.
    """
    allowed = observed.server.spec.network_policy.allowed_namespaces
    clients = {"namespaceSelector": allowed.model_dump(by_alias=True, exclude_none=True, mode="json")}
    controller = {
        "namespaceSelector": {"matchLabels": {NAMESPACE_NAME: settings.controller_namespace}},
        "podSelector": {"matchLabels": settings.controller_labels},
    }
    monitoring = [{"namespaceSelector": {"matchLabels": {key: value}}} for key, value in METRICS_CLIENT_LABELS.items()]
    kopia, metrics = _tcp(KOPIA_PORT), _tcp(METRICS_PORT)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(observed, observed.names.workload),
        "spec": {
            "podSelector": {"matchLabels": observed.names.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [clients], "ports": [kopia]},
                {"from": [controller], "ports": [kopia, metrics]},
                {"from": monitoring, "ports": [metrics]},
            ],
            "egress": [
                # 5353: the DNS pods of OpenShift listen there behind their Service's port 53
                {"ports": [_port("UDP", 53), _tcp(53), _port("UDP", 5353), _tcp(5353)]},
                _storage_rule(endpoint, observed.bsl_namespace),
                *_spans_rule(settings),
            ],
        },
    }


def _spans_rule(settings: Settings) -> list[Json]:
    if not settings.kopia_otlp_endpoint:
        return []
    parts = urlsplit(settings.kopia_otlp_endpoint)
    where = Endpoint(parts.hostname or "", parts.port or OTLP_PORT, tls=parts.scheme == "https")
    return [_storage_rule(where, settings.controller_namespace)]


def _storage_rule(endpoint: Endpoint, bsl_namespace: str) -> Json:
    """An address is pinned; a Service of this cluster is pinned to its namespace (a policy sees the pod's own port,
    not the Service's); a public name can change its addresses at any time, so only its port can be pinned."""
    try:
        address = ipaddress.ip_address(endpoint.host)
    except ValueError:
        namespace = _service_namespace(endpoint.host, bsl_namespace)
        if namespace is None:
            return {"ports": [_tcp(endpoint.port)]}
        return {"to": [{"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}}}]}
    cidr = f"{address}/{address.max_prefixlen}"
    return {"to": [{"ipBlock": {"cidr": cidr}}], "ports": [_tcp(endpoint.port)]}


def _service_namespace(host: str, bsl_namespace: str) -> str | None:
    """Namespace of a cluster-internal name (`svc`, `svc.ns.svc`, `svc.ns.svc.cluster.local`), else None."""
    labels = host.rstrip(".").split(".")
    if len(labels) == 1:
        return bsl_namespace
    return labels[1] if len(labels) >= 3 and labels[2] == "svc" else None


def _port(protocol: str, port: int) -> Json:
    return {"protocol": protocol, "port": port}


def _tcp(port: int) -> Json:
    return _port("TCP", port)
