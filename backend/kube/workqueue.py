"""A deduplicating work queue: one worker a key at a time, back-off by key, delayed adds (as in client-go)."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Keys added while they are worked on are worked on once more afterwards; never twice at once. `waited` is told for
    how many seconds each key has waited for a worker.
    """

    def __init__(
        self,
        *,
        base_delay_s: float = 0.25,
        max_delay_s: float = 60.0,
        waited: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._ready: asyncio.Queue[K] = asyncio.Queue()
        self._queued: dict[K, float] = {}
        self._waited = waited
        self._active: set[K] = set()
        self._dirty: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._base = base_delay_s
        self._max = max_delay_s

    def __len__(self) -> int:
        return len(self._queued) + len(self._dirty)

    @property
    def active(self) -> int:
        """Keys that are worked on now."""
        return len(self._active)

    def add(self, key: K) -> None:
        """Work on `key` as soon as a worker is free."""
        self._cancel_timer(key)
        if key in self._active:
            self._dirty.add(key)
        elif key not in self._queued:
            self._queued[key] = time.perf_counter()
            self._ready.put_nowait(key)

    def add_after(self, key: K, delay_s: float) -> None:
        """Work on `key` in `delay_s` seconds, sooner when something else asks for it; the earliest timer wins."""
        loop = asyncio.get_running_loop()
        present = self._timers.get(key)
        if present is not None and present.when() <= loop.time() + delay_s:
            return
        self._cancel_timer(key)
        self._timers[key] = loop.call_later(delay_s, self._fire, key)

    def retry(self, key: K) -> float:
        """Work on `key` again after its back-off, with up to 20 % jitter. Returns the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(self._max, self._base * 2.0 ** min(failures, 20)) * random.uniform(1.0, 1.2)  # noqa: S311
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """The key succeeded: its next failure starts at the base delay again."""
        self._failures.pop(key, None)

    def drop(self, key: K) -> None:
        """The key's object is gone: no timer and no failure count outlives it."""
        self.forget(key)
        self._cancel_timer(key)

    async def get(self) -> K:
        """The next key; call `done` with it."""
        key = await self._ready.get()
        self._waited(time.perf_counter() - self._queued.pop(key))
        self._active.add(key)
        return key

    def done(self, key: K) -> None:
        self._active.discard(key)
        if key in self._dirty:
            self._dirty.discard(key)
            self.add(key)

    def close(self) -> None:
        """Cancel all timers; workers are cancelled by their owner."""
        for key in list(self._timers):
            self._cancel_timer(key)

    def _fire(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
