"""What a caller may see: pure, made of the questions that Kubernetes answered with yes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.crd.constants import GROUP, PLURAL

TENANTS = "tenants"  # the virtual subresource that a tenant viewer may get in the namespace of their VMs


class Question(NamedTuple):
    """May they `verb` servers (or another resource), or with `subresource` what is below them? No namespace: in all;
    no name: any.
    """

    verb: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    resource: str = PLURAL
    group: str = GROUP

    def attributes(self) -> dict[str, str]:
        """As a SubjectAccessReview names them."""
        return self._asdict()


def tenants_of(namespace: str = "") -> Question:
    return Question("get", namespace, "", TENANTS)


def namespace_of(user: str) -> str:
    """The namespace of a tenant `user@host`: after the host's last dot. `""`: the host has none."""
    host = user.rpartition("@")[2]
    return host.rpartition(".")[2] if "." in host else ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Equal scopes show the same. `granted` are the questions behind it, to ask them again.

    `namespaces`: of servers seen in full; `tenant_namespaces`: of VMs whose tenants are seen at any server.
    """

    everything: bool = False
    every_tenant: bool = False
    namespaces: frozenset[str] = frozenset()
    tenant_namespaces: frozenset[str] = frozenset()
    granted: frozenset[Question] = field(default=frozenset(), compare=False, repr=False)

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


def scope_of(granted: Iterable[Question]) -> Scope:
    """The scope that these questions, answered with yes, make."""
    granted = frozenset(granted)
    servers = {one for one in granted if not one.subresource}
    tenants = {one.namespace for one in granted if one.subresource == TENANTS}
    everything = any(not one.namespace for one in servers)
    every_tenant = not everything and "" in tenants
    return Scope(
        everything=everything,
        every_tenant=every_tenant,
        namespaces=frozenset() if everything else frozenset(one.namespace for one in servers),
        tenant_namespaces=frozenset() if everything or every_tenant else frozenset(tenants),
        granted=granted,
    )
