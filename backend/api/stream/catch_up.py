"""Brings one client from its position to where the log goes on, at the pace at which it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from backend.api.stream.client import Client
from backend.api.stream.frames import comment, gap_frame, place
from backend.api.stream.history import History, Page
from backend.api.stream.limits import Limits
from backend.api.stream.log import Entry, Log
from backend.api.stream.position import Position
from backend.api.stream.scope import subject_of, visible
from backend.events.errors import StoreError
from backend.events.select import Selection

LAG_S = 2.0  # how far we may be behind the replica that the client had before
RETRY_S = 1.0


class CatchUp:
    """`gaps`: how often a client was told that what it asked for is gone."""

    def __init__(self, history: History, log: Log, limits: Limits) -> None:
        self.gaps = 0
        self._history = history
        self._log = log
        self._limits = limits
        self._moved: asyncio.Future[None] | None = None

    def moved(self) -> None:
        """The log has begun or has grown."""
        moved, self._moved = self._moved, None
        if moved is not None:
            moved.set_result(None)

    async def run(self, client: Client, selection: Selection, position: Position, *, proven: bool) -> Position:
        """Writes what matches after this position, up to one from which a cohort can go on; or until the stream has
        ended. `proven`: something was stored at the position.
        """
        loop = asyncio.get_running_loop()
        patience = loop.time() + LAG_S
        beat = loop.time() + self._limits.heartbeat_s
        while not client.ended:
            if loop.time() >= beat and not client.paused:
                client.write(place(position))
                beat = loop.time() + self._limits.heartbeat_s
            if self._log.covers(position):
                entries, upto = self._from_log(client, selection, position)
                if upto is None:
                    return position
                await self._write(client, entries)
                position = upto
                continue
            ahead = self._log.head is None or position > self._log.head
            if ahead and (self._log.head is None or loop.time() < patience):
                await self._news(client)
                continue
            page = await self._page(client, position, proven=proven)
            if page is not None:
                matching = [one for one in page.entries if self._wanted(client, selection, one)]
                await self._write(client, matching)
                proven = not page.gone and (proven or page.position > position)
                position, patience = page.position, loop.time() + LAG_S
        return position

    def _from_log(
        self, client: Client, selection: Selection, position: Position
    ) -> tuple[Sequence[Entry], Position | None]:
        """Half of what a client may be behind, and up to where that is; None when there is not more than that."""
        entries, size = [], 0
        for entry in self._log.after(position):
            if self._wanted(client, selection, entry):
                entries.append(entry)
                size += len(entry.frame)
                if size > self._limits.behind_bytes // 2:
                    return entries, entry.position
        return entries, None

    @staticmethod
    def _wanted(client: Client, selection: Selection, entry: Entry) -> bool:
        event = entry.event
        return (
            event is not None
            and visible(client.scope, *subject_of(event))
            and selection.matches(event, entry.position.entry)
        )

    async def _page(self, client: Client, position: Position, *, proven: bool) -> Page | None:
        """None: not now."""
        try:
            page = await self._history.after(position, proven=proven)
        except StoreError as error:
            if not client.paused:
                client.write(comment(str(error)))
            await self._news(client)
            return None
        if page.gone:
            self.gaps += 1
            await client.room()
            client.write(gap_frame(position, page.position, page.gone))
        elif page.position == position:
            await self._news(client)
        return page

    async def _write(self, client: Client, entries: Sequence[Entry]) -> None:
        """In pieces, each when the one before is on its way."""
        piece: list[bytes] = []
        size = 0
        for entry in entries:
            piece.append(entry.frame)
            size += len(entry.frame)
            if size > self._limits.write_bytes:
                await self._send(client, piece)
                piece, size = [], 0
        if piece:
            await self._send(client, piece)

    async def _send(self, client: Client, piece: list[bytes]) -> None:
        await client.room()
        if not client.ended:
            client.write(b"".join(piece))

    async def _news(self, client: Client) -> None:
        """Until the log has moved, or a second."""
        if self._moved is None:
            self._moved = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._moved, client.done], timeout=RETRY_S, return_when=asyncio.FIRST_COMPLETED)
