"""What may be delivered of a subscription now: all of it, or what its owner was lately seen to be allowed to see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from backend.events.push.scopes import MAX_AGE_S, Told
from backend.events.sight import EVERYTHING, Sight, visible

UNKNOWN = (
    f"nobody has asked Kubernetes during the last {MAX_AGE_S:g} s what its owner may see: look whether bsls api runs, "
    "and reaches Kubernetes and Redis"
)


class Warrant:
    """Of the settings' own subscriptions: everything, always."""

    reason = ""
    """Why nothing may be delivered now, `""`: it may."""

    _sight: Sight = EVERYTHING

    @property
    def limited(self) -> bool:
        return self._sight is not EVERYTHING

    def shows(self, server: str, event: Mapping[str, Any]) -> bool:
        """`server`: `<namespace>/<name>`, `""` for what is about no single one."""
        return visible(self._sight, server.partition("/")[0], str(event.get("subject", "")))

    def shows_all_of(self, server: str) -> bool:
        return self._sight.sees_all_of(server.partition("/")[0])

    async def wait(self) -> None:
        """Until something may be delivered."""

    async def lapsed(self) -> None:
        """Until nothing may be delivered any more."""
        await asyncio.Event().wait()


class OwnersWarrant(Warrant):
    """By what was told of the owner. It lapses by our own clock, whatever happens to that of Redis."""

    def __init__(self) -> None:
        self._sight = Sight()
        self._told: Told | None = None
        self._until = 0.0
        self._next = asyncio.Event()

    @property
    def reason(self) -> str:  # type: ignore[override]
        if self._told is None or asyncio.get_running_loop().time() >= self._until:
            return UNKNOWN
        return self._told.problem

    def update(self, told: Told | None, now: int, began: float) -> None:
        """`now`: milliseconds, when Redis told it; `began`: the loop's time before it was asked."""
        if told is not None:
            until = began + MAX_AGE_S - max(0.0, (now - told.asked) / 1000)
            self._until = min(self._until, until) if told == self._told else until
        self._told, self._sight = told, told.sight if told else Sight()
        ended, self._next = self._next, asyncio.Event()
        ended.set()

    async def wait(self) -> None:
        while self.reason:
            await self._next.wait()

    async def lapsed(self) -> None:
        while not self.reason:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._until):
                    await self._next.wait()
