"""Events of one stream from a position on: none twice, and what could not be read any more is told."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.events.reader import Entry, StreamReader
from backend.events.resp import order, previous
from backend.events.select import Selection, stored_ms

MAX_SEEN = 20_000
OVERLAP_MS = 60_000  # how far the clock of a new primary may be behind the old one's, for its entries to be found
FIRST = "0-0"  # an id before all


@dataclass(frozen=True)
class Found:
    """`raw`: structured JSON as it was written; `event`: the same, parsed; `index`: its place within `entry`."""

    entry: str
    raw: bytes
    event: dict[str, Any]
    index: int = 0


@dataclass(frozen=True)
class Start:
    """Begin after `after`, with `proven` an entry that was there; leave out the first `skip` events of `partial`."""

    after: str = FIRST
    proven: bool = False
    partial: str = ""
    skip: int = 0


class Seen:
    """`source` and `id` of the last events, of those after entry `floor` all."""

    def __init__(self, limit: int = MAX_SEEN) -> None:
        self.floor = FIRST
        self._limit = limit
        self._held: OrderedDict[tuple[str, str], str] = OrderedDict()

    def add(self, found: Found) -> bool:
        """Whether it is new."""
        key = (str(found.event.get("source")), str(found.event.get("id")))
        if key in self._held:
            return False
        self._held[key] = found.entry
        if len(self._held) > self._limit:
            self.floor = self._held.popitem(last=False)[1]
        return True


class Feed:
    """`position`: id of the last entry that was read in full, if `proven`. `notice` gets a sentence on what was missed.

    The entry at the position is read again with those that follow: that it is there proves that none is missing.
    """

    def __init__(
        self, reader: StreamReader, selection: Selection, start: Start, *, page: int, notice: Callable[[str], None]
    ) -> None:
        self.position = start.after
        self._start = start
        self._reader = reader
        self._selection = selection
        self._stream = selection.stream
        self._page = page
        self._notice = notice
        self._seen = Seen()
        self.proven = start.proven

    async def read(self, upto: str = "") -> tuple[list[Found], bool]:
        """The next page, and whether more may be there at once; `upto`: the last entry that is wanted."""
        found = await self._reader.history(self._stream, previous(self.position), count=self._page + 1)
        more = len(found) > self._page
        if found and found[0].id == self.position:
            found = found[1:]
        elif self.proven and not await self._continues(found):
            return [], True
        wanted = [one for one in found if not upto or order(one.id) <= order(upto)]
        events = [one for entry in wanted for one in self._events(entry)]
        if wanted:
            self.position, self.proven = wanted[-1].id, True
        return events, more and len(wanted) == len(found)

    async def wait(self, block_s: float) -> None:
        """Until there is a newer entry, or that long."""
        await self._reader.tail(self._stream, self.position, block_s=block_s, count=1)

    def _events(self, entry: Entry) -> list[Found]:
        skip = self._start.skip if entry.id == self._start.partial else 0
        parsed = [(index, raw, parse(raw)) for index, raw in list(enumerate(entry.events))[skip:]]
        if not all(event for *_, event in parsed):
            self._notice(f"entry {entry.id} holds something that is no event; it is left out")
        found = [Found(entry.id, raw, event, index) for index, raw, event in parsed if event]
        return [one for one in found if self._selection.matches(one.event, one.entry) and self._seen.add(one)]

    async def _continues(self, found: list[Entry]) -> bool:
        """The entry at the position is gone: whether reading on from there is right all the same."""
        there = await self._reader.bounds(self._stream)
        if not there.length:
            self._notice(f"the stream is empty now; what was stored after {told(self.position)} is not there any more")
            self._back_to(FIRST)
            return False
        if order(there.first) > order(self.position):
            if not found:
                return False  # it was filled just now: look again
            self._notice(
                f"the stream was trimmed or lost; what was stored after {told(self.position)} and before "
                f"{told(found[0].id)} is not there any more"
            )
            return True
        target = self._rewound(there.last)
        if order(target) >= order(self.position):
            return True
        self._notice(
            f"the event store lost its newest entries (a failover or a restart); reading again after {told(target)}, "
            "without what was shown already"
        )
        self._back_to(target)
        return False

    def _rewound(self, last: str) -> str:
        """Before everything that may have been written since the loss, but nowhere where we know less than we read."""
        base = min(self.position, last, key=order)
        overlap = f"{max(0, stored_ms(base) - OVERLAP_MS)}-0"
        known = [one for one in (self._start.after, self._seen.floor) if order(one) <= order(base)]
        return max(overlap, *known, key=order)

    def _back_to(self, position: str) -> None:
        self.position, self.proven = position, False


def told(entry_id: str) -> str:
    """An id with its time, for people."""
    try:
        moment = datetime.fromtimestamp(stored_ms(entry_id) / 1000, UTC)
    except (OverflowError, ValueError):
        return entry_id
    return f"{moment:%Y-%m-%dT%H:%M:%SZ} ({entry_id})"


def parse(raw: bytes) -> dict[str, Any]:
    """Empty for what is no JSON object."""
    try:
        event = json.loads(raw)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


async def tail_start(reader: StreamReader, selection: Selection, start: Start, last: int, *, page: int) -> Start:
    """Where to begin so that at most the `last` newest matching events follow, none of them before `start`."""
    before, wanted = "+", last
    while wanted > 0:
        entries = await reader.history_back(selection.stream, start.after, before, count=page)
        for entry in entries:
            for index in range(len(entry.events) - 1, -1, -1):
                event = parse(entry.events[index])
                if event and selection.matches(event, entry.id):
                    wanted -= 1
                if not wanted:
                    return Start(previous(entry.id), partial=entry.id, skip=index)
        if len(entries) < page:
            return start
        before = entries[-1].id
    newest = (await reader.bounds(selection.stream)).last or FIRST
    return Start(newest, proven=newest != FIRST) if order(newest) > order(start.after) else start
