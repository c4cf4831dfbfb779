"""How the server is exposed: `spec.service`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from backend.crd.constants import KOPIA_PORT
from backend.crd.kubernetes import KubernetesModel
from backend.crd.rules import checked, rule


class ServiceType(StrEnum):
    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


Cidr = Annotated[
    str,
    Field(
        max_length=43,
        json_schema_extra=checked(rule("isCIDR(self)", "must be an address range such as 10.0.0.0/8 or fd00::/8")),
    ),
]


class ServiceSpec(KubernetesModel):
    """The Kubernetes Service used to expose the Kopia server."""

    model_config = ConfigDict(
        json_schema_extra=checked(
            rule(
                "!has(self.nodePort) || self.type in ['NodePort', 'LoadBalancer']",
                "nodePort needs type NodePort or LoadBalancer: change the type or remove nodePort",
            ),
            rule(
                "!has(self.loadBalancerIP) || self.type == 'LoadBalancer'",
                "loadBalancerIP needs type LoadBalancer: change the type or remove loadBalancerIP",
            ),
            rule(
                "!has(self.loadBalancerSourceRanges) || self.loadBalancerSourceRanges.size() == 0 || "
                "self.type == 'LoadBalancer'",
                "loadBalancerSourceRanges needs type LoadBalancer: change the type or remove loadBalancerSourceRanges",
            ),
        )
    )

    type: ServiceType = Field(
        default=ServiceType.CLUSTER_IP, description="Type of the Service: ClusterIP, NodePort or LoadBalancer."
    )
    annotations: dict[str, str] = Field(
        default_factory=dict,
        max_length=64,
        description="Annotations of the Service, for example those that a cloud's load balancer reads.",
    )
    port: int = Field(
        default=KOPIA_PORT,
        ge=1,
        le=65535,
        description="Port of the Service.",
        json_schema_extra={"format": "int32"},
    )
    node_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port on every node, within the cluster's range; chosen by Kubernetes when absent.",
        json_schema_extra={"format": "int32"},
    )
    load_balancer_ip: str | None = Field(
        default=None,
        alias="loadBalancerIP",
        max_length=45,
        description="Address to ask the cloud's load balancer for, where it supports that.",
        json_schema_extra=checked(rule("isIP(self)", "must be an IPv4 or IPv6 address")),
    )
    load_balancer_source_ranges: tuple[Cidr, ...] = Field(
        default_factory=tuple,
        max_length=64,
        description="Address ranges that may reach the load balancer; everyone when absent.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
