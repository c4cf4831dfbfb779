"""At most so many a second."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rate:
    """A bucket that holds what one second brings."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = self._left = per_second
        self._clock = clock
        self._at = clock()

    def take(self) -> bool:
        """Whether there is one more."""
        if self._left < 1:
            now = self._clock()
            self._left = min(self._per_second, self._left + (now - self._at) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
        self._left -= 1
        return True
