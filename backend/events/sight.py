"""What somebody may see of the events of all servers: the one rule, for live streams, lists and pushes. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol


def namespace_of(user: str) -> str:
    """The namespace of a tenant `user@host`: after the host's last dot. `""`: the host has none."""
    host = user.rpartition("@")[2]
    return host.rpartition(".")[2] if "." in host else ""


@dataclass(frozen=True, slots=True)
class Sight:
    """`namespaces`: of servers seen in full; `tenant_namespaces`: of VMs whose tenants are seen at any server."""

    everything: bool = False
    every_tenant: bool = False
    namespaces: frozenset[str] = frozenset()
    tenant_namespaces: frozenset[str] = frozenset()

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.every_tenant or self.namespaces or self.tenant_namespaces)

    def sees_all_of(self, namespace: str) -> bool:
        """Everything of the servers in this namespace."""
        return self.everything or namespace in self.namespaces

    def sees_server(self, namespace: str) -> bool:
        """That the servers in this namespace exist: their names, conditions and addresses."""
        return self.sees_all_of(namespace) or self.every_tenant or bool(self.tenant_namespaces)

    def sees_tenant(self, namespace: str, user: str) -> bool:
        """What is the tenant's (`user@host`) at the servers in this namespace."""
        if self.sees_all_of(namespace):
            return True
        own = namespace_of(user)
        return own != "" and (self.every_tenant or own in self.tenant_namespaces)


EVERYTHING = Sight(everything=True)


class Sees(Protocol):
    def sees_all_of(self, namespace: str) -> bool: ...
    def sees_tenant(self, namespace: str, user: str) -> bool: ...


def visible(scope: Sees, namespace: str, subject: str) -> bool:
    """Who does not see all of a server sees events whose subject is a tenant of theirs, and no others: events about the
    server name tenants of everybody. `namespace`: of the server; `""`: of no single one.
    """
    if scope.sees_all_of(namespace):
        return True
    return "@" in subject and bool(namespace) and scope.sees_tenant(namespace, subject)


def dump(sight: Sight) -> dict[str, Any]:
    return {
        "everything": sight.everything,
        "everyTenant": sight.every_tenant,
        "namespaces": sorted(sight.namespaces),
        "tenantNamespaces": sorted(sight.tenant_namespaces),
    }


def parse(text: bytes) -> tuple[Sight, dict[str, Any]]:
    """What `dump` told, and all that was told beside it. Raises ValueError."""
    told = json.loads(text)
    sight = Sight(
        told["everything"] is True, told["everyTenant"] is True,
        frozenset(map(str, told["namespaces"])), frozenset(map(str, told["tenantNamespaces"])),
    )  # fmt: skip
    return sight, told
