"""One server's journal: from log lines, status and manifests to events, and what is kept with them in one commit.

What was published is in Redis; the journal is its copy in memory, one step ahead while a commit is under way. Whatever goes
wrong, it is dropped and loaded again: log lines are then read again from the cursor, status and manifests compared anew.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.controller.log_events import LogEvents
from backend.controller.log_follow import LogBatch
from backend.controller.log_place import LogCursor
from backend.controller.snapshot_events import Context, SnapshotStep, overdue_step, snapshot_step
from backend.controller.state_events import News, ServerView, StateStep, deleted_step, state_step
from backend.events.commit import Change, Commit
from backend.events.envelope import Source, encode
from backend.events.keys import ServerKeys
from backend.events.store import Loaded
from backend.kopia.snapshots import Snapshot

MAX_PENDING = 1 << 20  # bytes of log lines that wait for their commit
AT_ONCE = 500  # snapshots in one commit
OVERDUE = "overdue:"  # in the projection `tenants`: who was told to be overdue, beside who was seen


@dataclass(frozen=True)
class Holdings:
    """What the repository holds, as the live view has it: the view's own mappings, read at once, never kept."""

    groups: Mapping[str, Mapping[str, Snapshot]]
    reasons: Callable[[str], Mapping[str, tuple[str, ...]]]


@dataclass
class Inbox:
    """What is to be told. Lines wait in order; of everything else only the newest counts."""

    lines: deque[LogBatch] = field(default_factory=deque)
    size: int = 0
    view: ServerView | None = None
    overdue: tuple[Mapping[str, float], str] | None = None
    holdings: Holdings | None = None
    tenants: set[str] | None = field(default_factory=set)  # whose snapshots to compare; None: everybody's
    deleted: bool = False


