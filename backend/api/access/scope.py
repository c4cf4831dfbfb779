"""What a caller may see: pure, made of the questions that Kubernetes answered with yes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.crd.constants import GROUP, PLURAL
from backend.events.sight import Sight, namespace_of

__all__ = ["TENANTS", "Question", "Scope", "namespace_of", "scope_of", "tenants_of"]

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


@dataclass(frozen=True, slots=True)
class Scope(Sight):
    """Equal scopes show the same. `granted` are the questions behind it, to ask them again."""

    granted: frozenset[Question] = field(default=frozenset(), compare=False, repr=False)


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
