"""What Kopia's own log lines say, as far as anything here acts on it. Pure; a line that says nothing is None.

Only JSON lines of the server count: a plain line can be forged by a user name with a line break.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from backend.kopia.snapshots import seconds

_SESSION = re.compile(r'(starting session|session ended) for user "([^"\s]+)" from (\S+)')


@dataclass(frozen=True)
class SessionLine:
    """A session of `user` (user@host) from `address` (host:port) began or ended."""

    user: str
    address: str
    started: bool


def parse_session(line: str) -> SessionLine | None:
    """0.21-0.23: `starting session for user "alice@vm-1" from 10.0.0.7:48418`, `session ended for user …`."""
    if "session" not in line or not line.startswith("{"):
        return None
    record = _record(line)
    if record is None or record.get("n") != "kopia/server":
        return None
    found = _SESSION.fullmatch(str(record.get("m")))
    return SessionLine(found[2], found[3], found[1].startswith("starting")) if found else None


@dataclass(frozen=True)
class MaintenanceLine:
    """A maintenance run began or finished; `time` in seconds since the epoch (0 where the line has none)."""

    full: bool
    finished: bool
    time: float


_MAINTENANCE = re.compile(r"(Running|Finished) (full|quick) maintenance\.+")


def parse_maintenance(line: str) -> MaintenanceLine | None:
    """0.21-0.23: `Running full maintenance...`, `Finished quick maintenance.`"""
    if " maintenance." not in line or not line.startswith("{"):
        return None
    record = _record(line)
    found = _MAINTENANCE.fullmatch(str(record.get("m"))) if record else None
    if not record or not found:
        return None
    return MaintenanceLine(found[2] == "full", found[1] == "Finished", seconds(record.get("t")))


def _record(line: str) -> dict[str, object] | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
