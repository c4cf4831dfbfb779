"""Follows the firehose from now on, and proves with each read that nothing in between was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.reader import Entry, StreamReader
from backend.events.resp import previous
from backend.kopia.backoff import Backoff

log = logging.getLogger(__name__)

PAGE = 64  # entries; each holds up to 256 KiB of events
BLOCK_S = 2.0  # an emptied Redis is noticed within that, if nothing is written to it
RETRY_S = (0.1, 2.0)
FIRST = "0-0"


class Follower:
    """`taken` gets new entries, `lost` is called where some may have been missed, also those before the first read.

    `problem`: a sentence while the firehose cannot be read, else `""`; `since`: when that began, by the loop's clock.
    """

    def __init__(self, client: Client, taken: Callable[[Sequence[Entry]], None], lost: Callable[[], None]) -> None:
        self.problem = "the events in Redis are not followed yet: wait a moment"
        self.following = asyncio.Event()
        self.since = asyncio.get_running_loop().time()
        self._reader = StreamReader(client)
        self._taken = taken
        self._lost = lost
        self._position: str | None = None

    async def run(self) -> None:
        """Never returns; a Redis that is away is waited for."""
        backoff = Backoff(*RETRY_S)
        while True:
            try:
                await self._read()
            except StoreError as error:
                self._failed(str(error))
                await asyncio.sleep(backoff.next())
            else:
                backoff.reset()

    def _failed(self, problem: str) -> None:
        if self.problem != problem:
            log.warning("the projections are not kept fresh: %s", problem)
        if self.following.is_set():
            self.following.clear()
            self.since = asyncio.get_running_loop().time()
        self.problem = problem

    async def _read(self) -> None:
        """One page, then wait for more."""
        position = self._position
        if position is None:
            position = await self._begin()
        found = await self._reader.history(FIREHOSE, previous(position), count=PAGE + 1)
        more = len(found) > PAGE
        if found and found[0].id == position:
            found = found[1:]
        elif position != FIRST:
            # The entry that was read last is not there any more: trimmed, flushed, or lost in a failover.
            log.info("the stream of all events does not go on after %s: reading the projections anew", position)
            await self._begin()
            return
        if found:
            self._taken(found)
            self._position = position = found[-1].id
        self.problem = ""
        self.following.set()
        if not more:
            await self._reader.tail(FIREHOSE, position, block_s=BLOCK_S, count=1)

    async def _begin(self) -> str:
        """From the newest entry on: what is read of the projections from now on is at least as new."""
        self._position = (await self._reader.bounds(FIREHOSE)).last or FIRST
        self._lost()
        return self._position
