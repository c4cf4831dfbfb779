"""From the firehose into the lanes: what was read before and not settled, then what comes; filtered, and counted where
something was trimmed before it could be delivered.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from backend.dispatch.lanes import Indexed, Lane, Lanes, Piece
from backend.dispatch.ledger import Ledger
from backend.dispatch.settings import Subscription
from backend.dispatch.warrant import Warrant
from backend.events.errors import StoreUnavailable
from backend.events.push.letters import GAP, DeadLetter
from backend.events.push.store import PAGE, TRIMMED, Batch, Lost, PushStore, now

log = logging.getLogger(__name__)

MOST_PIECES = 50_000
BLOCK_S = 15.0
_RETRY_S = 1.0


def mark(batch_id: str, again: bool) -> str:
    """How the places that the ledger keeps name a batch."""
    return f"again {batch_id}" if again else batch_id


class Intake:
    """`places`: how far the oldest batch of each server had got. `entered` is called with each new lane, and with the
    seconds for which it has to wait.
    """

    def __init__(
        self, subscription: Subscription, store: PushStore, ledger: Ledger, lanes: Lanes, places: dict[str, str],
        entered: Callable[[Lane, float], None], warrant: Warrant,
    ) -> None:  # fmt: skip
        self.room = asyncio.Event()
        self._subscription = subscription
        self._store = store
        self._ledger = ledger
        self._lanes = lanes
        self._places: dict[str, dict[str, Any]] = {server: json.loads(text) for server, text in places.items()}
        self._entered = entered
        self._warrant = warrant
        self._filter = subscription.filter() if subscription.filters else None

    async def run(self) -> None:
        """Never returns."""
        await self._recover("0")
        while True:
            await self._until_there_is_room()
            await self._warrant.wait()
            try:
                found, lost = await self._store.read(PAGE)
                if not found and not lost:
                    await self._store.wait(BLOCK_S)
            except StoreUnavailable:
                await asyncio.sleep(_RETRY_S)
                await self._recover(self._store.last_read)
                continue
            if lost:
                tell_lost(self._subscription.name, lost)
            self._add_all(found)

    async def fetch(self, lane: Lane) -> bool:
        """The events of a batch that was not kept in memory; False: it was trimmed, and is no longer in its lane."""
        piece = lane.head
        events = await self._store.fetch(piece.id)
        if events:
            self._lanes.fill(piece, self.wanted(events, lane.server))
            return True
        oldest = await self._store.oldest()
        self._trimmed(self._lanes.drop(lane, oldest), lane.server)
        return False

    def wanted(self, events: Sequence[bytes], server: str) -> list[Indexed]:
        if self._filter is None and not self._warrant.limited:
            return list(enumerate(events))
        return [one for one in enumerate(events) if self._passes(one[1], server)]

    def _passes(self, text: bytes, server: str) -> bool:
        """What is no JSON object passes, to become a dead letter."""
        try:
            event = json.loads(text)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            return self._warrant.shows_all_of(server)
        return self._warrant.shows(server, event) and (self._filter is None or self._filter(event))

    async def _until_there_is_room(self) -> None:
        if self._lanes.count >= MOST_PIECES:
            log.warning("%s: %d batches wait, reading pauses", self._subscription.name, self._lanes.count)
            self.room.clear()
            await self.room.wait()

    async def _recover(self, after: str) -> None:
        """What was read, but not settled: by whoever held the lease before, or by a read whose reply was lost."""
        while True:
            await self._warrant.wait()
            try:
                page = await self._store.unfinished(after)
            except StoreUnavailable:
                await asyncio.sleep(_RETRY_S)
                continue
            if not page:
                return
            self._add_all(page)
            after = page[-1].id
            await self._until_there_is_room()

    def _add_all(self, batches: Iterable[Batch]) -> None:
        trimmed: list[str] = []
        for batch in batches:
            if batch.events:
                self._add(batch)
            else:
                trimmed.append(batch.id)
        if trimmed:
            self._trimmed(trimmed, "")

    def _add(self, batch: Batch) -> None:
        place = self._places.get(batch.server)
        if place and place["batch"] == mark(batch.id, batch.again):
            del self._places[batch.server]
        else:
            place = None
        events: list[Indexed] = []
        if batch.again:
            events = list(enumerate(batch.events))
        elif self._subscription.wants_server(batch.server):
            events = [one for one in self.wanted(batch.events, batch.server) if one[0] >= (place or {}).get("done", 0)]
        if not events:
            self._ledger.done(batch.id, batch.again)
            return
        lane = self._lanes.add(batch.server, Piece(batch.id, deque(events), batch.again))
        if lane is None:
            return
        wait_s = 0.0
        if place and place.get("attempts"):
            lane.attempts, lane.first = place["attempts"], datetime.fromisoformat(place["since"])
            wait_s = (datetime.fromisoformat(place["next"]) - datetime.now(lane.first.tzinfo)).total_seconds()
        self._entered(lane, max(0.0, wait_s))

    def _trimmed(self, ids: Sequence[str], server: str) -> None:
        lost = Lost(len(ids), ids[0], ids[-1], TRIMMED.replace("read", "delivered"))
        tell_lost(self._subscription.name, lost)
        self._ledger.bury(gap(lost, server))
        for one in ids:
            self._ledger.done(one, False)
            self._ledger.count("lost")


def gap(lost: Lost, server: str) -> DeadLetter:
    return DeadLetter(GAP, lost.reason, now(), server=server, count=lost.count, after=lost.after, before=lost.before)


def tell_lost(name: str, lost: Lost) -> None:
    log.error("%s: %s batches between %s and %s were not delivered: %s", name, lost.count or "some", lost.after,
              lost.before, lost.reason)  # fmt: skip
