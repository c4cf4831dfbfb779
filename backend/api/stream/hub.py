"""All live streams of a process, fed by one reader."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from aiohttp.http import HttpVersion11

from backend.api.http.taken import Taken
from backend.api.stream.catch_up import CatchUp
from backend.api.stream.client import Client, StillAllowed
from backend.api.stream.cohort import Cohort
from backend.api.stream.cohorts import Cohorts
from backend.api.stream.follow import Follower
from backend.api.stream.frames import comment, end_frame, gap_frame, place
from backend.api.stream.history import History
from backend.api.stream.keeper import Keeper
from backend.api.stream.limits import Limits
from backend.api.stream.log import Log, control
from backend.api.stream.pace import pause_s
from backend.api.stream.position import Position, at
from backend.api.stream.scope import Scope
from backend.events.feed import Found
from backend.events.reader import StreamReader
from backend.events.select import Selection
from backend.telemetry import catalogue
from backend.telemetry.instruments import histogram

log = logging.getLogger(__name__)

SHUTDOWN = ("shutdown", "the server is going down: come again, another one goes on from your position")
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
RECENT = 64  # entries of the firehose that are read at the start
COHORTS_AT_ONCE = 100

_LAG = histogram(catalogue.DELIVERY_LAG)


Over = Callable[[], None] | None


class StreamsRefused(Exception):
    """No stream can be opened now; the message says what to do."""


@dataclass(frozen=True)
class Subscriber:
    """`after`: the position of a `Last-Event-ID`; else from the selection's time on, else from now on.
    `still_allowed`: asked every half minute; the stream ends when it gives None or another scope than this, or raises.
    `expires`: the Unix time at which it ends anyway.
    """

    selection: Selection
    scope: Scope
    after: Position | None = None
    still_allowed: StillAllowed | None = None
    expires: float | None = None


@dataclass(frozen=True)
class Figures:
    """For metrics. `gaps`: how often a client missed something and was told. `problem`: why streams wait, or `""`."""

    clients: int
    cohorts: int
    events: int
    gaps: int
    problem: str


class Hub:
    """`run` for as long as `serve` is used."""

    def __init__(self, reader: StreamReader, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._limits = limits
        self._log = Log(limits.log_bytes, limits.log_age_s)
        self._cohorts = Cohorts(self._log)
        self._clients: set[Client] = set()
        self._connections: set[Client] = set()  # also those that end
        self._last: asyncio.Future[None] | None = None  # of the connections, where that is waited for
        self._catching_up: set[asyncio.Task[None]] = set()
        self._follower = Follower(reader, self, recent=RECENT)
        self._keeper = Keeper(limits, self._log, self._end)
        self._catch_up = CatchUp(History(reader, limits.page, limits.pages), self._log, limits)
        self._dirty: dict[Cohort, None] = {}
        self._oldest_ms = 0  # when the first event that waits to be written was written to the firehose
        self._wake = asyncio.Event()
        self._problem = "the event store has not been read yet"
        self._closing = False

    @property
    def figures(self) -> Figures:
        gaps = self._cohorts.gaps + self._catch_up.gaps
        return Figures(len(self._clients), len(self._cohorts), self._log.next_number, gaps, self._problem)

    async def run(self) -> None:
        """Until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follower.run())
            group.create_task(self._flush())
            group.create_task(self._keeper.run(self._clients, self._cohorts, self._mark))

    def close(self) -> None:
        """Ends all streams, with a hint when to come again, and lets no new one begin."""
        self._closing = True
        for client in tuple(self._clients):
            self._end(client, SHUTDOWN)

    # --- a stream ---

    def check(self) -> None:
        """Raises StreamsRefused."""
        if self._closing:
            raise StreamsRefused("the server is going down: try again")
        if len(self._clients) >= self._limits.clients:
            raise StreamsRefused("this server has as many streams as it may have: try again later")

    async def serve(self, request: web.Request, subscriber: Subscriber, over: Over = None) -> web.StreamResponse:
        """Answers the request with events until either side ends it: then `over` is called, unless this raises. Return
        what it gives at once. Raises StreamsRefused before the first byte.
        """
        self.check()
        response = Taken(headers=HEADERS)
        response.force_close()
        await response.prepare(request)
        client = self._client(response.take(request), subscriber, chunked=request.version >= HttpVersion11)
        now = asyncio.get_running_loop().time()
        cohort = self._cohorts.enter(subscriber.selection, subscriber.scope, now)
        self._clients.add(client)
        self._connections.add(client)
        client.gone = partial(self._gone, client)
        try:
            self._stream(client, cohort, subscriber)
            if self._closing:
                self._end(client, SHUTDOWN)
        except BaseException:
            client.transport.abort()  # what failed must not look as if it had ended
            self._left(client, cohort, None, client.done)
            await response.write_eof()
            raise
        client.done.add_done_callback(partial(self._left, client, cohort, over))
        return response

    def _left(self, client: Client, cohort: Cohort, over: Over, _done: asyncio.Future[None]) -> None:
        self._clients.discard(client)
        cohort.leave(client)
        self._cohorts.leave(cohort)
        client.close()
        if over is not None:
            over()

    async def closed(self, timeout_s: float) -> None:
        """After `close`: until all connections are, but not for longer than that; then they are cut."""
        if self._connections:
            self._last = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._last], timeout=timeout_s)
        for client in tuple(self._connections):
            client.transport.abort()

    def _gone(self, client: Client) -> None:
        self._connections.discard(client)
        if not self._connections and self._last is not None and not self._last.done():
            self._last.set_result(None)

    def _client(self, transport: asyncio.Transport, subscriber: Subscriber, *, chunked: bool) -> Client:
        now = asyncio.get_running_loop().time()
        expires = None if subscriber.expires is None else now + subscriber.expires - time.time()
        return Client(
            transport, self._limits, chunked=chunked, scope=subscriber.scope,
            still_allowed=subscriber.still_allowed, expires=expires, now=now,
        )  # fmt: skip

    def _stream(self, client: Client, cohort: Cohort, subscriber: Subscriber) -> None:
        if self._problem:
            client.write(comment(self._problem))
        position, selection = subscriber.after, subscriber.selection
        if position is None and selection.since_ms is None:
            client.write(place(cohort.cut, self._limits.retry_ms))
            cohort.join(client, None)
            return
        client.write(place(position, self._limits.retry_ms))
        task = asyncio.create_task(self._resume(client, cohort, selection, position), name="catch up")
        self._catching_up.add(task)
        task.add_done_callback(self._caught_up)

    async def _resume(self, client: Client, cohort: Cohort, selection: Selection, position: Position | None) -> None:
        proven = position is not None
        try:
            upto = await self._catch_up.run(client, selection, position or at(selection.after), proven=proven)
        except BaseException:
            client.transport.abort()
            client.finish()
            raise
        if not client.ended:
            cohort.join(client, upto)

    def _caught_up(self, task: asyncio.Task[None]) -> None:
        self._catching_up.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a stream broke off", exc_info=task.exception())

    def _end(self, client: Client, why: tuple[str, str]) -> None:
        if not client.paused and not client.ended:
            spread = random.randint(self._limits.retry_ms // 2, self._limits.retry_ms * 2)  # noqa: S311 - no secret
            client.write(end_frame(*why, spread))
        client.finish()

    # --- events ---

    def begin(self, position: Position, recent: Sequence[Found]) -> None:
        now = asyncio.get_running_loop().time()
        self._log.begin(position)
        for one in recent:
            self._log.append(at(one.entry, one.index), one.raw, one.event, now)
        self._problem = ""
        self._tell_all(place(self._log.head))
        self._catch_up.moved()

    def publish(self, found: Sequence[Found]) -> None:
        now = asyncio.get_running_loop().time()
        for one in found:
            position = at(one.entry, one.index)
            if self._log.head is not None and position <= self._log.head:
                for client in self._clients:  # a new primary counts on from an older place
                    client.need = None
            entry = self._log.append(position, one.raw, one.event, now)
            for cohort in self._cohorts.of(one.event):
                cohort.pending.append(entry)
                self._mark(cohort)
        if found and self._dirty:
            self._oldest_ms = self._oldest_ms or at(found[0].entry).ms
        self._catch_up.moved()

    def missed(self, upto: Position, reason: str) -> None:
        self._tell_all(gap_frame(self._log.head or upto, upto, reason))

    def away(self, problem: str) -> None:
        self._problem = problem
        self._tell_all(comment(problem or "the event store answers again"))

    def _tell_all(self, frame: bytes) -> None:
        for cohort in self._cohorts:
            cohort.pending.append(control(self._log.head, frame))
            self._mark(cohort)

    def _mark(self, cohort: Cohort) -> None:
        self._dirty[cohort] = None
        self._wake.set()

    async def _flush(self) -> None:
        """Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            began, cpu = loop.time(), time.thread_time()
            dirty, self._dirty = self._dirty, {}
            oldest_ms, self._oldest_ms = self._oldest_ms, 0
            for number, cohort in enumerate(dirty, 1):
                await cohort.flush(began, self._limits.write_bytes)
                if not number % COHORTS_AT_ONCE:
                    await asyncio.sleep(0)
            if oldest_ms:
                _LAG.record(max(0.0, time.time() - oldest_ms / 1000))
            await asyncio.sleep(pause_s(time.thread_time() - cpu))
