"""Session lines of a Kopia log become events: the hot path, in which a line costs about two microseconds.

One regular expression cuts a whole chunk into lines and takes session lines apart; an event is a format that was made
once for each server. All other lines go to `others`, in their order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from backend.controller.log_place import stamp
from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.commit import Change
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
_KEPT: Final = b'{"session":"%b","user":"%b","address":"%b","startedAt":"%b","trace":"%b","span":"%b","streams":%d}'
_FIELDS: Final = ("session", "startedAt", "trace", "span")
_SEPARATORS: Final = b"-:.TZ"
_REMEMBERED: Final = 4096
_DIGITS: Final = 23  # of a time with nanoseconds

Key = tuple[bytes, bytes]  # user@host, address
Open = tuple[bytes, bytes, bytes, bytes]  # a session: its name, Kopia's time of its start, trace id, span id


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

    def prime(self, before: bytes) -> None:
        """Whole lines just before those that come: a reading begins anew."""
        counted: dict[bytes, int] = {}
        for line in before.split(b"\n")[:-1]:
            moment = stamp(line)
            counted[moment] = counted.get(moment, 0) + 1
            self.highest = max(self.highest, moment)
        for moment, times in counted.items():
            self._recent[moment] = max(times, self.count(moment) - 1)


class SessionEvents:
    """The open sessions of one server, and the events of what happens to them."""

    def __init__(self, source: Source, others: Callable[[bytes, bytes, bytes], None], unseen: bytes = b"") -> None:
        """`others` gets the name of each other line, its timestamp and its text. `unseen`: a user to leave out."""
        self.open: dict[Key, Open] = {}
        self._more: dict[Key, int] = {}  # streams that a client has open over its connection, beside the first
        self._kept: set[Key] = set()  # the keys of the projection
        self._dirty: set[Key] = set()
        self.latest: dict[bytes, Open] = {}  # by user, the oldest first
        self.events: list[bytes] = []
        self.seen = Seen()
        self._others = others
        self._unseen = unseen
        self._trace = hashlib.blake2b(source.uri.encode(), digest_size=5).hexdigest()[:9].encode()
        session = {"session": "<session>", "user": "<user>", "address": "<address>"}
        ended = session | {"reason": "<reason>"}
        timed = session | {"startedAt": "<started>", "durationSeconds": "#<seconds>", "reason": "<reason>"}
        head, tail = ("id", "subject", "time", "trace", "span"), ("session", "user", "address")
        self._started = Template(source, SessionStarted, session, (*head, *tail)).pattern
        self._ended = Template(source, SessionEnded, ended, (*head, *tail, "reason")).pattern
        self._timed = Template(source, SessionEnded, timed, (*head, *tail, "started", "seconds", "reason")).pattern

    def take(self, run: bytes, lines: bytes) -> None:
        """Whole lines of one run of the container; `run` is `<pod uid>.`, the beginning of their names."""
        highest, recent = self.seen.begin()
        opened, more, add, pattern, latest = self.open, self._more, self.events.append, self._started, self.latest
        dirty, unseen = self._dirty.add, self._unseen
        for at, time, word, user, address, other_at, other in LINE.findall(lines):
            moment = at or other_at
            if moment > highest:
                nth, highest = 1, moment
            else:
                nth = self.seen.count(moment)
            recent[moment] = nth
            name = run + moment if nth == 1 else b"%b%b.%d" % (run, moment, nth)
            if not at:
                self._others(name, moment, other)
                continue
            if user == unseen:
                continue
            key = (user, address)
            dirty(key)
            if word == b"session ended":
                self._end(key, name, time)
            elif key in opened:
                more[key] = more.get(key, 0) + 1
            else:
                digits = at.translate(None, _SEPARATORS)
                if nth == 1 and len(digits) == _DIGITS:
                    trace, span = self._trace + digits, digits[-16:]
                else:
                    trace, span = trace_of(name)
                latest[user] = opened[key] = (name, time, trace, span)
                add(pattern % (name, user, time, trace, span, name, user, address))
        self.seen.highest = highest
        if len(latest) > _REMEMBERED:
            for user in list(latest)[: len(latest) - _REMEMBERED]:
                del latest[user]

    def one(self, ended: bool, key: Key, name: bytes, time: bytes) -> None:
        """A session line of another form than LINE has."""
        if key[0] == self._unseen:
            return
        self._dirty.add(key)
        if ended:
            self._end(key, name, time)
        elif key in self.open:
            self._more[key] = self._more.get(key, 0) + 1
        else:
            trace, span = trace_of(name)
            self.latest[key[0]] = self.open[key] = (name, time, trace, span)
            self.events.append(self._started % (name, key[0], time, trace, span, name, *key))

    def _end(self, key: Key, name: bytes, time: bytes) -> None:
        if key in self._more:
            self._more[key] -= 1
            if not self._more[key]:
                del self._more[key]
            return
        user, address = key
        known = self.open.pop(key, None)
        if known is None:
            trace, span = trace_of(name)
            self.events.append(self._ended % (name, user, time, trace, span, name, user, address, CLOSED))
            return
        session, started, trace, span = known
        self.events.append(
            self._timed
            % (name, user, time, trace, span, session, user, address, started, _seconds(started, time), CLOSED)
        )

    def end_all(self, time: bytes) -> None:
        """The server process is gone, and with it every session; `time` is when, as far as we know."""
        for (user, address), (session, started, trace, span) in self.open.items():
            self.events.append(
                self._timed
                % (session + b".ended", user, time, trace, span, session, user, address, started,
                   _seconds(started, time), SERVER_ENDED)
            )  # fmt: skip
        self._dirty.update(self.open)
        self.open.clear()
        self._more.clear()

    # --- the projection: a field for each open session, `user address` ------------------------------------------------

    def load(self, projection: Mapping[bytes, bytes]) -> None:
        """Go on with the sessions that were kept. Raises ValueError, KeyError or TypeError for what is not ours."""
        for text in projection.values():
            kept = json.loads(text)
            name, started, trace, span = (str(kept[field]).encode() for field in _FIELDS)
            key = kept["user"].encode(), kept["address"].encode()
            self.open[key] = (name, started, trace, span)
            self._kept.add(key)
            if int(kept["streams"]) > 1:
                self._more[key] = int(kept["streams"]) - 1

    def changes(self, projection: bytes) -> list[Change]:
        """What became of the sessions since this was last asked for; those that came and went are nothing."""
        dirty, self._dirty = self._dirty, set()
        sets: list[bytes] = []
        removes: list[bytes] = []
        for who in dirty:
            known = self.open.get(who)
            if known is not None:
                sets += (b"%b %b" % who, _KEPT % (known[0], *who, *known[1:], self._more.get(who, 0) + 1))
                self._kept.add(who)
            elif who in self._kept:
                removes.append(b"%b %b" % who)
                self._kept.discard(who)
        made: list[Change] = []
        if sets:
            made.append((b"HSET", projection, *sets))
        if removes:
            made.append((b"HDEL", projection, *removes))
        return made


def trace_of(name: bytes) -> tuple[bytes, bytes]:
    """Trace and span id of a story, the same at each replay."""
    digits = hashlib.blake2b(name, digest_size=24).hexdigest().encode()
    return digits[:32], digits[32:]


def _seconds(start: bytes, end: bytes) -> bytes:
    """From one time to the other, in seconds; 0 where the clock went back."""
    same_minute = start[:17] == end[:17]  # nearly always; the whole times take ten times as long to read
    took = float(end[17:-1]) - float(start[17:-1]) if same_minute else seconds_of(end) - seconds_of(start)
    return b"%.6f" % took if took > 0 else b"0"


def seconds_of(time: bytes) -> float:
    """Seconds since the epoch of an RFC 3339 time in UTC; 0 for what only looks like one."""
    try:
        minute = datetime.strptime(time[:16].decode(), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        return 0.0
    return minute.timestamp() + float(time[17:-1])
