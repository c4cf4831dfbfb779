"""What a client missed that is older than the log: pages of the firehose from its position on, or what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from backend.api.stream.log import Entry, entry_of
from backend.api.stream.position import BEGINNING, Position, at
from backend.events.feed import OVERLAP_MS, parse, told
from backend.events.keys import FIREHOSE
from backend.events.reader import Entry as Stored
from backend.events.reader import StreamReader
from backend.events.resp import order, previous


@dataclass(frozen=True)
class Page:
    """All there is after the position that was asked for, up to `position`. `gone`: why what was asked for cannot be
    had; then there are no entries, and `position` is where to go on.
    """

    entries: Sequence[Entry]
    position: Position
    gone: str = ""


class History:
    """Raises StoreError. Few pages are in memory at a time, however many ask."""

    def __init__(self, reader: StreamReader, page: int, at_once: int) -> None:
        self._reader = reader
        self._page = page
        self._turn = asyncio.Semaphore(at_once)

    async def after(self, position: Position, *, proven: bool) -> Page:
        """`proven`: an event at the position was there; if it is not any more, others may be missing as well."""
        async with self._turn:
            stored = await self._reader.history(FIREHOSE, previous(position.entry), count=self._page + 1)
            if proven and position != BEGINNING and (not stored or stored[0].id != position.entry):
                return await self._gone(position, stored)
            entries = [one for entry in stored for one in _entries(entry) if one.position > position]
            return Page(entries, max(position, at(stored[-1].id)) if stored else position)

    async def _gone(self, position: Position, stored: Sequence[Stored]) -> Page:
        if stored:
            first = stored[0].id
            reason = f"what was stored after {told(position.entry)} and before {told(first)} is not there any more"
            return Page((), at(previous(first)), f"the stream was trimmed or lost; {reason}")
        last = (await self._reader.bounds(FIREHOSE)).last
        if not last:
            return Page((), BEGINNING, "the stream is empty now; what was stored is not there any more")
        upto = at(f"{max(0, min(position.ms, order(last)[0]) - OVERLAP_MS)}-0")
        return Page(
            (), upto, f"the event store does not know this position; events after {told(upto.entry)} come again"
        )


def _entries(stored: Stored) -> list[Entry]:
    parsed = [(index, raw, parse(raw)) for index, raw in enumerate(stored.events)]
    return [entry_of(at(stored.id, index), raw, event) for index, raw, event in parsed if event]
