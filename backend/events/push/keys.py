"""Names of what a push subscription keeps in Redis: `{bsls:events}:push:<subscription>:<what>`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

NAMES = b"{bsls:events}:push"
"""Set: the names of all subscriptions that ever began."""

GROUP_PREFIX = "push:"

# Of subscriptions that people made through the API. Each has a `uid`, `api.<16 hexadecimal digits>`, which stands for
# its name in all other keys; names in settings have no dot.
UID_PREFIX = "api."

MADE = b"{bsls:events}:push:made"
"""Hash: uid to the record, `<revision> <JSON>`."""

OWNED = b"{bsls:events}:push:owned"
"""Hash: `<name> <owner>` to the uid."""

SCOPES = b"{bsls:events}:push:scopes"
"""Hash: uid to the JSON of what its owner may see, and when that was asked."""

DUE = b"{bsls:events}:push:due"
"""Sorted set: uid, by the time (milliseconds) at which to ask again what its owner may see."""

CHANGES = b"{bsls:events}:push:changes"
"""String: another one after each change of a record."""

POLICY = b"{bsls:events}:push:policy"
"""String: JSON of what the dispatcher's settings permit to people."""


@dataclass(frozen=True)
class PushKeys:
    name: str

    @property
    def group(self) -> str:
        """Consumer group of the firehose."""
        return GROUP_PREFIX + self.name

    @cached_property
    def lease(self) -> bytes:
        """String that expires: `<who> <token>` of the one process that delivers."""
        return self._key(b"lease")

    @cached_property
    def state(self) -> bytes:
        """Hash: position in the firehose, counters, phase, last success and error."""
        return self._key(b"state")

    @cached_property
    def lanes(self) -> bytes:
        """Hash: `<namespace>/<name>` of a server to the JSON of how far its oldest undelivered batch has got."""
        return self._key(b"lanes")

    @cached_property
    def dead(self) -> bytes:
        """Stream: dead letters, and what was trimmed before it was delivered."""
        return self._key(b"dead")

    @cached_property
    def again(self) -> bytes:
        """Stream: dead letters that somebody wants delivered after all."""
        return self._key(b"again")

    @property
    def own(self) -> tuple[bytes, ...]:
        return (self.lease, self.state, self.lanes, self.dead, self.again)

    def _key(self, what: bytes) -> bytes:
        return b"%b:%b:%b" % (NAMES, self.name.encode(), what)
