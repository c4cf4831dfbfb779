"""How much one user may ask for, and how many streams they may keep open, at this replica."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from dataclasses import dataclass

from backend.api.access.cache import Clock
from backend.api.access.caller import Caller
from backend.api.http.problem import TOO_MANY_REQUESTS, TOO_MANY_STREAMS, Problem, retry_after

MAX_USERS = 10_000
STREAM_RETRY_S = 30


@dataclass(frozen=True)
class Rates:
    """`burst` requests at once, then `per_second`; `streams` open ones. All for each user, at each replica."""

    per_second: float = 50.0
    burst: int = 200
    streams: int = 50


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limits:
    """Token buckets of the users seen last; who was not seen for long begins with a full one."""

    def __init__(self, rates: Rates | None = None, *, clock: Clock = time.monotonic) -> None:
        self._rates = rates or Rates()
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._streams: Counter[str] = Counter()

    def wait(self, user: str) -> float:
        """Takes one request; else the seconds until there is one to take."""
        now = self._clock()
        bucket = self._buckets.get(user)
        if bucket is None:
            bucket = self._buckets[user] = _Bucket(float(self._rates.burst), now)
            if len(self._buckets) > MAX_USERS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(user)
            bucket.tokens = min(self._rates.burst, bucket.tokens + (now - bucket.at) * self._rates.per_second)
            bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._rates.per_second
        bucket.tokens -= 1
        return 0

    def admit(self, caller: Caller) -> None:
        """One request of theirs. Raises a `Problem` (429) that tells when to come again."""
        seconds = self.wait(caller.username)
        if seconds:
            raise Problem(
                TOO_MANY_REQUESTS,
                f"Send at most {self._rates.per_second:g} requests a second, and wait as Retry-After says.",
                headers=retry_after(seconds),
            )

    def enter(self, caller: Caller) -> None:
        """One more open stream of theirs, until they `leave`. Raises a `Problem` (429) when they have as many as they
        may.
        """
        if self._streams[caller.username] >= self._rates.streams:
            raise Problem(
                TOO_MANY_STREAMS,
                f"Close some of your {self._rates.streams} open streams first, or follow several servers in one.",
                headers=retry_after(STREAM_RETRY_S),
            )
        self._streams[caller.username] += 1

    def leave(self, user: str) -> None:
        self._streams[user] -= 1
        if not self._streams[user]:
            del self._streams[user]
