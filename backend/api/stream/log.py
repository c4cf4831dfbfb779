"""The newest events of the firehose, each encoded once, for all clients; bounded by bytes and by time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from backend.api.stream.frames import event_frame
from backend.api.stream.position import BEGINNING, Position, just_before
from backend.events.select import Event, short_type

_KEPT = ("type", "source", "subject", "severity", "time")
_OF_DATA = ("user", "users")


class Entry:
    """A frame of a stream. `number` counts on without a hole, also where ids of a new primary go back; -1: not of the
    log. `event`: as much of it as filters ask for, None for a frame that goes to everybody.
    """

    __slots__ = ("event", "frame", "number", "position", "since")

    def __init__(
        self, position: Position, frame: bytes, event: Event | None = None, number: int = -1, since: float = 0.0
    ):
        self.position = position
        self.frame = frame
        self.event = event
        self.number = number
        self.since = since


def entry_of(position: Position, raw: bytes, event: Mapping[str, Any], number: int = -1, since: float = 0.0) -> Entry:
    """`raw`: structured JSON; `event`: the same, parsed."""
    kept: dict[str, Any] = {name: event[name] for name in _KEPT if name in event}
    data = event.get("data")
    if isinstance(data, Mapping):
        kept["data"] = {name: data[name] for name in _OF_DATA if name in data}
    return Entry(position, event_frame(position, short_type(event), raw), kept, number, since)


def control(position: Position | None, frame: bytes) -> Entry:
    """A frame that goes to everybody, after all that came up to this position."""
    return Entry(position or BEGINNING, frame)


class Log:
    """Holds everything after `floor` up to `head`; None before it is `begin`-ned."""

    def __init__(self, max_bytes: int, max_age_s: float) -> None:
        self.floor: Position | None = None
        self.head: Position | None = None
        self.next_number = 0
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._entries: list[Entry] = []
        self._start = 0  # of what is held in `_entries`
        self._bytes = 0

    def begin(self, position: Position) -> None:
        """Empty, from here on."""
        self._entries, self._start, self._bytes = [], 0, 0
        self.floor = self.head = position

    def append(self, position: Position, raw: bytes, event: Event, now: float) -> Entry:
        """An event that came after all that are there. Where its position does not, what is there can no longer be
        asked for by position and is dropped.
        """
        if self.head is None or position <= self.head:
            self.begin(just_before(position))
        entry = entry_of(position, raw, event, self.next_number, now)
        self.next_number += 1
        self._entries.append(entry)
        self._bytes += len(entry.frame)
        self.head = position
        self.trim(now)
        return entry

    def trim(self, now: float) -> None:
        """Drop what is too old or too much."""
        oldest, entries = now - self._max_age_s, self._entries
        while self._start < len(entries) and (self._bytes > self._max_bytes or entries[self._start].since < oldest):
            gone = entries[self._start]
            self.floor = gone.position
            self._bytes -= len(gone.frame)
            self._start += 1
        if self._start > 1000 and self._start * 2 > len(entries):
            del entries[: self._start]
            self._start = 0

    @property
    def first_number(self) -> int:
        """Of the oldest event that is held, or of the next one."""
        return self._entries[self._start].number if self._start < len(self._entries) else self.next_number

    def covers(self, position: Position) -> bool:
        """All that comes after it is here."""
        return self.floor is not None and self.head is not None and self.floor <= position <= self.head

    def after(self, position: Position) -> Iterator[Entry]:
        """Of a position that it covers; do not change the log meanwhile."""
        start = bisect_right(self._entries, position, self._start, key=lambda entry: entry.position)
        for number in range(start, len(self._entries)):
            yield self._entries[number]
