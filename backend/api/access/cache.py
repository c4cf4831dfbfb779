"""Answers that are kept for a short time: bounded, and one question is on its way only once."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Clock = Callable[[], float]


@dataclass(slots=True, eq=False)
class Entry(Generic[V]):
    """`asked` and `expires`: seconds of the cache's clock. `kept`: whether the cache would still give it, but for its
    age.
    """

    value: V
    asked: float
    expires: float
    kept: bool = True


class Cache(Generic[K, V]):
    """At most `capacity` answers, the least recently used go first. What could not be answered is not kept."""

    def __init__(self, capacity: int, clock: Clock) -> None:
        self._capacity = capacity
        self._clock = clock
        self._entries: OrderedDict[K, Entry[V]] = OrderedDict()
        self._flights: dict[K, asyncio.Task[Entry[V]]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def stale(self, key: K) -> V | None:
        """The last answer, however old."""
        found = self._entries.get(key)
        return found.value if found else None

    def get(self, key: K, max_age_s: float = math.inf) -> Entry[V] | None:
        """The answer, unless it has expired or was asked for longer ago than `max_age_s`."""
        found = self._entries.get(key)
        if found is None:
            return None
        now = self._clock()
        if now >= found.expires or now - found.asked >= max_age_s:
            return None
        self._entries.move_to_end(key)
        return found

    async def ask(
        self, key: K, fetch: Callable[[], Awaitable[tuple[V, float]]], max_age_s: float = math.inf
    ) -> Entry[V]:
        """The kept answer, else that of `fetch`: the value, and when it expires. Who asks meanwhile gets the same."""
        found = self.get(key, max_age_s)
        if found is not None:
            return found
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._fetch(key, fetch))
            flight.add_done_callback(_retrieve)
        return await asyncio.shield(flight)  # who leaves does not take the answer from the others

    def forget(self, key: K) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            old.kept = False

    async def close(self) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _fetch(self, key: K, fetch: Callable[[], Awaitable[tuple[V, float]]]) -> Entry[V]:
        asked = self._clock()
        try:
            value, expires = await fetch()
        finally:
            del self._flights[key]
        return self.put(key, value, asked, expires)

    def put(self, key: K, value: V, asked: float, expires: float) -> Entry[V]:
        self.forget(key)
        entry = self._entries[key] = Entry(value, asked, expires)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)[1].kept = False
        return entry


def _retrieve(flight: asyncio.Task[Entry[V]]) -> None:
    """Its error went to those who waited; when all of them left, nobody else needs it."""
    if not flight.cancelled():
        flight.exception()
