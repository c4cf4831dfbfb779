"""Which events a reader asked for: by type, server, tenant, severity and time. Pure.

An event happened at its `time`, but not after it was stored: the clock of a client that goes ahead moves nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from backend.events.catalogue import ALL, Severity
from backend.events.catalogue.base import TYPE_PREFIX
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.resp import order, previous

Event = Mapping[str, Any]
_GLOB = frozenset("*?[")
_RANK = {severity.value: rank for rank, severity in enumerate(Severity)}


class InvalidSelection(ValueError):
    """The text says what to correct."""


def server_of(event: Event) -> str:
    """`<namespace>/<name>` by the `source`; `""` for an event that is about no single server."""
    parts = str(event.get("source", "")).split("/")
    return f"{parts[5]}/{parts[7]}" if len(parts) == 8 and parts[4] == "namespaces" else ""


def short_type(event: Event) -> str:
    """`session.started.v1` of `io.openshift.oadp.bsls.session.started.v1`."""
    return str(event.get("type", "")).removeprefix(f"{TYPE_PREFIX}.")


def stored_ms(entry_id: str) -> int:
    """When an entry was stored, in milliseconds, by the clock of Redis."""
    return order(entry_id)[0]


def happened_ms(event: Event, entry_id: str) -> int:
    """When it happened, in milliseconds."""
    stored = stored_ms(entry_id)
    try:
        moment = datetime.fromisoformat(str(event.get("time", "")))
    except ValueError:
        return stored
    return min(stored, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))


@dataclass(frozen=True)
class Selection:
    """What all has to match; an empty tuple or None is no condition. `severity`: at least. Times in milliseconds."""

    types: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    severity: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    @property
    def stream(self) -> bytes:
        """The stream of the one server that is asked for, else that of all servers."""
        names = set(self.servers)
        if len(names) != 1:
            return FIREHOSE
        (name,) = names
        if "/" not in name and len(set(self.namespaces)) == 1:
            name = f"{self.namespaces[0]}/{name}"
        return FIREHOSE if "/" not in name or _GLOB & set(name) else ServerKeys(*name.split("/")).stream

    @property
    def after(self) -> str:
        """An id: all entries that match have a greater one."""
        return previous(f"{self.since_ms or 0}-0")

    def matches(self, event: Event, entry_id: str) -> bool:
        return (
            (self.severity is None or _RANK.get(str(event.get("severity")), 0) >= _RANK[self.severity])
            and (not self.types or _any(_names_of_type(event), self.types))
            and (not self.servers or self._is_server(server_of(event)))
            and (not self.namespaces or _any([server_of(event).partition("/")[0]], self.namespaces))
            and (not self.tenants or _any(_tenants_of(event), self.tenants))
            and (self._has_no_times or self._in_time(happened_ms(event, entry_id)))
        )

    @property
    def _has_no_times(self) -> bool:
        return self.since_ms is None and self.until_ms is None

    def _is_server(self, server: str) -> bool:
        return any(_any([server if "/" in one else server.partition("/")[2]], [one]) for one in self.servers)

    def _in_time(self, moment: int) -> bool:
        return (self.since_ms is None or moment >= self.since_ms) and (self.until_ms is None or moment <= self.until_ms)


def _any(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(name and fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _names_of_type(event: Event) -> list[str]:
    """In full, without the prefix, and without the version."""
    label = short_type(event)
    return [str(event.get("type", "")), label, label.rpartition(".")[0]]


def _tenants_of(event: Event) -> list[str]:
    """The subject, and whom an event about the server names."""
    data = event.get("data")
    if not isinstance(data, Mapping):
        data = {}
    users = data.get("users")
    return [
        str(event.get("subject", "")), str(data.get("user", "")), *(map(str, users) if isinstance(users, list) else ())
    ]  # fmt: skip


def check_type(text: str) -> str:
    """A pattern of types. Raises InvalidSelection for a short name that the catalogue does not have."""
    known = {name for kind in ALL.values() for name in (kind.name, kind.label, kind.type)}
    if text in known or text.startswith(f"{TYPE_PREFIX}.") or _GLOB & set(text):
        return text
    close = difflib.get_close_matches(text, known, 1)
    hint = f"did you mean {close[0]}?" if close else "use <noun>.<verb> such as snapshot.created, or a glob"
    raise InvalidSelection(f"there is no event type {text!r}: {hint}")


def check_server(text: str) -> str:
    """A name or `<namespace>/<name>`, each may be a glob. Raises InvalidSelection."""
    if not text or text.count("/") > 1 or not all(text.split("/")):
        raise InvalidSelection(f"{text!r} is no server: use <name> or <namespace>/<name>")
    return text
