"""Whether a process can do its work now: what /readyz says."""

from __future__ import annotations

from collections.abc import Callable


class Health:
    """Ready as soon as somebody can be asked, while all of them say so."""

    def __init__(self) -> None:
        self._asked: list[Callable[[], str]] = []

    def ask(self, not_ready: Callable[[], str]) -> None:
        """`not_ready`: a sentence that says why, or `""`; it may be asked by any thread."""
        self._asked.append(not_ready)

    @property
    def not_ready(self) -> str:
        if not self._asked:
            return "the process is starting"
        return next(filter(None, (one() for one in self._asked)), "")
