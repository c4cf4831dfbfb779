"""The way of events in this process: journals, the publisher that commits them, the firehose, housekeeping."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from backend.controller.cache import Key
from backend.controller.journal import Journal
from backend.controller.journal_figures import bounded, watch_journals
from backend.controller.publisher import Publisher
from backend.controller.settings import Settings
from backend.controller.state_events import News, ServerView, stamp
from backend.events.catalogue.log import StreamTrimmed
from backend.events.connection import Client, connect
from backend.events.envelope import AllServers, encode
from backend.events.errors import StoreError
from backend.events.firehose import Firehose
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.store import EventStore
from backend.events.trim import Trimmed, backlog, trim
from backend.telemetry import catalogue
from backend.telemetry.instruments import Watches, counter
from backend.telemetry.spans import Kept

log = logging.getLogger(__name__)

_LOST = counter(catalogue.EVENTS_LOST)

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]
TRIM_S = 60.0


class EventPath:
    """`changed` is called when `problem` is another."""

    def __init__(self, client: Client, settings: Settings, changed: Callable[[], None]) -> None:
        self._client = client
        self._settings = settings
        self._firehose = Firehose(client)
        self._store = EventStore(client, self._firehose)
        self._publisher = Publisher(self._store, self._firehose, changed)
        self._backlog: dict[str, int] = {}  # of the firehose's consumer groups, when they were last looked at

    @property
    def problem(self) -> str:
        """A sentence while events cannot be written, else `""`."""
        return self._publisher.problem

    def start(self, spawn: Spawn) -> None:
        spawn(self._publisher.run(), "publisher of events")
        spawn(self._firehose.run(), "stream of all servers")
        spawn(self._keep_short(), "trimming of streams")

    def watch(self, watches: Watches) -> None:
        """For metrics."""
        watch_journals(watches, self._publisher.journals)
        watches.add(
            catalogue.EVENTS_WAITING,
            lambda: [
                (("journals",), sum(one.waiting for _, one in self._publisher.journals())),
                (("firehose",), self._firehose.waiting_bytes),
            ],
        )
        watches.one(catalogue.STORE_AWAY, lambda: self._publisher.away_s)
        watches.add(catalogue.GROUP_BACKLOG, lambda: [((name,), number) for name, number in self._backlog.items()])

    def journal(self, key: Key) -> Journal:
        return self._publisher.journal(key)

    def keep(self, key: Key, spans: list[Kept]) -> None:
        """Spans of our own work, for the console."""
        if self._publisher.knows(key):
            self._publisher.journal(key).keep(spans)

    def observe(self, key: Key, view: ServerView) -> None:
        self._publisher.journal(key).observe(view)

    def delete(self, key: Key) -> None:
        self._publisher.delete(key)

    async def delete_departed(self, there: set[Key]) -> None:
        """Tell the end of servers that went while no controller ran."""
        while True:
            try:
                names = await self._firehose.servers()
                break
            except StoreError:
                await asyncio.sleep(TRIM_S)
        for name in names:
            namespace, _, rest = name.partition("/")
            if (namespace, rest) not in there:
                self._publisher.delete((namespace, rest))

    async def close(self) -> None:
        await self._store.close()

    # --- streams stay short ------------------------------------------------------------------------------------------

    async def _keep_short(self) -> None:
        """Never returns."""
        while True:
            await asyncio.sleep(TRIM_S)
            try:
                await self._trim_all()
            except StoreError as error:
                log.info("the streams of events are not trimmed: %s", error)

    async def _trim_all(self) -> None:
        settings = self._settings
        for name in await self._firehose.servers():
            namespace, _, rest = name.partition("/")
            keys = ServerKeys(namespace, rest)
            mark = await self._firehose.mark(keys)
            done = await trim(
                self._client, keys.stream, keep=settings.stream_length, hard_limit=settings.stream_limit, needed=mark
            )
            if done.forced:
                self._publisher.journal((namespace, rest)).tell(trimmed_news(name, done))
            if not done.length and not self._publisher.knows((namespace, rest)):
                await self._firehose.forget(keys)  # the stream of a deleted server has expired
        done = await trim(self._client, FIREHOSE, keep=settings.firehose_length, hard_limit=settings.firehose_limit)
        self._backlog = bounded(await backlog(self._client, FIREHOSE))
        if done.forced:
            _LOST.add(1, "trimmed")
            news = trimmed_news(FIREHOSE.decode(), done)
            await self._firehose.tell(encode(AllServers(), news.payload, id=news.key, time=news.time))


def trimmed_news(stream: str, lost: Trimmed) -> News:
    log.warning("%s reached its limit: %s did not acknowledge events in time and lost %s to %s", stream,
                ", ".join(lost.groups) or "somebody", lost.first_id_lost, lost.last_id_lost)  # fmt: skip
    payload = StreamTrimmed(first_id=lost.first_id_lost, last_id=lost.last_id_lost, groups=tuple(lost.groups[:100]))
    return News(payload, f"{stream}.{lost.last_id_lost}.trimmed", stamp(datetime.now(UTC)))


def open_event_path(settings: Settings, changed: Callable[[], None]) -> EventPath | None:
    """None when no event store is set. Raises ValueError for a URL that cannot be understood."""
    if not settings.redis_url:
        return None
    client = connect(settings.redis_url, username=settings.redis_username, ca_file=settings.redis_ca_file)
    return EventPath(client, settings, changed)
