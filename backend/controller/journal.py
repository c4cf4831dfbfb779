"""One server's journal: from log lines, status and manifests to events, and what is kept with them in one commit.

What was published is in Redis; the journal is its copy in memory, one step ahead while a commit is under way. Whatever
goes wrong, it is dropped and loaded again: log lines are then read again from the place in the log, status and
manifests are compared anew.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from backend.controller.log_batch import LogBatch
from backend.controller.log_events import LogEvents
from backend.controller.log_place import LogCursor
from backend.controller.names import Names
from backend.controller.snapshot_journal import Holdings, SnapshotJournal
from backend.controller.state_events import News, ServerView, StateStep, deleted_step, state_step
from backend.controller.tally import Books, Tally, Totals
from backend.events.commit import Change, Commit
from backend.events.envelope import Source, Trace, encode
from backend.events.keys import ServerKeys
from backend.events.spans import spans_to_json
from backend.events.store import Loaded
from backend.telemetry.spans import Kept

KEPT_AFTER_DELETION_S = 7 * 24 * 3600  # a consumer that was away for a while still reads how it ended
MAX_STORIES = 50  # of our own work that wait to be kept
KEPT_STORIES = 200  # in Redis
MAX_PENDING = 1 << 17  # bytes of log lines that wait for their commit


@dataclass
class Inbox:
    """What is to be told. Lines wait in order; of a status only the newest counts."""

    lines: deque[LogBatch] = field(default_factory=deque)
    size: int = 0
    view: ServerView | None = None
    extra: list[News] = field(default_factory=list)
    spans: deque[bytes] = field(default_factory=lambda: deque(maxlen=MAX_STORIES))
    deleted: bool = False


class Journal:
    """`wake` is called when there is something to commit. As a `LogSink` it takes the log."""

    def __init__(self, namespace: str, name: str, wake: Callable[[], None]) -> None:
        self.keys = ServerKeys(namespace, name)
        self.loaded = False
        self.finished = False  # nothing is left to tell of a server that is gone
        self.reopen: Callable[[], None] = lambda: None  # of the follower: read the log again from our place
        self._source = Source(namespace, name)
        self._probe_user = Names(namespace, name).probe_user
        self._wake = wake
        self._inbox = Inbox()
        self._space = asyncio.Event()
        self._token = b""
        self._reborn = False  # what is there may be about to expire, as of a server of this name that was deleted
        self._seen_view: ServerView | None = None
        self._snapshots = SnapshotJournal()
        self._books = Books()
        self._clear()

    @property
    def _outliving(self) -> tuple[bytes, ...]:
        """What stays for a while after the server's end."""
        return (self.keys.stream, self.keys.meta, self.keys.spans)

    def _clear(self) -> None:
        self._log = LogEvents(self._source, self._probe_user, self._books)
        self._tail: LogCursor | None = None  # where the lines end that are published or wait
        self._state: dict[str, str] = {}

    # --- what comes in -----------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        return self.loaded

    def place(self) -> LogCursor | None:
        return self._tail

    async def take(self, batch: LogBatch) -> bool:
        while self.loaded and self._inbox.size > MAX_PENDING:
            self._space.clear()
            await self._space.wait()
        if not self.loaded or batch.after != self._tail:
            return False
        self._inbox.lines.append(batch)
        self._inbox.size += len(batch.lines)
        self._tail = batch.end
        self._wake()
        return True

    def observe(self, view: ServerView) -> None:
        """The status after a pass."""
        self.finished = self._inbox.deleted = False
        waiting = self._inbox.view
        if waiting and waiting.trace:
            view = replace(view, trace=waiting.trace)  # that pass changed first what is still to be told
        self._seen_view = self._inbox.view = view
        self._wake()

    def compare(self, holdings: Holdings, tenants: Iterable[str] | None) -> None:
        """The repository's snapshots may be others now: those of some tenants, or, after a whole look, anybody's."""
        if self._snapshots.compare(holdings, tenants):
            self._wake()

    def doubt(self) -> None:
        """What the repository holds is not known any more, until it is compared as a whole."""
        self._snapshots.doubt()

    def tell(self, news: News) -> None:
        """Something that is nobody's state."""
        self._inbox.extra.append(news)
        self._wake()

    def keep(self, spans: list[Kept]) -> None:
        """Spans of our own work for this server."""
        self._inbox.spans.append(spans_to_json(spans))
        self._wake()

    def delete(self) -> None:
        """The server is gone."""
        self._inbox.deleted = True
        self._seen_view = self._inbox.view = None
        self._snapshots.doubt()
        self._wake()

    # --- what goes out -----------------------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        inbox = self._inbox
        return bool(inbox.lines or inbox.view or inbox.extra or inbox.spans or inbox.deleted or self._snapshots.due)

    @property
    def waiting(self) -> int:
        """Bytes of lines."""
        return self._inbox.size

    @property
    def open_sessions(self) -> int:
        return self._log.open

    @property
    def totals(self) -> Totals:
        """What was published since this process began."""
        return self._books.totals

    def load(self, loaded: Loaded) -> None:
        """Begin with what Redis holds."""
        self._clear()
        self._books.loaded(loaded.token)
        self._token = loaded.token
        self._reborn = bool(loaded.token) and not loaded.state
        self._state = texts(loaded.state)
        self._snapshots.load(texts(loaded.snapshots), texts(loaded.tenants), loaded.token)
        self._tail = self._log.load(loaded.cursor, loaded.sessions)
        inbox = self._inbox
        inbox.lines.clear()
        inbox.size = 0
        inbox.view = self._seen_view
        self.loaded = True
        self._space.set()
        self.reopen()

    def unload(self) -> None:
        """A commit failed or was refused: what is in memory is ahead of Redis."""
        self.loaded = False
        self._space.set()

    def step(self) -> Commit | None:
        """The next commit; None when there is nothing to tell. Memory is as if it had been made."""
        now = datetime.now(UTC)
        events: list[bytes] = []
        changes: list[Change] = []
        inbox = self._inbox
        if inbox.deleted:
            cursor: bytes | None = self._take_deletion(events, changes, now)
            self.finished, inbox.deleted = True, False
        else:
            moved = self._take_lines(events, changes)
            settled = self._take_snapshots(events, changes, now)
            cursor = self._log.kept() if moved or settled else None
            if inbox.view is not None:
                self._take_view(inbox.view, events, changes, now)
        extra, inbox.extra = inbox.extra, []
        self._tell(extra, events)
        while inbox.spans:
            kept = b"%d" % KEPT_STORIES
            changes.append((b"XADD", self.keys.spans, b"MAXLEN", kept, b"*", b"spans", inbox.spans.popleft()))
        if not events and not changes and cursor is None:
            return None
        return self._commit(events, changes, cursor)

    def committed(self, commit: Commit) -> Tally:
        """It is in Redis; what it holds."""
        self._snapshots.committed(commit.token)
        return self._books.committed(commit.token)

    def empty_step(self) -> Commit:
        """A commit that tells nothing."""
        return self._commit([], [], None)

    def _commit(self, events: list[bytes], changes: list[Change], cursor: bytes | None) -> Commit:
        if self._reborn and not self.finished:
            changes += ((b"PERSIST", key) for key in self._outliving)
            self._reborn = False
        before, self._token = self._token, secrets.token_hex(8).encode()
        self._snapshots.sent(self._token)
        self._books.sent(self._token)
        return Commit(self.keys, before, self._token, events, changes, cursor)

    def _take_lines(self, events: list[bytes], changes: list[Change]) -> bool:
        inbox = self._inbox
        if not inbox.lines:
            return False
        while inbox.lines:
            self._log.take(inbox.lines.popleft(), events)
        inbox.size = 0
        self._space.set()
        changes += self._log.changes(self.keys.sessions)
        return True

    def _take_snapshots(self, events: list[bytes], changes: list[Change], now: datetime) -> bool:
        """True when reported failures were settled, which the cursor keeps."""
        log = self._log
        news, snapshots, tenants, settled = self._snapshots.step(now, log.latest, log.claims)
        self._tell(news, events)
        changes += hash_changes(self.keys.snapshots, snapshots)
        changes += hash_changes(self.keys.tenants, tenants)
        return settled

    def _take_view(self, view: ServerView, events: list[bytes], changes: list[Change], now: datetime) -> None:
        self._inbox.view = None
        step = state_step(view, self._state)
        if view.trace and view.trace.sampled and step.news:  # what was changed, and what came of it, is one trace
            trace = Trace(view.trace.trace_id, view.trace.span_id)
            step.news = [replace(one, trace=one.trace or trace) for one in step.news]
            self._books.next.caused_by = view.trace
        self._keep_state(step, events, changes)
        if view.overdue is not None:
            news, fields = self._snapshots.overdue(view.overdue, view.max_snapshot_age, now)
            self._tell(news, events)
            changes += hash_changes(self.keys.tenants, fields)

    def _take_deletion(self, events: list[bytes], changes: list[Change], now: datetime) -> bytes | None:
        """Whoever is made under the same name begins anew. None: it was told before."""
        if not self._state and not self._inbox.lines:
            return None
        self._take_lines(events, [])
        self._tell(deleted_step(self._state, now).news, events)
        for key in (self.keys.state, self.keys.sessions, self.keys.snapshots, self.keys.tenants):
            changes.append((b"DEL", key))
        changes += ((b"EXPIRE", key, b"%d" % KEPT_AFTER_DELETION_S) for key in self._outliving)
        self._clear()
        self._snapshots.load({}, {})
        return b""

    def _keep_state(self, step: StateStep, events: list[bytes], changes: list[Change]) -> None:
        self._tell(step.news, events)
        changes += hash_changes(self.keys.state, step.changes)
        for name, text in step.changes.items():
            if text:
                self._state[name] = text
            else:
                self._state.pop(name, None)

    def _tell(self, news: Iterable[News], events: list[bytes]) -> None:
        for one in news:
            self._books.next.told(one.payload)
            events.append(encode(self._source, one.payload, id=one.key, time=one.time, trace=one.trace))


def hash_changes(key: bytes, fields: Mapping[str, str]) -> list[Change]:
    """Set fields of a hash; an empty text removes one."""
    sets: list[bytes] = []
    for name, text in fields.items():
        if text:
            sets += (name.encode(), text.encode())
    removes = [name.encode() for name, text in fields.items() if not text]
    made: list[Change] = []
    if sets:
        made.append((b"HSET", key, *sets))
    if removes:
        made.append((b"HDEL", key, *removes))
    return made


def texts(raw: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode("utf-8", "replace"): text.decode("utf-8", "replace") for name, text in raw.items()}
