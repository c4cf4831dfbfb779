"""The projections of the servers that were asked for, kept fresh by the firehose; the least recently used go first."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from backend.api.data.errors import DataUnavailable
from backend.api.data.follow import Follower
from backend.api.data.load import Reading, load, read_again
from backend.api.data.marks import Marks, server_named
from backend.api.data.projections import Projections
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import ServerKeys
from backend.events.reader import Entry
from backend.kopia.backoff import Backoff

log = logging.getLogger(__name__)

LINGER_S = 0.01  # events that come so close together are read together
RETRY_S = (0.1, 2.0)
PATIENCE_S = 2.0  # that questions wait at a start or a failover; of a longer outage each is told at once
DOUBT_S = 1.0  # events of what was deleted just now have come by then
WARM_S = 1.0
TRIES = 3  # of a load during which the server was deleted, or events were lost

Key = tuple[str, str]


@dataclass
class _Kept:
    loading: asyncio.Task[Projections]
    held: Projections | None = None
    marks: Marks = field(default_factory=Marks)
    doubted: bool = False  # it held more than there was when it was last read


class Fresh:
    """`get` reads a server at its first use. `run` has to run meanwhile.

    At most `max_servers` are held, and others than the one in use only while they have `max_snapshots` in all: these
    take about a kilobyte each.
    """

    def __init__(self, client: Client, *, max_servers: int = 1000, max_snapshots: int = 500_000) -> None:
        self._client = client
        self._max_servers = max_servers
        self._max_snapshots = max_snapshots
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._follower = Follower(client, self._take, self._forget_all)
        self._wake = asyncio.Event()
        self._problem = ""
        self._warmed: set[Key] = set()
        self.warming = True
        self.loads = 0

    @property
    def problem(self) -> str:
        """A sentence while what is held may be out of date, else `""`."""
        return self._follower.problem or self._problem

    @property
    def away(self) -> str:
        """A sentence while the firehose cannot be read, else `""`."""
        return self._follower.problem

    @property
    def held(self) -> list[Key]:
        """Servers in memory, the least recently used first."""
        return list(self._kept)

    async def run(self) -> None:
        """Never returns."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follower.run(), name="follow the firehose")
                tasks.create_task(self._refresh(), name="refresh projections")
        finally:
            for one in self._kept.values():
                one.loading.cancel()

    def ready(self, key: Key) -> Projections | None:
        """As `get`, where nothing has to be waited for."""
        kept = self._kept.get(key)
        if kept is None or kept.held is None or self.problem:
            return None
        self._kept.move_to_end(key)
        return kept.held

    async def get(self, key: Key) -> Projections:
        """As of now. Raises DataUnavailable."""
        ready = self.ready(key)
        if ready is not None:
            return ready
        await self._followed()
        for _ in range(TRIES):
            kept = self._kept.get(key) or self._begin(key)
            self._kept.move_to_end(key)
            try:
                held = await asyncio.shield(kept.loading)
            except StoreError as error:
                raise DataUnavailable(str(error)) from None
            if self._kept.get(key) is kept:
                return held
        raise DataUnavailable("the event store is being changed right now: ask again")

    async def warm(self, wanted: Callable[[], Iterable[Key]]) -> None:
        """Reads servers before somebody asks for them, one after the other, each once, up to half of what may be held.
        `wanted` may raise DataUnavailable. Never returns.
        """
        while True:
            try:
                for key in wanted():
                    if self._is_half_full():
                        break
                    if key not in self._kept and key not in self._warmed:
                        await self.get(key)
                        self._warmed.add(key)
                self.warming = False
            except DataUnavailable:
                pass  # told by `problem`
            await asyncio.sleep(WARM_S)

    def _is_half_full(self) -> bool:
        held = sum(len(one.held.snapshots.all.items) for one in self._kept.values() if one.held)
        return len(self._kept) * 2 >= self._max_servers or held * 2 >= self._max_snapshots

    async def _followed(self) -> None:
        follower = self._follower
        if not follower.following.is_set():
            try:
                async with asyncio.timeout_at(follower.since + PATIENCE_S):
                    await follower.following.wait()
            except TimeoutError:
                raise DataUnavailable(self.problem) from None
        if self.problem:
            raise DataUnavailable(self.problem)

    def _begin(self, key: Key) -> _Kept:
        """Events are marked from now on, so that none is missed while it is read."""
        self.loads += 1
        kept = _Kept(asyncio.create_task(load(self._client, ServerKeys(*key)), name=f"load {key[0]}/{key[1]}"))
        self._kept[key] = kept
        kept.loading.add_done_callback(lambda task: self._loaded(key, kept, task))
        return kept

    def _loaded(self, key: Key, kept: _Kept, task: asyncio.Task[Projections]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if self._kept.get(key) is not kept:
            return
        if failed:
            del self._kept[key]
            return
        kept.held = task.result()
        self._evict()
        if kept.marks:
            self._wake.set()

    def _evict(self) -> None:
        newest = next(reversed(self._kept), None)
        total = sum(len(one.held.snapshots.all.items) for one in self._kept.values() if one.held)
        for key, one in list(self._kept.items()):
            if len(self._kept) <= self._max_servers and total <= self._max_snapshots:
                return
            if key != newest and one.held is not None:
                total -= len(one.held.snapshots.all.items)
                del self._kept[key]

    # --- freshness ----------------------------------------------------------------------------------------------------

    def _forget_all(self) -> None:
        self._kept.clear()
        self._warmed.clear()

    def _take(self, entries: Sequence[Entry]) -> None:
        """Mark what new events say is other now."""
        for entry in entries:
            for event in entry.events if not entry.server or self._wanted(entry.server) else ():
                kept = self._wanted(entry.server or server_named(event))
                if kept is not None:
                    self._mark(kept, event)

    def _wanted(self, server: str) -> _Kept | None:
        namespace, _, name = server.partition("/")
        return self._kept.get((namespace, name))

    def _mark(self, kept: _Kept, event: bytes) -> None:
        try:
            kept.marks.add(event)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("an event that cannot be read is passed over: %r", error)
        if kept.marks:
            self._wake.set()

    async def _refresh(self) -> None:
        backoff = Backoff(*RETRY_S)
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_S)
            self._wake.clear()
            try:
                await self._refresh_marked()
            except StoreError as error:
                self._problem = str(error)
                self._wake.set()
                await asyncio.sleep(backoff.next())
            else:
                self._problem = ""
                backoff.reset()

    async def _refresh_marked(self) -> None:
        for key in [key for key, one in self._kept.items() if one.marks.gone]:
            del self._kept[key]
            self._warmed.discard(key)
        taken = [(key, one, one.marks, one.held) for key, one in self._kept.items() if one.held and one.marks]
        for _, one, _, _ in taken:
            one.marks = Marks()
        try:
            sound = await read_again(self._client, [Reading.of(held, marks) for _, _, marks, held in taken])
        except StoreError:
            for _, one, marks, _ in taken:
                one.marks.join(marks)
            raise
        for (key, one, _, _), good in zip(taken, sound, strict=True):
            self._judge(key, one, good)
        self._evict()

    def _judge(self, key: Key, kept: _Kept, sound: bool) -> None:
        """A node of a cluster that loses its data tells no event: who twice holds more than there is, is read anew."""
        if sound or not kept.doubted:
            kept.doubted = not sound
            if kept.doubted:
                asyncio.get_running_loop().call_later(DOUBT_S, self._look_again, kept)
        elif self._kept.get(key) is kept:
            log.warning("snapshots of %s went without an event: reading its projections anew", "/".join(key))
            del self._kept[key]

    def _look_again(self, kept: _Kept) -> None:
        kept.marks.tenants = True
        self._wake.set()
