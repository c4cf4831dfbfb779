"""Metrics of push subscriptions: each delivery as it is tried, and how far each subscription is behind, from Redis."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from backend.dispatch.verdict import Verdict
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.push.status import Status, Subscriptions
from backend.events.resp import order
from backend.telemetry import catalogue
from backend.telemetry.instruments import Figures, Watches, counter, histogram

LOOK_S = 15.0
MOST_NAMES = 200  # subscriptions with series of their own
OTHER = "other"

_TRIED, _DURATION = counter(catalogue.PUSHES), histogram(catalogue.PUSH_DURATION)
_LAG = histogram(catalogue.DELIVERY_LAG)
_NAMES: set[str] = set()


def _shown(name: str) -> str:
    if name not in _NAMES and len(_NAMES) < MOST_NAMES:
        _NAMES.add(name)
    return name if name in _NAMES else OTHER


def tried(name: str, verdict: Verdict, seconds: float, entry_id: str) -> None:
    """A delivery of an event of this entry of the firehose."""
    outcome = verdict.outcome.value
    _TRIED.add(1, _shown(name), outcome)
    _DURATION.record(seconds, outcome)
    if outcome == "delivered":
        _LAG.record(max(0.0, time.time() - order(entry_id.encode())[0] / 1000))


class Standing:
    """How the subscriptions stand that `who` delivers, or nobody does; looked at every LOOK_S while it runs."""

    def __init__(self, client: Client, who: str) -> None:
        self._subscriptions = Subscriptions(client)
        self._who = who
        self._held: list[Status] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. While Redis is away the last figures are gone: none are better than old ones."""
        watches = Watches()
        watches.add(catalogue.PUSH_BACKLOG, lambda: self._figures(lambda one: one.waiting))
        watches.add(catalogue.PUSH_DEAD, lambda: self._figures(lambda one: one.dead_letters))
        watches.add(catalogue.PUSH_LOST, lambda: self._figures(lambda one: one.lost))
        watches.add(catalogue.PUSH_PHASE, lambda: [((_shown(one.name), one.phase), 1) for one in self._held])
        try:
            while not stop.is_set():
                self._held = await self._look()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
        finally:
            watches.close()

    async def _look(self) -> list[Status]:
        try:
            found = [await self._subscriptions.status(name) for name in await self._subscriptions.names()]
        except StoreError:
            return []
        return [one for one in found if one.holder in {self._who, ""}]

    def _figures(self, read: Callable[[Status], int]) -> Figures:
        sums: dict[str, int] = {}
        for one in self._held:
            name = _shown(one.name)
            sums[name] = sums.get(name, 0) + read(one)
        return [((name,), number) for name, number in sums.items()]
