"""Session lines of a Kopia log become events: the hot path, in which a line costs about two microseconds.

One regular expression cuts a whole chunk into lines and takes session lines apart; an event is a format that was made
once for each server. All other lines go to `others`, in their order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from backend.controller.log_place import stamp
from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.commit import Change
from backend.events.envelope import Source, Template

# A line as the API gives it: kubelet's timestamp, then Kopia's JSON. Of a session line: the timestamp, Kopia's own
# time, `t` when one starts, and `user\" from address`; of any other line the timestamp and, as the fifth group, its
# text. Names are restricted to what Kopia accepts for a user, so that nothing of them needs escaping.
LINE: Final = re.compile(
    rb'([^ \n]*+)(?: (?:\{"l":"INFO","t":"([0-9T:.-]{19,29}+Z)","n":"kopia/server",'
    rb'"m":"(?:s(t)arting session|session ended) for user '
    rb'\\"([a-z0-9._-]++@[a-z0-9._-]++\\" from [0-9A-Za-z.:%\[\]-]++)"\}'
    rb"|([^\n]*+)))?\n"
)
_FROM: Final = b'\\" from '
CLOSED: Final = b"closed"
SERVER_ENDED: Final = b"server-ended"
_KEPT: Final = b'{"session":"%b","user":"%b","address":"%b","startedAt":"%b","trace":"%b","span":"%b","streams":%d}'
_FIELDS: Final = ("session", "startedAt", "trace", "span")
_SEPARATORS: Final = b"-:.TZ"
_REMEMBERED: Final = 4096  # users
_NEAR: Final = 64  # lines between two that may share a timestamp
_DIGITS: Final = 23  # of a time with nanoseconds

Key = bytes  # user@host, `_FROM`, address
Open = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""A session: its name, Kopia's time of its start, trace id, span id, user@host, address."""


class Seen:
    """How often each of the latest timestamps was seen: two lines may share one, also with others in between, as two
    writers (stdout, stderr) fill one log.
    """

    def __init__(self) -> None:
        self.highest = b""
        self.recent: dict[bytes, int] = {}  # the latest last

    def count(self, moment: bytes) -> int:
        """The number of this line among those with its timestamp."""
        return self.recent.pop(moment, 0) + 1

    def trim(self) -> None:
        """Few are kept, so that the memory of many servers stays in the processor's caches."""
        if len(self.recent) > 2 * _NEAR:
            self.recent = dict(list(self.recent.items())[-_NEAR:])

    def prime(self, before: bytes) -> None:
        """Whole lines just before those that come: a reading begins anew."""
        counted: dict[bytes, int] = {}
        for line in before.split(b"\n")[:-1]:
            moment = stamp(line)
            counted[moment] = counted.pop(moment, 0) + 1
            self.highest = max(self.highest, moment)
        for moment, times in counted.items():
            self.recent[moment] = max(times, self.recent.pop(moment, 0))
        self.trim()


