"""The one reader of the firehose: also while Redis is away, and over its restarts, losses and trimming."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import Protocol

from backend.api.stream.position import BEGINNING, Position, at
from backend.events.errors import StoreError
from backend.events.feed import Feed, Found, Start
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from backend.events.resp import previous
from backend.events.select import Selection

log = logging.getLogger(__name__)

PAGE = 16  # entries; read and parsed in one go
BLOCK_S = 5.0
RETRY_S = (0.1, 5.0)


class Listener(Protocol):
    """What the follower tells."""

    def begin(self, position: Position, recent: Sequence[Found]) -> None:
        """Once: `recent` events are older than the clients that wait now, the first one follows `position`."""

    def publish(self, found: Sequence[Found]) -> None: ...

    def missed(self, upto: Position, reason: str) -> None:
        """What follows the last event, up to there, cannot be had."""

    def away(self, problem: str) -> None:
        """A sentence, when the store stops answering, and `""` when it answers again."""


class Follower:
    """`run` reads from the newest entries on."""

    def __init__(self, reader: StreamReader, listener: Listener, *, recent: int) -> None:
        self._reader = reader
        self._listener = listener
        self._recent = recent
        self._feed: Feed | None = None
        self._notices: list[str] = []
        self._problem = ""

    async def run(self) -> None:
        """Never returns."""
        wait_s = RETRY_S[0]
        while True:
            try:
                feed = self._feed or await self._begin()
                more = await self._step(feed)
                self._tell("")
                wait_s = RETRY_S[0]
                if not more:
                    await feed.wait(BLOCK_S)
            except StoreError as error:
                self._tell(str(error))
                await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311 - spreads retries, no secret
                wait_s = min(wait_s * 2, RETRY_S[1])

    async def _begin(self) -> Feed:
        """With some that are there already, for who comes back after we were started anew."""
        newest = await self._reader.history_back(FIREHOSE, count=self._recent)
        start = Start(previous(newest[-1].id)) if newest else Start()
        feed = Feed(self._reader, Selection(), start, page=max(PAGE, len(newest)), notice=self._notices.append)
        recent, _ = await feed.read(upto=newest[0].id) if newest else ([], False)
        self._listener.begin(at(start.after) if newest else BEGINNING, recent)
        self._feed = Feed(
            self._reader, Selection(), Start(feed.position, proven=feed.proven), page=PAGE, notice=self._notices.append
        )
        return self._feed

    async def _step(self, feed: Feed) -> bool:
        found, more = await feed.read()
        if self._notices:
            reason, upto = "; ".join(self._notices), feed.position
            self._notices.clear()
            log.warning("%s", reason)
            self._listener.missed(at(previous(found[0].entry) if found else upto), reason)
        if found:
            self._listener.publish(found)
        return more

    def _tell(self, problem: str) -> None:
        if problem and not self._problem:
            log.warning("streams wait: %s", problem)
        if bool(problem) != bool(self._problem):
            self._listener.away(problem)
        self._problem = problem
