"""The loop of `bsls events`: pages of a feed to standard output, waiting for a Redis that is away."""

from __future__ import annotations

import asyncio
import os
import select
import stat
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from backend.cli.event_output import Formatter
from backend.events.errors import StoreReadOnly, StoreUnavailable
from backend.events.feed import Feed, Start, tail_start
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from backend.events.resp import order
from backend.events.select import Selection

T = TypeVar("T")
BLOCK_S = 5.0  # also how soon a loss is noticed that no new entry tells
RETRY_S = 0.5
_PAGE, _BATCHES = 500, 16  # entries read at once: of a server's stream, of the firehose


def notice(sentence: str) -> None:
    print(f"bsls events: {sentence}.", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Request:
    """`tail`: how many of the events that there are, None for all; `after`: an entry that was read before, or `""`."""

    selection: Selection
    after: str = ""
    tail: int | None = None
    follow: bool = False

    @property
    def page(self) -> int:
        return _BATCHES if self.selection.stream == FIREHOSE else _PAGE

    @property
    def start(self) -> Start:
        oldest = Start(self.selection.after)
        given = Start(self.after, proven=True) if self.after else oldest
        return max(given, oldest, key=lambda one: order(one.after))


class Printer:
    """`position`: up to where everything is printed, `""` for nowhere. Raises StoreError, BrokenPipeError."""

    def __init__(self, reader: StreamReader, request: Request, formatter: Formatter) -> None:
        self.position = request.after
        self._reader = reader
        self._request = request
        self._format = formatter
        self._gone = asyncio.Event()

    async def run(self) -> None:
        """Until the newest event, or with `follow` until nobody reads us any more."""
        watched = self._watch_output() if self._request.follow else None
        printing = asyncio.ensure_future(self._print())
        leaving = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait((printing, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not printing.done():
                raise BrokenPipeError
            await printing
        finally:
            if watched is not None:
                asyncio.get_running_loop().remove_reader(watched)
            for one in (printing, leaving):
                one.cancel()
            await asyncio.gather(printing, leaving, return_exceptions=True)

    def _watch_output(self) -> int | None:
        """A pipe that nobody reads is noticed without an event to print."""
        output = sys.stdout.fileno()
        if not stat.S_ISFIFO(os.fstat(output).st_mode):
            return None
        asyncio.get_running_loop().add_reader(output, self._gone.set)
        return output

    async def _print(self) -> None:
        request = self._request
        start = await self._patiently(self._start)
        feed = Feed(self._reader, request.selection, start, page=request.page, notice=notice)
        upto = "" if request.follow else await self._newest()
        more = True
        while more or request.follow:
            if not more:
                await self._wait(feed)
            found, more = await self._patiently(lambda: feed.read(upto))
            if found:
                write(b"".join(map(self._format, found)))
            if feed.proven:
                self.position = feed.position

    async def _start(self) -> Start:
        request = self._request
        if request.tail is None:
            return request.start
        return await tail_start(self._reader, request.selection, request.start, request.tail, page=request.page)

    async def _newest(self) -> str:
        stream = self._request.selection.stream
        there = await self._reader.bounds(stream)
        if not there.length and stream != FIREHOSE:
            notice(f"there are no events of this server: Redis has no {stream.decode()}")
        return there.last

    async def _wait(self, feed: Feed) -> None:
        try:
            await feed.wait(BLOCK_S)
        except (StoreUnavailable, StoreReadOnly):
            await asyncio.sleep(RETRY_S)  # the next read tells, if it fails too

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """With `follow` until Redis answers, which is told."""
        told = ""
        while True:
            try:
                result = await work()
            except (StoreUnavailable, StoreReadOnly) as error:
                if not self._request.follow:
                    raise
                if not told:
                    notice(f"waiting: {error}")
                told = str(error)
                await asyncio.sleep(RETRY_S)
                continue
            if told:
                notice("Redis answers again")
            return result


def write(data: bytes) -> None:
    """All of it, to standard output, at once."""
    output, view = sys.stdout.fileno(), memoryview(data)
    while view:
        try:
            view = view[os.write(output, view) :]
        except BlockingIOError:  # whoever shares it made it so
            select.select([], [output], [])
