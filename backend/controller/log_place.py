"""Places in a container's log, which the API gives without offsets: by timestamp, number and digest of a line. Pure.

A log is in the order of its file. Two writers (stdout, stderr) fill it, so timestamps may repeat and go back a little.
A re-read of the same file gives the same lines in the same order.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

OVERLAP = timedelta(seconds=2)  # how far timestamps may go back within a file
FAR_NS = 10 * 10**9  # a line this much later is surely behind the one that is looked for
BEFORE = 1 << 14  # bytes of lines that are remembered to count equal timestamps
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class LogCursor:
    """The last line that was taken of one run of a container. `at` is empty while there was none.

    `nth`: how many lines with this very timestamp there are up to it, in the order of the file. `over`: the run has
    ended and its log was read to the end.
    """

    pod_uid: str
    restarts: int
    at: str = ""
    nth: int = 0
    digest: str = ""
    over: bool = False

    def to_json(self) -> dict[str, Any]:
        return vars(self)

    @classmethod
    def from_json(cls, found: Any) -> LogCursor:
        """Raises ValueError for what no version of ours has written."""
        try:
            return cls(
                pod_uid=str(found["pod_uid"]),
                restarts=int(found["restarts"]),
                at=str(found["at"]),
                nth=int(found["nth"]),
                digest=str(found["digest"]),
                over=bool(found.get("over", False)),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a log cursor: {error}") from error

    @property
    def since(self) -> datetime | None:
        """From when on to read again, so that this line and all after it are there; None: from the beginning."""
        time = moment(self.at)
        return datetime.fromtimestamp(time // 10**9, UTC) - OVERLAP if time is not None else None


@dataclass(frozen=True)
class Gap:
    """Lines between two times could not be read. An empty time is not known."""

    from_time: str
    to_time: str
    reason: str


def moment(at: str) -> int | None:
    """Nanoseconds since the epoch of a timestamp in any zone; None for what is none."""
    found = _MOMENT.fullmatch(at)
    if found is None:
        return None
    seconds, fraction, zone = found.groups()
    try:
        time = datetime.fromisoformat(seconds + zone.replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(time.timestamp()) * 10**9 + int((fraction or "0").ljust(9, "0"))


def stamp(line: bytes) -> bytes:
    """The timestamp before the text; never more than such a one needs, whatever the line is."""
    return line[:64].partition(b" ")[0].rstrip(b"\n")


def first_at(lines: bytes) -> str:
    return stamp(lines[: lines.index(b"\n")]).decode("latin-1")


def last_stamp(lines: bytes) -> bytes:
    """The timestamp of the last of whole lines; empty for one that has none."""
    at = stamp(lines[lines.rfind(b"\n", 0, len(lines) - 1) + 1 :])
    return at if moment(at.decode("latin-1")) is not None else b""


def stamped(lines: bytes) -> bytes:
    """The lines without those that kubelet gave no timestamp: it says so why it cannot read on, and they are no log."""
    return b"".join(line + b"\n" for line in lines.split(b"\n")[:-1] if last_stamp(line))


def advance(cursor: LogCursor, chunk: bytes, before: bytes = b"") -> LogCursor:
    """The place after whole lines were taken, the last one with a timestamp. `before`: the lines just before these, see
    `remember`.
    """
    last = chunk[chunk.rfind(b"\n", 0, len(chunk) - 1) + 1 : -1]
    at = stamp(last)
    text = at.decode("latin-1")
    nth = _count(chunk, at) + (cursor.nth if cursor.at == text else _count(before, at))
    return LogCursor(cursor.pod_uid, cursor.restarts, text, nth, _digest(last))


def remember(before: bytes, chunk: bytes) -> bytes:
    """The last lines, enough of them to count a timestamp that comes again."""
    if len(chunk) < BEFORE:
        chunk = before + chunk
    if len(chunk) <= BEFORE:
        return chunk
    return chunk[chunk.find(b"\n", len(chunk) - BEFORE) + 1 :]


class Resume:
    """Drops of a log that is read again everything up to the cursor's line, and that line.

    `found`: it was there. `missed`: it should have come before what was read. `shifted`: it is there with another
    number, as lines before it were rotated away. `before`: the dropped lines, see `remember`.
    """

    def __init__(self, cursor: LogCursor, *, any_number: bool = False) -> None:
        self.found = self.missed = self.shifted = False
        self.before = b""
        self._at = cursor.at.encode("latin-1")
        self._moment = moment(cursor.at)
        self._nth = 1 if any_number else cursor.nth
        self._digest = cursor.digest
        self._count = 0

    def feed(self, chunk: bytes) -> bytes:
        """What of these whole lines is new."""
        if self.found:
            return chunk
        end = 0
        while (start := _find(chunk, self._at, end)) >= 0:
            end = chunk.index(b"\n", start) + 1
            self._count += 1
            if _digest(chunk[start : end - 1]) != self._digest:
                continue
            if self._count >= self._nth:
                self.found = True
                self.before = remember(self.before, chunk[:end])
                return chunk[end:]
            self.shifted = True
        self.before = remember(self.before, chunk)
        last = moment(stamp(chunk[chunk.rfind(b"\n", 0, len(chunk) - 1) + 1 :]).decode("latin-1"))
        if last is not None and self._moment is not None and last > self._moment + FAR_NS:
            self.missed = True
        return b""


class After:
    """Like `Resume` where the cursor's line is known to be gone: new is everything from the first later line on."""

    def __init__(self, cursor: LogCursor) -> None:
        self.found = self.missed = self.shifted = False
        self.before = b""
        self._moment = moment(cursor.at) or 0

    def feed(self, chunk: bytes) -> bytes:
        if self.found:
            return chunk
        start = 0
        while start < len(chunk):
            time = moment(stamp(chunk[start : start + 64]).decode("latin-1"))
            if time is not None and time > self._moment:
                self.found = True
                return chunk[start:]
            start = chunk.index(b"\n", start) + 1
        return b""


def _find(chunk: bytes, at: bytes, start: int) -> int:
    """Where the next line with this timestamp begins, from a beginning of a line on; -1: there is none."""
    if chunk.startswith(at, start):
        return start
    found = chunk.find(b"\n" + at, max(0, start - 1))
    return found + 1 if found >= 0 else -1


def _count(lines: bytes, at: bytes) -> int:
    return lines.count(b"\n" + at) + lines.startswith(at)


def _digest(line: bytes) -> str:
    return hashlib.blake2b(line, digest_size=8).hexdigest()
