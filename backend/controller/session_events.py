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
from itertools import chain
from typing import Final

from backend.controller.log_place import stamp
from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.commit import Change
from backend.events.envelope import Source, Template

# A line as the API gives it: kubelet's timestamp, then Kopia's JSON. Of a session line: the timestamp, Kopia's own
# time, `t` when one starts, and `user\" from address`; any other line is the fifth group as a whole. Nothing that is
# taken needs escaping: names are restricted to what Kopia accepts for a user. Both times have a fixed length, as in all
# logs of servers; where they are longer or shorter, the line is one for `others`. (This form is twice as fast as one
# with optional parts and lengths from-to: mind it when you change something.)
LINE: Final = re.compile(
    rb'(?:([0-9T:.-]{29}+Z) \{"l":"INFO","t":"([0-9T:.-]{26}+Z)","n":"kopia/server",'
    rb'"m":"(?:s(t)arting session|session ended) for user '
    rb'\\"([a-z0-9._-]++@[a-z0-9._-]++\\" from [0-9A-Za-z.:%\[\]-]++)"\}'
    rb"|(.*+))\n"
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
Open = tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes]
"""A session: its name, Kopia's time of its start, trace id, span id, user@host, address; its events from the trace to
the address.
"""


class Seen:
    """The latest timestamps, to count lines that share one: also with others in between, as two writers (stdout,
    stderr) fill one log.
    """

    def __init__(self) -> None:
        self.highest = b""
        self.recent: list[bytes] = []  # each once, as they came
        self._repeated: dict[bytes, int] = {}  # how often, of those that came more than once; the latest last

    def count(self, moment: bytes) -> int:
        """The number of this line among those with its timestamp, which is not higher than all before."""
        nth = (self._repeated.pop(moment, 0) or int(moment in self.recent[-_NEAR:])) + 1
        if nth > 1:
            self._repeated[moment] = nth
        else:
            self.recent.append(moment)
        return nth

    def trim(self) -> None:
        """Few are kept: this is called after each chunk."""
        del self.recent[:-_NEAR]
        if len(self._repeated) > 2 * _NEAR:
            self._repeated = dict(list(self._repeated.items())[-_NEAR:])

    def prime(self, before: bytes) -> None:
        """Whole lines just before those that come: a reading begins anew."""
        counted: dict[bytes, int] = {}
        for line in before.split(b"\n")[:-1]:
            moment = stamp(line)
            counted[moment] = counted.pop(moment, 0) + 1
            self.highest = max(self.highest, moment)
        known = set(self.recent)
        self.recent += (moment for moment in counted if moment not in known)
        for moment, times in counted.items():
            if times > 1:
                self._repeated[moment] = max(times, self._repeated.pop(moment, 0))
        self.trim()


