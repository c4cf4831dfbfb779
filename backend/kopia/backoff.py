"""How long to wait before the next try. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable

GROWTH = 2.0


class Backoff:
    """Waits that grow from `first_s` to `most_s` seconds, each drawn from the upper half of its step (equal jitter).

    Never close to zero, so that nobody is hammered; spread, so that thousands do not come back at once. `draw` returns
    a number in [0, 1).
    """

    def __init__(self, first_s: float, most_s: float, *, draw: Callable[[], float] = random.random) -> None:
        if not 0 < first_s <= most_s:
            raise ValueError(f"0 < first_s <= most_s is needed, not {first_s:g} and {most_s:g}")
        self._first = first_s
        self._most = most_s
        self._draw = draw
        self._step = first_s

    def next(self) -> float:
        """Seconds to wait now: from half of this step up to the whole of it. The next step is twice as long."""
        step, self._step = self._step, min(self._step * GROWTH, self._most)
        return step / 2 * (1 + self._draw())

    def reset(self) -> None:
        """It worked: begin again with the first step."""
        self._step = self._first
