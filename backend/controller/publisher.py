"""Writes what all journals have to tell, in one pipelined commit after another; waits while the event store is away.

A commit takes in what came in meanwhile, so that a busy cluster makes larger commits, not more of them. While Redis
works at one, the next is made.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

from backend.controller.cache import Key
from backend.controller.journal import Journal
from backend.controller.story_spans import Teller, published
from backend.events.commit import Commit, Committed
from backend.events.errors import StoreError
from backend.events.firehose import Firehose
from backend.events.store import EventStore
from backend.kopia.backoff import Backoff
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter, histogram

log = logging.getLogger(__name__)

LINGER_S = 0.01
HURRY_S = 0.001  # while more waits than goes into a commit: time for the logs to be read on
RETRY_S = (0.2, 15.0)
LOADS_AT_ONCE = 32
AT_ONCE = 1 << 20  # bytes of lines in one commit of all journals, about: larger ones leave the caches, which costs more
PATIENCE_S = 15.0  # a failover is over before that

Made = list[tuple[Key, Journal, Commit]]

_DURATION, _SIZE = histogram(catalogue.COMMITS), histogram(catalogue.COMMIT_EVENTS)
_FAILURES = counter(catalogue.COMMIT_FAILURES)


class Publisher:
    """`problem`: a sentence while events cannot be written, else `""`; `changed` is called when that changes."""

    def __init__(self, store: EventStore, firehose: Firehose, changed: Callable[[], None]) -> None:
        self.problem = ""
        self._store = store
        self._firehose = firehose
        self._changed = changed
        self._journals: dict[Key, Journal] = {}
        self._dirty = asyncio.Event()
        self._away_since = 0.0
        self._sending: asyncio.Task[None] | None = None
        self._hurry = False
        self._teller = Teller()

    def journal(self, key: Key) -> Journal:
        """The journal of a server, begun when it is first asked for."""
        found = self._journals.get(key)
        if found is None:
            found = self._journals[key] = Journal(*key, self._dirty.set)
            self._dirty.set()
        return found

    def journals(self) -> list[tuple[Key, Journal]]:
        return list(self._journals.items())

    @property
    def away_s(self) -> float:
        """For how many seconds Redis has not taken events; 0 while it does."""
        return time.monotonic() - self._away_since if self._away_since else 0.0

    def knows(self, key: Key) -> bool:
        return key in self._journals

    def delete(self, key: Key) -> None:
        """The server is gone: tell that, then forget it."""
        self.journal(key).delete()

    async def run(self) -> None:
        """Never returns; a store that is away, full or read-only is waited for."""
        backoff = Backoff(*RETRY_S)
        try:
            while True:
                await self._dirty.wait()
                if self._sending is None or not self._sending.done():
                    await asyncio.sleep(HURRY_S if self._hurry else LINGER_S)
                self._dirty.clear()
                try:
                    await self._cycle()
                except StoreError as error:
                    self._away(str(error))
                    self._dirty.set()
                    await asyncio.sleep(backoff.next())
                else:
                    if not self._away_since:
                        backoff.reset()
        finally:
            if self._sending is not None:
                self._sending.cancel()

    async def _cycle(self) -> None:
        """Make the next commits while the last ones are under way, then send them."""
        await self._settle(wait=False)
        await self._firehose.room()
        await self._load()
        made = await self._steps()
        try:
            await self._settle(wait=True)
        except BaseException:
            for _, journal, _ in made:
                journal.unload()
            raise
        made = [one for one in made if one[1].loaded]
        if not made and self._away_since:
            made = self._trial()
        if made:
            self._sending = asyncio.create_task(self._send(made))
            self._sending.add_done_callback(lambda _: self._dirty.set())
        else:
            self._back()

    async def _settle(self, *, wait: bool) -> None:
        """The outcome of the commits that were under way."""
        sending = self._sending
        if sending is None or not (wait or sending.done()):
            return
        self._sending = None
        await sending
        self._back()

    def _trial(self) -> Made:
        """Reading works again; writing is proven by a commit that tells nothing."""
        for key, journal in self._journals.items():
            if journal.loaded:
                return [(key, journal, journal.empty_step())]
        return []

    async def _load(self) -> None:
        """Read what was published of each server that we do not know, or no longer know."""
        wanted = [one for one in self._journals.values() if not one.loaded]
        for start in range(0, len(wanted), LOADS_AT_ONCE):
            part = wanted[start : start + LOADS_AT_ONCE]
            for journal, loaded in zip(
                part, await asyncio.gather(*(self._store.load(one.keys) for one in part)), strict=True
            ):
                journal.load(loaded)

    async def _steps(self) -> Made:
        """One commit of each journal that has something to tell, until it is enough; the others come next time. In
        between, what was made before goes on to Redis, and logs are read.
        """
        made: Made = []
        size = 0
        due = [(key, one) for key, one in self._journals.items() if one.loaded and one.due]
        for key, journal in due:
            if size > AT_ONCE:
                break
            if made:
                await asyncio.sleep(0)
                if self._journals.get(key) is not journal or not journal.loaded:
                    continue  # what was under way told its end, or failed
            size += journal.waiting
            commit = journal.step()
            del self._journals[key]
            if commit is not None:
                made.append((key, journal, commit))
            if commit is not None or journal.due or not journal.finished:
                self._journals[key] = journal  # behind those that wait for their turn
        self._hurry = size > AT_ONCE // 2
        if any(one.due for _, one in due):
            self._dirty.set()
        return made

    async def _send(self, made: Made) -> None:
        started, sent = time.perf_counter(), time.time_ns()
        try:
            outcomes = await self._store.commit([commit for _, _, commit in made])
        except BaseException:
            _FAILURES.add(1)
            for _, journal, _ in made:
                journal.unload()
            raise
        _DURATION.record(time.perf_counter() - started)
        _SIZE.record(sum(commit.count for _, _, commit in made))
        for (key, journal, commit), outcome in zip(made, outcomes, strict=True):
            if not isinstance(outcome, Committed):
                log.info("%s/%s: somebody else wrote its events, or they were lost; reading them again", *key)
                journal.unload()
                continue
            tally = journal.committed(commit)
            self._teller.tell(commit.batches, tally.stories)
            if tally.caused_by:
                published(tally.caused_by, sent, commit.count)
            if journal.finished and not journal.due:
                self._journals.pop(key, None)

    def _away(self, problem: str) -> None:
        now = time.monotonic()
        self._away_since = self._away_since or now
        if now - self._away_since < PATIENCE_S:
            return
        if not self.problem:
            since = datetime.fromtimestamp(time.time() - (now - self._away_since), UTC)
            told = f"Events wait since {since:%Y-%m-%dT%H:%M:%SZ}: {problem}."
            self.problem = f"{told} Nothing is lost while the nodes keep the logs."
            log.warning("%s", self.problem)
            self._changed()

    def _back(self) -> None:
        away, self._away_since = self._away_since, 0.0
        if self.problem:
            log.info("events are written again after %.0f s", time.monotonic() - away)
            self.problem = ""
            self._changed()