class SessionEvents:
    """The open sessions of one server, and the events of what happens to them."""

    def __init__(self, source: Source, others: Callable[[bytes, bytes, bytes], None], unseen: bytes = b"") -> None:
        """`others` gets the name of each other line, its timestamp and its text. `unseen`: a user to leave out."""
        self.open: dict[Key, Open] = {}
        self._more: dict[Key, int] = {}  # streams that a client has open over its connection, beside the first
        self._kept: set[Key] = set()  # those that the projection has
        self._dirty: set[Key] = set()  # those of which it may have something else
        self.latest: dict[bytes, Open] = {}  # by user, the oldest first
        self.events: list[bytes] = []
        self.seen = Seen()
        self.lines = 0  # that were taken, of any kind
        self.unknown = 0  # ends of sessions whose begin was not seen
        self._others = others
        self._unseen = unseen
        self._trace = hashlib.blake2b(source.uri.encode(), digest_size=5).hexdigest()[:9].encode()
        session = {"session": "<session>", "user": "<user>", "address": "<address>"}
        timed = session | {"startedAt": "<started>", "durationSeconds": "#<seconds>", "reason": "<reason>"}
        head, tail = ("id", "subject", "time", "trace", "span"), ("session", "user", "address")
        started = Template(source, SessionStarted, session, (*head, *tail)).parts
        ended = Template(source, SessionEnded, timed, (*head, *tail, "started", "seconds", "reason")).parts
        self._unmatched = Template(source, SessionEnded, session | {"reason": CLOSED.decode()}, (*head, *tail)).parts
        # From trace to address the events of a session are the same: that is made once.
        self._middle = started[4:8]
        self._started = (*started[:4], started[8])
        self._ended = (*ended[:4], *ended[8:])

    def take(self, run: bytes, lines: bytes) -> None:
        """Whole lines of one run of the container; `run` is `<pod uid>.`, the beginning of their names."""
        seen, opened, more = self.seen, self.open, self._more
        highest, is_new = seen.highest, seen.recent.append
        found = LINE.findall(lines)
        self.lines += len(found)
        for moment, time, starts, key, line in found:
            if not key:
                moment, _, text = line.partition(b" ")  # noqa: PLW2901 - this line has it elsewhere
            if moment > highest:
                highest = moment
                is_new(moment)
                nth = 1
            else:
                nth = seen.count(moment)
            if key in (opened if starts else more):
                self._another_stream(key, starts)
                continue
            name = run + moment if nth == 1 else b"%b%b.%d" % (run, moment, nth)
            if not key:
                self._others(name, moment, text)
            elif starts:
                self._start(key, name, time, moment if nth == 1 else b"")
            else:
                self._end(key, name, time)
        seen.highest = highest
        seen.trim()
        self._forget()

    def one(self, ended: bool, user: bytes, address: bytes, name: bytes, time: bytes) -> None:
        """A session line of another form than LINE has."""
        key = user + _FROM + address
        if key in (self._more if ended else self.open):
            self._another_stream(key, b"" if ended else b"t")
        elif ended:
            self._end(key, name, time)
        else:
            self._start(key, name, time, b"")

    def _start(self, key: Key, name: bytes, time: bytes, moment: bytes) -> None:
        """`moment`: empty if another line has it too, so that it makes no trace of its own."""
        user, _, address = key.partition(_FROM)
        if user == self._unseen:
            return
        digits = moment.translate(None, _SEPARATORS)
        if len(digits) == _DIGITS:
            trace, span = self._trace + digits, digits[-16:]
        else:
            trace, span = trace_of(name)
        story = self._story(name, trace, span, user, address)
        self.latest[user] = self.open[key] = (name, time, trace, span, user, address, story)
        self._dirty.add(key)
        to_id, to_subject, to_time, to_story, end = self._started
        self.events.append(b"".join((to_id, name, to_subject, user, to_time, time, to_story, story, end)))

    def _story(self, name: bytes, trace: bytes, span: bytes, user: bytes, address: bytes) -> bytes:
        to_span, to_session, to_user, to_address = self._middle
        return b"".join((trace, to_span, span, to_session, name, to_user, user, to_address, address))

    def _another_stream(self, key: Key, starts: bytes) -> None:
        """One of several that a client has open over its connection comes or goes."""
        left = self._more.get(key, 0) + (1 if starts else -1)
        if left:
            self._more[key] = left
        else:
            del self._more[key]
        self._dirty.add(key)

    def _end(self, key: Key, name: bytes, time: bytes) -> None:
        known = self.open.pop(key, None)
        if known is not None:
            if key in self._kept:
                self._dirty.add(key)
            self._tell_ended(name, time, known, CLOSED)
            return
        user, _, address = key.partition(_FROM)
        if user != self._unseen:
            self.unknown += 1
            trace, span = trace_of(name)
            values = (name, user, time, trace, span, name, user, address, b"")
            self.events.append(b"".join(chain.from_iterable(zip(self._unmatched, values, strict=True))))

    def _tell_ended(self, name: bytes, time: bytes, known: Open, reason: bytes) -> None:
        _, started, _, _, user, _, story = known
        took = _seconds(started, time)
        to_id, to_subject, to_time, to_story, to_started, to_seconds, to_reason, end = self._ended
        self.events.append(
            b"".join((to_id, name, to_subject, user, to_time, time, to_story, story, to_started, started, to_seconds,
                      took, to_reason, reason, end))
        )  # fmt: skip

    def _forget(self) -> None:
        """Users who were not seen for long."""
        latest = self.latest
        if len(latest) > _REMEMBERED:
            for user in list(latest)[: len(latest) - _REMEMBERED]:
                del latest[user]

    def users(self) -> set[str]:
        """Who has a session open."""
        return {known[4].decode() for known in self.open.values()}

    def end_all(self, time: bytes) -> None:
        """The server process is gone, and with it every session; `time` is when, as far as we know."""
        for known in self.open.values():
            self._tell_ended(known[0] + b".ended", time, known, SERVER_ENDED)
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
            story = self._story(name, trace, span, user, address)
            self.open[key] = (name, started, trace, span, user, address, story)
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
                name, started, trace, span, user, address, _ = known
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
