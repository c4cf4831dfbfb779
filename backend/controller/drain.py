"""A restart cuts running snapshots: wait for the server's sessions to end, up to a limit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from backend.kopia.users import is_reserved

_START = 'starting session for user "'
_END = 'session ended for user "'


def active_sessions(lines: Iterable[str]) -> int:
    """Sessions of tenants that are open after these log lines of one Kopia process: starts minus ends by user and
    address. Kopia opens two sessions on one address for a snapshot, so they are counted, not marked.

    Those of controllers hold nothing up, for a killed one may have left them open. Only JSON lines count: a plain line
    can be forged by a user name with a line break.
    """
    open_sessions: Counter[str] = Counter()
    for line in lines:
        message = _message(line)
        if message.startswith(_START):
            open_sessions[message[len(_START) :]] += 1
        elif message.startswith(_END):
            open_sessions[message[len(_END) :]] -= 1
    return sum(count for who, count in open_sessions.items() if count > 0 and not is_reserved(who))


def _message(line: str) -> str:
    if not line.startswith("{"):
        return ""
    try:
        record = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(record, dict) or record.get("n") != "kopia/server":
        return ""
    message = record.get("m")
    return message if isinstance(message, str) else ""


class DrainClock:
    """Until when each server may wait; gone with the process, so a new controller waits its full limit again."""

    def __init__(self, limit_s: float) -> None:
        self._limit = timedelta(seconds=limit_s)
        self._deadlines: dict[tuple[str, str], datetime] = {}

    def deadline(self, key: tuple[str, str], now: datetime) -> datetime:
        """The end of the wait; the first call starts it."""
        return self._deadlines.setdefault(key, now + self._limit)

    def reset(self, key: tuple[str, str]) -> None:
        self._deadlines.pop(key, None)
