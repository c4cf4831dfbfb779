"""What a caller may see, as this room asks it."""

from __future__ import annotations

from typing import Protocol


class Scope(Protocol):
    """Answers must not change during a request."""

    def sees_server(self, namespace: str) -> bool:
        """Whether the caller may know of the servers in this namespace: their names, conditions and addresses."""

    def sees_all_of(self, namespace: str) -> bool:
        """Whether the caller may see everything of the servers in this namespace."""

    def sees_tenant(self, namespace: str, user: str) -> bool:
        """Whether the caller may see what is the tenant's (`user@host`) at the servers in this namespace."""
