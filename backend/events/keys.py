"""Names of everything that we keep in Redis; what belongs to one server is in one hash slot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

FIREHOSE = b"bsls:events"
"""The stream of all servers' events; `{bsls:events}` below hashes to the same slot."""

MARKS = b"{bsls:events}:marks"
"""Hash: `<namespace>/<name>` to the id of the last entry of that server's stream that is in the firehose."""

SERVERS = b"{bsls:events}:servers"
"""Hash: `<namespace>/<name>` of each server that ever was in the firehose, to the id of its first relayed entry."""


@dataclass(frozen=True)
class ServerKeys:
    """The keys of one server: `bsls:{<namespace>/<name>}:<what>`."""

    namespace: str
    name: str

    @cached_property
    def server(self) -> bytes:
        """The field of this server in `MARKS` and `SERVERS`."""
        return f"{self.namespace}/{self.name}".encode()

    @cached_property
    def stream(self) -> bytes:
        """Stream; one CloudEvent an entry, field `event`."""
        return self._key(b"events")

    @cached_property
    def meta(self) -> bytes:
        """Hash: `token`, `cursor`, `last` (the id of the stream's newest entry)."""
        return self._key(b"meta")

    @cached_property
    def state(self) -> bytes:
        return self._key(b"state")

    @cached_property
    def sessions(self) -> bytes:
        return self._key(b"sessions")

    @cached_property
    def snapshots(self) -> bytes:
        return self._key(b"snapshots")

    @cached_property
    def tenants(self) -> bytes:
        return self._key(b"tenants")

    @cached_property
    def spans(self) -> bytes:
        """Stream; the spans of one story of the controller's work an entry, field `spans`: a JSON list."""
        return self._key(b"spans")

    @cached_property
    def all(self) -> tuple[bytes, ...]:
        """The stream first, then meta, then the projections."""
        return (self.stream, self.meta, self.state, self.sessions, self.snapshots, self.tenants)

    def _key(self, what: bytes) -> bytes:
        return b"bsls:{%b}:%b" % (self.server, what)
