"""What has to be read again, by events of the firehose. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from backend.events.catalogue.base import TYPE_PREFIX
from backend.events.select import server_of

_KIND: Final = re.compile(rb'"type":"%b\.([a-z-]+)\.([a-z-]+)\.' % re.escape(TYPE_PREFIX).encode())


@dataclass
class Marks:
    """`gone`: all that is known is void, the server was deleted."""

    snapshots: set[str] = field(default_factory=set)
    sessions: bool = False
    tenants: bool = False
    gone: bool = False

    def __bool__(self) -> bool:
        return bool(self.snapshots or self.sessions or self.tenants or self.gone)

    def join(self, other: Marks) -> None:
        self.snapshots |= other.snapshots
        self.sessions |= other.sessions
        self.tenants |= other.tenants
        self.gone |= other.gone

    def add(self, event: bytes) -> None:
        """An event of this server, in structured JSON; types that change no projection of ours mark nothing."""
        found = _KIND.search(event)  # reading all of the JSON takes ten times as long, and most are about sessions
        if found is None:
            return
        noun, verb = found.groups()
        if noun == b"session":
            self.sessions = True
        elif noun == b"snapshot" and verb != b"failed":
            self.snapshots.add(str(json.loads(event)["data"]["snapshot"]))
        elif noun == b"tenant":
            self.tenants = True
        elif noun == b"server" and verb == b"deleted":
            self.gone = True


def server_named(event: bytes) -> str:
    """`<namespace>/<name>` that an event is about, `""` for none."""
    try:
        return server_of(json.loads(event))
    except (ValueError, AttributeError):
        return ""
