"""Subscribers with equal filter and equal scope: each event is judged, and its bytes are made, once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.api.stream.client import Client
from backend.api.stream.frames import chunk
from backend.api.stream.log import Entry, Log
from backend.api.stream.position import BEGINNING, Position, just_before
from backend.api.stream.scope import Scope, subject_of, visible
from backend.events.select import Event, Selection

YIELD_EVERY = 200  # writes, of some microseconds each


@dataclass(frozen=True, slots=True)
class Part:
    """What one write carries: `data[chunked]`."""

    entries: Sequence[Entry]
    data: tuple[bytes, bytes]


class Cohort:
    """`front`: clients that have everything up to the last flush and take more; `behind`: the others. `pending`: for
    the next flush. `users`: open streams, also those that still catch up.
    """

    def __init__(self, selection: Selection, scope: Scope, log: Log, now: float) -> None:
        self.selection = selection
        self.scope = scope
        self.users = 0
        self.front: set[Client] = set()
        self.behind: set[Client] = set()
        self.pending: list[Entry] = []
        self.written = now  # when something was last flushed
        self.gaps = 0
        self._log = log

    def sees(self, event: Event) -> bool:
        return visible(self.scope, *subject_of(event)) and self.selection.matches(event, "")

    @property
    def cut(self) -> Position | None:
        """Up to there all is flushed, or in a flush under way; None before the log begins."""
        if not self.pending:
            return self._log.head
        first = self.pending[0]
        return first.position if first.event is None else just_before(first.position)

    def join(self, client: Client, position: Position | None) -> None:
        """It had everything up to `position`, which the log covers; None: what comes from now on is enough."""
        cut = self.cut
        client.caught_up = self._caught_up
        self.behind.add(client)
        if position is None or cut is None:
            client.put_off((), cut or BEGINNING)
        elif position > cut:
            client.put_off((), position)
            client.need = position
        else:
            client.put_off(list(self._missed(position, cut)), position)
        client.pump()

    def _missed(self, position: Position, cut: Position) -> Iterable[Entry]:
        for entry in self._log.after(position):
            if entry.position > cut:
                return
            if entry.event is not None and self.sees(entry.event):
                yield entry

    def leave(self, client: Client) -> None:
        self.front.discard(client)
        self.behind.discard(client)

    def _caught_up(self, client: Client) -> None:
        """It has all that it can get now."""
        if client not in self.behind:
            return
        if client.lost:
            self.gaps += 1
            client.tell_gap(self.cut or BEGINNING)
        if client.need is None and not client.paused:
            client.queue = None
            self.behind.discard(client)
            self.front.add(client)

    async def flush(self, now: float, write_bytes: int) -> int:
        """Everything that is pending, to all; the number of writes."""
        entries, self.pending = self.pending, []
        self.written = now
        front, first = tuple(self.front), self._log.first_number
        for client in tuple(self.behind):
            client.extend(entries, first)
            client.pump()
        parts = split(entries, write_bytes)
        for number, client in enumerate(front, 1):
            if not client.ended:
                self._deliver(client, parts)
            if not number % YIELD_EVERY:
                await asyncio.sleep(0)
        return len(front)

    def _deliver(self, client: Client, parts: Sequence[Part]) -> None:
        for number, part in enumerate(parts, 1):
            client.transport.write(part.data[client.chunked])
            if client.paused:
                self.front.discard(client)
                self.behind.add(client)
                rest = [entry for later in parts[number:] for entry in later.entries]
                client.put_off(rest, part.entries[-1].position)
                return


def split(entries: Sequence[Entry], limit: int) -> list[Part]:
    """In parts of up to `limit` bytes; a larger entry is a part of its own."""
    parts: list[Part] = []
    part: list[Entry] = []
    size = 0
    for entry in entries:
        if part and size + len(entry.frame) > limit:
            parts.append(_part(part))
            part, size = [], 0
        part.append(entry)
        size += len(entry.frame)
    return [*parts, _part(part)] if part else parts


def _part(entries: list[Entry]) -> Part:
    raw = b"".join(entry.frame for entry in entries)
    return Part(entries, (raw, chunk(raw)))
