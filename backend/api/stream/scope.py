"""What a caller may see, as this room asks it, and which events that is."""

from __future__ import annotations

from typing import Protocol

from backend.events.select import Event, server_of
from backend.events.sight import visible

__all__ = ["Scope", "subject_of", "visible"]


class Scope(Protocol):
    """Immutable and hashable; equal scopes see the same. `namespace`: of servers; `""`: of all of them at once."""

    def sees_server(self, namespace: str) -> bool:
        """Whether the caller may know of the servers in this namespace: their names, conditions and addresses."""

    def sees_all_of(self, namespace: str) -> bool:
        """Whether the caller may see everything of the servers in this namespace."""

    def sees_tenant(self, namespace: str, user: str) -> bool:
        """Whether the caller may see what is the tenant's (`user@host`) at the servers in this namespace."""

    def __hash__(self) -> int: ...


def subject_of(event: Event) -> tuple[str, str]:
    """The namespace of its server, `""` where it is about no single one, and the subject: what `visible` asks for."""
    return server_of(event).partition("/")[0], str(event.get("subject", ""))
