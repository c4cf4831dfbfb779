"""Session lines of a Kopia log become events: the hot path, in which a line costs about two microseconds.

One regular expression cuts a whole chunk into lines and takes session lines apart; an event is a format that was made
once for each server. All other lines go to `others`, in their order.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.envelope import Source, Template

# A line as the API gives it: kubelet's timestamp, then Kopia's JSON. Session lines give five groups, others the sixth
# and seventh. Names are restricted to what Kopia accepts for a user, so that nothing of them needs escaping.
LINE: Final = re.compile(
    rb"(?:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z) "
    rb'\{"l":"INFO","t":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)",'
    rb'"n":"kopia/server","m":"(starting session|session ended) for user '
    rb'\\"([a-z0-9._-]+@[a-z0-9._-]+)\\" from ([0-9A-Za-z.:%\[\]-]+)"\}'
    rb"|(\S*)(?: ([^\n]*))?)\n"
)
CLOSED: Final = b"closed"
SERVER_ENDED: Final = b"server-ended"
_SEPARATORS: Final = b"-:.TZ"
_REMEMBERED: Final = 4096
_DIGITS: Final = 23  # of a time with nanoseconds

Key = tuple[bytes, bytes]  # user@host, address
# A session that has not ended: its name, Kopia's time of its start, trace id, span id, and how many streams the client
# has open over its connection.
Open = tuple[bytes, bytes, bytes, bytes, int]


class Seen:
    """How often each of the latest timestamps was seen: two lines may share one, also with others in between, as two
    writers (stdout, stderr) fill one log.
    """

    def __init__(self) -> None:
        self.highest = b""
        self._recent: dict[bytes, int] = {}
        self._older: dict[bytes, int] = {}

    def begin(self) -> tuple[bytes, dict[bytes, int]]:
        if len(self._recent) > _REMEMBERED:
            self._older, self._recent = self._recent, {}
        return self.highest, self._recent

    def count(self, moment: bytes) -> int:
        """The number of this line among those with its timestamp."""
        return (self._recent.get(moment) or self._older.get(moment) or 0) + 1


class SessionEvents:
    """The open sessions of one server, and the events of what happens to them."""

    def __init__(self, source: Source, others: Callable[[bytes, int, bytes], None]) -> None:
        self.open: dict[Key, Open] = {}
        self.dirty: set[Key] = set()
        self.events: list[bytes] = []
        self.seen = Seen()
        self._others = others
        self._trace = hashlib.blake2b(source.uri.encode(), digest_size=5).hexdigest()[:9].encode()
        session = {"session": "<session>", "user": "<user>", "address": "<address>"}
        ended = session | {"reason": "<reason>"}
        timed = session | {"startedAt": "<started>", "durationSeconds": "#<seconds>", "reason": "<reason>"}
        head, tail = ("id", "subject", "time", "trace", "span"), ("session", "user", "address")
        self._started = Template(source, SessionStarted, session, (*head, *tail)).pattern
        self._ended = Template(source, SessionEnded, ended, (*head, *tail, "reason")).pattern
        self._timed = Template(source, SessionEnded, timed, (*head, *tail, "started", "seconds", "reason")).pattern

    def take(self, run: bytes, lines: bytes) -> None:
        """Whole lines of one run of the container; `run` is `<pod uid>.<restarts>.`, the beginning of their ids."""
        highest, recent = self.seen.begin()
        opened, dirty, add, pattern = self.open, self.dirty, self.events.append, self._started
        for at, time, word, user, address, other_at, other in LINE.findall(lines):
            moment = at or other_at
            if moment > highest:
                nth, highest = 1, moment
            else:
                nth = self.seen.count(moment)
            recent[moment] = nth
            if not at:
                self._others(other_at, nth, other)
                continue
            name = run + at if nth == 1 else b"%b%b.%d" % (run, at, nth)
            key = (user, address)
            dirty.add(key)
            known = opened.get(key)
            if word == b"session ended":
                self._end(key, known, name, time)
            elif known is None:
                digits = at.translate(None, _SEPARATORS)
                if nth == 1 and len(digits) == _DIGITS:
                    trace, span = self._trace + digits, digits[-16:]
                else:
                    trace, span = trace_of(name)
                opened[key] = (name, time, trace, span, 1)
                add(pattern % (name, user, time, trace, span, name, user, address))
            else:
                opened[key] = (*known[:4], known[4] + 1)
        self.seen.highest = highest

    def _end(self, key: Key, known: Open | None, name: bytes, time: bytes) -> None:
        user, address = key
        if known is None:
            trace, span = trace_of(name)
            self.events.append(self._ended % (name, user, time, trace, span, name, user, address, CLOSED))
            return
        session, started, trace, span, streams = known
        if streams > 1:
            self.open[key] = (session, started, trace, span, streams - 1)
            return
        del self.open[key]
        self.events.append(
            self._timed
            % (name, user, time, trace, span, session, user, address, started, _seconds(started, time), CLOSED)
        )

    def end_all(self, time: bytes) -> None:
        """The server process is gone, and with it every session."""
        for (user, address), (session, started, trace, span, _) in self.open.items():
            self.events.append(
                self._timed
                % (session + b".ended", user, time, trace, span, session, user, address, started,
                   _seconds(started, time), SERVER_ENDED)
            )  # fmt: skip
        self.dirty.update(self.open)
        self.open.clear()


def trace_of(name: bytes) -> tuple[bytes, bytes]:
    """Trace and span id of a story, the same at each replay."""
    digits = hashlib.blake2b(name, digest_size=24).hexdigest().encode()
    return digits[:32], digits[32:]


def _seconds(start: bytes, end: bytes) -> bytes:
    """From one time to the other, in seconds; 0 where the clock went back."""
    if start[:17] == end[:17]:  # nearly always; the whole times take ten times as long to read
        return b"%.6f" % max(0.0, float(end[17:-1]) - float(start[17:-1]))
    return b"%.6f" % max(0.0, seconds_of(end) - seconds_of(start))


def seconds_of(time: bytes) -> float:
    """Seconds since the epoch of an RFC 3339 time in UTC."""
    minute = datetime.strptime(time[:16].decode(), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    return minute.timestamp() + float(time[17:-1])
