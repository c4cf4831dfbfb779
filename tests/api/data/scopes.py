"""Scopes for tests, by the rules of docs/adr/0017-api.md."""

from __future__ import annotations

from dataclasses import dataclass


class Everything:
    def sees_server(self, namespace: str) -> bool:
        return True

    def sees_all_of(self, namespace: str) -> bool:
        return True

    def sees_tenant(self, namespace: str, user: str) -> bool:
        return True


@dataclass(frozen=True)
class Some:
    """All of the servers in some namespaces, and at all servers the tenants of other namespaces."""

    namespaces: frozenset[str] = frozenset()
    tenants_of: frozenset[str] = frozenset()

    def sees_server(self, namespace: str) -> bool:
        return namespace in self.namespaces or bool(self.tenants_of)

    def sees_all_of(self, namespace: str) -> bool:
        return namespace in self.namespaces

    def sees_tenant(self, namespace: str, user: str) -> bool:
        return namespace in self.namespaces or user.partition("@")[2].rpartition(".")[2] in self.tenants_of
