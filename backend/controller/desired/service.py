"""The Service that tenants connect to, and its URL."""

from __future__ import annotations

from typing import Any

from backend.controller.desired.meta import metadata
from backend.controller.observe import Observed
from backend.crd.constants import KOPIA_PORT

Json = dict[str, Any]


def service(observed: Observed) -> Json:
    """`spec.service` as it was asked for; ClusterIP by default."""
    wanted = observed.server.spec.service
    port: Json = {"name": "kopia", "port": wanted.port, "targetPort": "kopia", "protocol": "TCP"}
    if wanted.node_port:
        port["nodePort"] = wanted.node_port
    spec: Json = {"type": str(wanted.type), "selector": observed.names.selector, "ports": [port]}
    if wanted.load_balancer_ip:
        spec["loadBalancerIP"] = wanted.load_balancer_ip
    if wanted.load_balancer_source_ranges:
        spec["loadBalancerSourceRanges"] = list(wanted.load_balancer_source_ranges)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(observed, observed.names.service, dict(wanted.annotations or {})),
        "spec": spec,
    }


def service_url(observed: Observed) -> str:
    """Host and port for clients inside the cluster, e.g. `my-server.backup.svc:51515`."""
    names = observed.names
    return f"{names.service}.{names.namespace}.svc:{observed.server.spec.service.port or KOPIA_PORT}"


def service_account(observed: Observed) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(observed, observed.names.workload),
        "automountServiceAccountToken": False,
    }