class SessionEvents:
    """The open sessions of one server, and the events of what happens to them."""

    def __init__(self, source: Source, others: Callable[[bytes, bytes, bytes], None], unseen: bytes = b"") -> None:
        """`others` gets the name of each other line, its timestamp and its text. `unseen`: a user to leave out."""
        self.open: dict[Key, Open] = {}
        self._more: dict[Key, int] = {}  # streams that a client has open over its connection, beside the first
        self._kept: set[Key] = set()  # those that the projection has
        self._dirty: set[Key] = set()
        self.latest: dict[bytes, Open] = {}  # by user, the oldest first
        self.events: list[bytes] = []
        self.seen = Seen()
        self.lines = 0  # that were taken, of any kind
        self.unknown = 0  # ends of sessions whose begin was not seen
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
        seen = self.seen
        highest, recent = seen.highest, seen.recent
        opened, more, dirty, others = self.open, self._more, self._dirty.add, self._others
        found = LINE.findall(lines)
        self.lines += len(found)
        for moment, time, starts, key, other in found:
            if moment > highest:
                highest = moment
                recent[moment] = nth = 1
                name = run + moment
            else:
                recent[moment] = nth = seen.count(moment)
                name = run + moment if nth == 1 else b"%b%b.%d" % (run, moment, nth)
            if not key:
                others(name, moment, other)
                continue
            dirty(key)
            if starts:
                if key in opened:
                    more[key] = more.get(key, 0) + 1
                else:
                    self._start(key, name, time, moment if nth == 1 else b"")
            elif key in more:
                self._end_stream(key)
            else:
                self._end(key, name, time)
        seen.highest = highest
        seen.trim()
        latest = self.latest
        if len(latest) > _REMEMBERED:
            for user in list(latest)[: len(latest) - _REMEMBERED]:
                del latest[user]

    def one(self, ended: bool, user: bytes, address: bytes, name: bytes, time: bytes) -> None:
        """A session line of another form than LINE has."""
        key = user + _FROM + address
        self._dirty.add(key)
        if not ended and key not in self.open:
            self._start(key, name, time, b"")
        elif not ended:
            self._more[key] = self._more.get(key, 0) + 1
        elif key in self._more:
            self._end_stream(key)
        else:
            self._end(key, name, time)

    def _start(self, key: Key, name: bytes, time: bytes, moment: bytes) -> None:
        """`moment`: empty if another line has it too, so that it makes no trace of its own."""
        user, _, address = key.partition(_FROM)
        if user == self._unseen:
            return
        digits = moment.translate(None, _SEPARATORS)
        if len(digits) == _DIGITS and digits.isdigit():
            trace, span = self._trace + digits, digits[-16:]
        else:
            trace, span = trace_of(name)
        self.latest[user] = self.open[key] = (name, time, trace, span, user, address)
        self.events.append(self._started % (name, user, time, trace, span, name, user, address))

    def _end_stream(self, key: Key) -> None:
        """One of several that a client has open over its connection."""
        left = self._more[key] - 1
        if left:
            self._more[key] = left
        else:
            del self._more[key]

    def _end(self, key: Key, name: bytes, time: bytes) -> None:
        known = self.open.pop(key, None)
        if known is not None:
            session, started, trace, span, user, address = known
            took = _seconds(started, time)
            self.events.append(
                self._timed % (name, user, time, trace, span, session, user, address, started, took, CLOSED)
            )
            return
        user, _, address = key.partition(_FROM)
        if user != self._unseen:
            self.unknown += 1
            trace, span = trace_of(name)
            self.events.append(self._ended % (name, user, time, trace, span, name, user, address, CLOSED))

    def users(self) -> set[str]:
        """Who has a session open."""
        return {known[4].decode() for known in self.open.values()}

    def end_all(self, time: bytes) -> None:
        """The server process is gone, and with it every session; `time` is when, as far as we know."""
        for session, started, trace, span, user, address in self.open.values():
            took = _seconds(started, time)
            self.events.append(
                self._timed
                % (session + b".ended", user, time, trace, span, session, user, address, started, took, SERVER_ENDED)
            )
        self._dirty.update(self.open)
        self.open.clear()
        self._more.clear()

    # --- the projection: a field for each open session, `user address` ------------------------------------------------

    def load(self, projection: Mapping[bytes, bytes]) -> None:
        """Go on with the sessions that were kept. Raises ValueError, KeyError or TypeError for what is not ours."""
        for text in projection.values():
            kept = json.loads(text)
            user, address = kept["user"].encode(), kept["address"].encode()
            key = user + _FROM + address
            name, started, trace, span = (str(kept[field]).encode() for field in _FIELDS)
            self.open[key] = (name, started, trace, span, user, address)
            self._kept.add(key)
            if int(kept["streams"]) > 1:
                self._more[key] = int(kept["streams"]) - 1

    def changes(self, projection: bytes) -> list[Change]:
        """What became of the sessions since this was last asked for; those that came and went are nothing."""
        dirty, self._dirty = self._dirty, set()
        sets: list[bytes] = []
        removes: list[bytes] = []
        for key in dirty:
            known = self.open.get(key)
            if known is not None:
                name, started, trace, span, user, address = known
                streams = self._more.get(key, 0) + 1
                sets += (b"%b %b" % (user, address), _KEPT % (name, user, address, started, trace, span, streams))
                self._kept.add(key)
            elif key in self._kept:
                removes.append(key.replace(_FROM, b" "))
                self._kept.discard(key)
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
    same_minute = end.startswith(start[:17])  # nearly always; the whole times take ten times as long to read
    took = float(end[17:-1]) - float(start[17:-1]) if same_minute else seconds_of(end) - seconds_of(start)
    return b"%.6f" % took if took > 0 else b"0"


def seconds_of(time: bytes) -> float:
    """Seconds since the epoch of an RFC 3339 time in UTC; 0 for what only looks like one."""
    try:
        minute = datetime.fromisoformat(f"{time[:16].decode()}+00:00")
    except ValueError:
        return 0.0
    return minute.timestamp() + float(time[17:-1])
