"""What the watching tasks of one server share: the target, the facts, and the signals between them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from backend.controller.facts import RepositoryFacts, ServerFacts
from backend.controller.targets import Login, Target
from backend.telemetry.spans import Ref, current

CALM_S = 10.0


class Watcher:
    """The findings of all tasks are one frozen `facts`; `wake` is called when they tell another story."""

    def __init__(self, name: str, target: Target, wake: Callable[[], None]) -> None:
        self.name = name
        self.target = target
        self.facts = ServerFacts()
        self.storage_changed = asyncio.Event()
        self.server_changed = asyncio.Event()
        self.ended: set[str] = set()  # users whose sessions have ended since somebody last looked
        self.much_ended = False  # of anybody's; everything is to be looked at when there is time
        self.storage_failures = 0
        self.cause: Ref | None = None  # the pass that asked for something else
        self.asked_since = time.monotonic()  # what is asked for now
        self._wake = wake
        self._calm: asyncio.TimerHandle | None = None

    def aim(self, target: Target) -> None:
        before, self.target = self.target, target
        if before.asked_version != target.asked_version:
            self.asked_since = time.monotonic()
        if storage_story(before) != storage_story(target):
            self.storage_changed.set()
        if _work(before) != _work(target):
            self.cause = current()
            self.server_changed.set()

    def learn(self, **changes: Any) -> None:
        """Keep what was found, and wake the reconciler if that is news."""
        facts = replace(self.facts, **changes)
        if _story(facts) != _story(self.facts):
            self._wake()
        self.facts = facts

    def learn_repository(self, repository: RepositoryFacts) -> None:
        """Like `learn`, but at most every CALM_S: a busy night must not become a status write for each snapshot."""
        first = self.facts.repository is None
        if repository == self.facts.repository:
            return
        self.facts = replace(self.facts, repository=repository)
        if first:
            self._wake()
        elif self._calm is None:
            self._calm = asyncio.get_running_loop().call_later(CALM_S, self._calmed)

    def sessions_ended(self, users: set[str]) -> None:
        self.ended |= users
        self.server_changed.set()

    def close(self) -> None:
        if self._calm:
            self._calm.cancel()

    def _calmed(self) -> None:
        self._calm = None
        self._wake()


def _work(target: Target) -> tuple[Login | None, str, str]:
    return target.login, target.asked_version, target.refresh


def storage_story(target: Target) -> tuple[str, str, bool]:
    """A probe says something about exactly this."""
    return target.storage_version, target.pinned_id, target.storage is not None


def _story(facts: ServerFacts) -> ServerFacts:
    """The facts without what changes at every probe, and without what has a pace of its own."""
    return replace(facts, probe=replace(facts.probe, latency_s=0.0) if facts.probe else None, repository=None)


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or so many seconds have passed."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