class Journal:
    """`wake` is called when there is something to commit. As a `LogSink` it takes the log."""

    def __init__(self, namespace: str, name: str, wake: Callable[[], None]) -> None:
        self.keys = ServerKeys(namespace, name)
        self.source = Source(namespace, name)
        self.loaded = False
        self.reopen: Callable[[], None] = lambda: None  # of the follower: read the log again from our cursor
        self.finished = False
        self._wake = wake
        self._inbox = Inbox()
        self._space = asyncio.Event()
        self._token = b""
        self._seen_view: ServerView | None = None
        self._clear()

    def _clear(self) -> None:
        self._log = LogEvents(self.source)
        self._cursor: LogCursor | None = None
        self._state: dict[str, str] = {}
        self._tenants: dict[str, str] = {}
        self._overdue: dict[str, str] = {}
        self._told: dict[str, dict[str, str]] = {}

    # --- what comes in -----------------------------------------------------------------------------------------------

    def cursor(self) -> LogCursor | None:
        return self._cursor

    async def take(self, batch: LogBatch) -> None:
        """Lines are dropped while they could not be committed: they are read again then."""
        if not self.loaded:
            return
        while self.loaded and self._inbox.size > MAX_PENDING:
            self._space.clear()
            await self._space.wait()
        if not self.loaded:
            return
        self._inbox.lines.append(batch)
        self._inbox.size += len(batch.lines)
        self._wake()

    def observe(self, view: ServerView, overdue: Mapping[str, float], age: str) -> None:
        """The status after a pass."""
        self._seen_view = self._inbox.view = view
        self._inbox.overdue = (overdue, age)
        self._wake()

    def compare(self, holdings: Holdings, tenants: Iterable[str] | None) -> None:
        """The repository's snapshots may be others now, those of some tenants or of all."""
        inbox = self._inbox
        inbox.holdings = holdings
        if tenants is None:
            inbox.tenants = None
        elif inbox.tenants is not None:
            inbox.tenants |= set(tenants)
        self._wake()

    def delete(self) -> None:
        self._inbox.deleted = True
        self._wake()

    # --- what goes out -----------------------------------------------------------------------------------------------

    @property
    def due(self) -> bool:
        inbox = self._inbox
        compares = inbox.holdings is not None and inbox.tenants != set()
        return bool(inbox.lines or inbox.view or inbox.deleted or compares or inbox.overdue)

    def load(self, loaded: Loaded) -> None:
        """Begin with what Redis holds."""
        self._clear()
        self._token = loaded.token
        self._state = _texts(loaded.state)
        for name, text in _texts(loaded.tenants).items():
            if name.startswith(OVERDUE):
                self._overdue[name.removeprefix(OVERDUE)] = text
            else:
                self._tenants[name] = text
        for name, text in _texts(loaded.snapshots).items():
            self._told.setdefault(json.loads(text)["user"], {})[name] = text
        self._cursor = self._log.load(loaded.cursor, loaded.sessions)
        inbox = self._inbox
        inbox.lines.clear()
        inbox.size = 0
        inbox.view = inbox.view or self._seen_view
        inbox.tenants = None
        self.loaded = True
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
        cursor = self._take_lines(events, changes)
        self._take_holdings(events, changes, now)
        self._take_state(events, changes, now)
        if not events and not changes and cursor is None:
            return None
        before, self._token = self._token, secrets.token_hex(8).encode()
        return Commit(self.keys, before, self._token, events, changes, cursor)

    def _take_lines(self, events: list[bytes], changes: list[Change]) -> bytes | None:
        inbox = self._inbox
        if not inbox.lines:
            return None
        while inbox.lines:
            self._cursor = self._log.take(inbox.lines.popleft(), events)
        inbox.size = 0
        self._space.set()
        changes += self._log.changes(self.keys.sessions)
        return self._log.cursor_bytes()

    def _take_holdings(self, events: list[bytes], changes: list[Change], now: datetime) -> None:
        inbox = self._inbox
        holdings = inbox.holdings
        if holdings is None or inbox.tenants == set():
            return
        looked = inbox.tenants
        names = holdings.groups.keys() if looked is None else looked
        reasons: dict[str, tuple[str, ...]] = {}
        for name in names:
            if holdings.groups.get(name, {}).keys() - self._told.get(name, {}).keys():
                reasons.update(holdings.reasons(name))
        context = Context(now, reasons, self._log.sessions())
        step = snapshot_step(holdings.groups, self._told, self._tenants, context, tenants=looked, limit=AT_ONCE)
        if not step.snapshots:
            inbox.tenants = set()
            return
        if len(step.snapshots) < AT_ONCE:
            inbox.tenants = set()
        self._keep_snapshots(step)
        self._tell(step.news, events)
        changes += hash_changes(self.keys.snapshots, step.snapshots)
        changes += hash_changes(self.keys.tenants, step.tenants)

    def _keep_snapshots(self, step: SnapshotStep) -> None:
        gone = {name for name, text in step.snapshots.items() if not text}
        for name, text in step.snapshots.items():
            if text:
                self._told.setdefault(json.loads(text)["user"], {})[name] = text
        if gone:
            for user, items in list(self._told.items()):
                for name in gone & items.keys():
                    del items[name]
                if not items:
                    del self._told[user]
        self._tenants.update(step.tenants)

    def _take_state(self, events: list[bytes], changes: list[Change], now: datetime) -> None:
        inbox = self._inbox
        view, inbox.view = inbox.view, None
        if inbox.deleted:
            self._keep_state(deleted_step(self._state, now), events, changes)
            self.finished = True
            inbox.deleted = False
            return
        if view is not None:
            self._keep_state(state_step(view, self._state), events, changes)
        if inbox.overdue is not None:
            (late, age), inbox.overdue = inbox.overdue, None
            step = overdue_step(late, self._overdue, now, age)
            self._tell(step.news, events)
            changes += hash_changes(self.keys.tenants, {OVERDUE + name: text for name, text in step.tenants.items()})
            _update(self._overdue, step.tenants)

    def _keep_state(self, step: StateStep, events: list[bytes], changes: list[Change]) -> None:
        self._tell(step.news, events)
        changes += hash_changes(self.keys.state, step.changes)
        _update(self._state, step.changes)

    def _tell(self, news: Iterable[News], events: list[bytes]) -> None:
        for one in news:
            events.append(encode(self.source, one.payload, id=one.key, time=one.time))


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


def _update(known: dict[str, str], changes: Mapping[str, str]) -> None:
    for name, text in changes.items():
        if text:
            known[name] = text
        else:
            known.pop(name, None)


def _texts(raw: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): text.decode() for name, text in raw.items()}
