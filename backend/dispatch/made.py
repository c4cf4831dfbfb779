"""Subscriptions that people make through the API: begun, changed, paused and ended while the dispatcher runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backend.dispatch.settings import ApiSettings, Subscription, Target
from backend.dispatch.warrant import OwnersWarrant, Warrant
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.push.made import MadeStore, Seen
from backend.events.push.made_models import Record, UnknownRecord, record_of
from backend.events.push.policy import NotAllowed
from backend.events.push.scopes import told_of
from backend.events.push.store import LeaseLost, PushStore

log = logging.getLogger(__name__)

LOOK_S = 1.0
AGAIN_S = 10.0


@dataclass(frozen=True)
class Job:
    """What is delivered where, and how much of it. `revision`: 0 for a subscription of the settings."""

    subscription: Subscription
    target: Target
    warrant: Warrant
    revision: int = 0


Supervise = Callable[[Job, asyncio.Event], Awaitable[None]]


def job_of(record: Record, api: ApiSettings, warrant: Warrant) -> Job:
    """By our own settings, whatever the API let pass. Raises NotAllowed."""
    made, owner = record.made, record.owner
    target = api.targets[api.public().find(made, owner.user, owner.groups)]
    held = next((one for one in target.credentials if one.name == made.credentials), None)
    subscription = Subscription.model_construct(
        name=record.uid, sink=made.sink, mode=made.mode, start=made.start, servers=made.servers, filters=made.filters,
        handshake=made.handshake, origin=made.origin, timeout=made.timeout, max_in_flight=made.max_in_flight,
        retry=made.retry, dead_letters=made.dead_letters, ca_file=target.ca_file,
        bearer_token_file=held.bearer_token_file if held else None, headers=held.headers if held else (),
    )  # fmt: skip
    return Job(subscription, target, warrant, record.rev)


class _Entry:
    """One of them. `text`: the newest record, None when it is deleted; `changed`: of the one that is worked at."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        self.text: bytes | None = None
        self.changed = asyncio.Event()
        self.warrant = OwnersWarrant()

    def set(self, text: bytes | None) -> None:
        if text != self.text:
            self.text = text
            self.changed.set()


class MadeJobs:
    """`supervise` delivers one until its event is set. `hear` is called when Redis answered, `problem` when not."""

    def __init__(
        self, api: ApiSettings, client: Client, who: str, lease_s: float, supervise: Supervise,
        hear: Callable[[], None], problem: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._api = api
        self._client = client
        self._store = MadeStore(client)
        self._who = who
        self._lease_s = lease_s
        self._supervise = supervise
        self._hear = hear
        self._problem = problem
        self._entries: dict[str, _Entry] = {}
        self._token = b"?"
        self._published = False

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                began = asyncio.get_running_loop().time()
                try:
                    seen = await self._store.look(self._token)
                    if not (self._published and seen.policy):
                        await self._store.publish(self._api.public())
                        self._published = True
                    self._hear()
                    self._take(seen, began, group, stop)
                except StoreError as error:
                    self._problem(str(error))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
            for entry in self._entries.values():
                entry.changed.set()

    def _take(self, seen: Seen, began: float, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        self._token = seen.token
        if seen.made is not None:
            for uid in self._entries.keys() - seen.made.keys():
                self._entries.pop(uid).set(None)
            for uid, text in seen.made.items():
                entry = self._entries.get(uid)
                if entry is None:
                    entry = self._entries[uid] = _Entry(uid)
                    entry.set(text)
                    group.create_task(self._look_after(entry, stop))
                entry.set(text)
        for uid, entry in self._entries.items():
            told = seen.scopes.get(uid)
            entry.warrant.update(told_of(told) if told else None, seen.now, began)

    async def _look_after(self, entry: _Entry, stop: asyncio.Event) -> None:
        """What one of them does wrong must not end the others."""
        while entry.text is not None and not stop.is_set():
            entry.changed = asyncio.Event()
            try:
                await self._work_at(entry, entry.text, entry.changed)
            except Exception:
                log.exception("%s: it is begun anew", entry.uid)
                await _either(entry.changed, AGAIN_S)

    async def _work_at(self, entry: _Entry, text: bytes, changed: asyncio.Event) -> None:
        """Until it has changed."""
        try:
            record = record_of(text)
        except UnknownRecord as problem:
            log.error("%s cannot be understood by this version: %s", entry.uid, problem)
            await changed.wait()
            return
        if record.made.paused:
            await changed.wait()
            return
        try:
            job = job_of(record, self._api, entry.warrant)
        except NotAllowed as problem:
            log.warning("%s, %s of %s: %s", entry.uid, record.made.name, record.owner.user, problem)
            while not changed.is_set():
                await self._refuse(record, str(problem))
                await _either(changed, AGAIN_S)
            return
        log.info("%s is %s of %s", entry.uid, record.made.name, record.owner.user)
        await self._supervise(job, changed)

    async def _refuse(self, record: Record, reason: str) -> None:
        """Tell it in the status, unless another dispatcher, with other settings, delivers it."""
        store = PushStore(self._client, record.uid, self._who, record.rev)
        with contextlib.suppress(StoreError, LeaseLost):
            if not await store.acquire(self._lease_s):
                await store.settle(store.settlement(), [(b"HSET", store.keys.state, b"waits", reason.encode())], 0)
                await store.release()


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), timeout_s)
