"""The dispatcher process: for each subscription a lease, and while it is ours, a delivery."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import time

from backend.dispatch.delivery import Delivery, SinkGone
from backend.dispatch.figures import Standing
from backend.dispatch.made import Job, MadeJobs
from backend.dispatch.sender import Sender
from backend.dispatch.settings import Settings
from backend.dispatch.verdict import backoff_s
from backend.dispatch.warrant import Warrant
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.push.made import MadeStore
from backend.events.push.status import GONE, Subscriptions
from backend.events.push.store import LeaseLost, PushStore

log = logging.getLogger(__name__)

LOOK_S = 2.0  # for a lease that another process holds, or for a sink that is gone
QUIET_S = 30.0  # without an answer of Redis: not ready
_API = "subscriptions of the API"


class Dispatcher:
    """`who`: our name in leases, without blanks."""

    def __init__(self, settings: Settings, client: Client, who: str) -> None:
        self._settings = settings
        self._client = client
        self._who = who
        self._lease_s = settings.lease.total_seconds()
        self._heard: dict[str, float] = {}
        self._problems: dict[str, str] = {}

    @property
    def not_ready(self) -> str:
        """A sentence while Redis does not answer, else `""`. Any thread may ask."""
        now = time.monotonic()
        for name in (_API, *(one.name for one in self._settings.subscriptions)):
            if now - self._heard.get(name, now - 2 * QUIET_S) > QUIET_S:
                return self._problems.get(name) or "Redis has not answered yet"
        return ""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; an unexpected error of one subscription ends all."""
        if not self._settings.subscriptions and not self._settings.api.targets:
            log.warning("the settings have neither subscriptions nor api.targets: there is nothing to do")
        made = MadeJobs(
            self._settings.api, self._client, self._who, self._lease_s, self._supervise, lambda: self._hear(_API),
            lambda text: self._problem(_API, text),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_strangers(stop))
            group.create_task(Standing(self._client, self._who).run(stop))
            for subscription in self._settings.subscriptions:
                job = Job(subscription, self._settings.target(subscription), Warrant())
                group.create_task(self._supervise(job, stop))
            group.create_task(made.run(stop))
            await stop.wait()

    async def _supervise(self, job: Job, stop: asyncio.Event) -> None:
        subscription = job.subscription
        store = PushStore(self._client, subscription.name, self._who, job.revision)
        tries = 0
        while not stop.is_set():
            wait_s = LOOK_S
            try:
                await self._try(job, store, stop)
                tries = 0
            except* LeaseLost:
                log.warning("%s: the lease was lost, what was under way is delivered again", subscription.name)
            except* SinkGone:
                log.error("%s: the sink is gone; `bsls subscriptions resume` begins anew", subscription.name)
            except* StoreError as errors:
                tries += 1
                wait_s = backoff_s(tries, 0.5, 10.0)
                self._problem(subscription.name, _first(errors))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait_s)

    async def _try(self, job: Job, store: PushStore, stop: asyncio.Event) -> None:
        subscription = job.subscription
        began = asyncio.get_running_loop().time()
        try:
            holder = await store.acquire(self._lease_s)
        except LeaseLost:
            return  # it has changed, which we are about to notice
        self._hear(subscription.name)
        if holder:
            return
        try:
            state, places = await store.load()
            sink = hashlib.sha256(subscription.sink.encode()).hexdigest()[:16]
            if state.get("phase") == GONE and state.get("sink") == sink:
                return
            lost = await store.open(earliest=subscription.start == "earliest")
            await store.settle(store.settlement(), [
                (b"HSET", store.keys.state, b"sink", sink.encode(), b"revision", b"%d" % job.revision)
            ], 0)  # fmt: skip
            log.info("%s: delivering to %s", subscription.name, subscription.place)
            sender = Sender(subscription, job.target)
            try:
                async with asyncio.TaskGroup() as group:
                    keeper = group.create_task(self._keep(subscription.name, store, began + self._lease_s))
                    await Delivery(subscription, store, sender, places, job.warrant).run(lost, stop)
                    keeper.cancel()
            finally:
                await sender.close()
        finally:
            with contextlib.suppress(StoreError):
                await store.release()

    async def _keep(self, name: str, store: PushStore, until: float) -> None:
        """Renew the lease; past `until` another process may hold it, so that nothing may be under way any more."""
        loop, margin_s = asyncio.get_running_loop(), self._lease_s / 10
        while True:
            await asyncio.sleep(min(self._lease_s / 5, until - margin_s - loop.time()))
            began = loop.time()
            if began >= until - margin_s:
                raise LeaseLost
            try:
                async with asyncio.timeout_at(until - margin_s):
                    await store.renew(self._lease_s)
            except TimeoutError:
                raise LeaseLost from None
            except StoreError as error:
                self._problem(name, str(error))
                continue
            until = began + self._lease_s
            self._hear(name)

    def _hear(self, name: str) -> None:
        self._heard[name] = time.monotonic()
        self._problems.pop(name, None)

    def _problem(self, name: str, text: str) -> None:
        if self._problems.get(name) != text:
            log.warning("%s: %s", name, text)
        self._problems[name] = text

    async def _tell_strangers(self, stop: asyncio.Event) -> None:
        """Subscriptions that no settings name keep events from being trimmed: say so once."""
        known = {one.name for one in self._settings.subscriptions}
        while not stop.is_set():
            try:
                names = await Subscriptions(self._client).names()
                known |= (await MadeStore(self._client).all()).keys()
                for name in names:
                    if name not in known:
                        log.warning("%s is not in the settings, but its group still keeps events from being trimmed: "
                                    "`bsls subscriptions delete %s` ends it", name, name)  # fmt: skip
                return
            except StoreError:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), QUIET_S)


def _first(errors: BaseExceptionGroup[StoreError]) -> str:
    inner = errors.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else str(inner)
