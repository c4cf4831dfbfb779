"""The controller process: informers, workers, monitor; the first task that ends unexpectedly ends the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from backend.controller.cache import ClusterCache, Key
from backend.controller.causes import Causes
from backend.controller.event_path import EventPath, open_event_path
from backend.controller.figures import watch_servers
from backend.controller.monitor import Monitor
from backend.controller.problems import WaitError
from backend.controller.reconciler import Reconciler
from backend.controller.settings import Settings
from backend.kube.client import KubeClient
from backend.kube.errors import ConflictError, KubeError
from backend.kube.workqueue import WorkQueue
from backend.telemetry import catalogue
from backend.telemetry.health import Health
from backend.telemetry.instruments import Watches, histogram

log = logging.getLogger(__name__)

_DURATION = histogram(catalogue.RECONCILE_DURATION)
_WAIT = histogram(catalogue.RECONCILE_WAIT)


class Tasks:
    """Named, guarded long-lived tasks."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name, context=Context())  # it outlives the pass that asks for it
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """One that may end."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(lambda one: self._running.discard(one) if _fine(one) else self._ended(one))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception() or RuntimeError("it returned")
        log.error("the task %r ended unexpectedly", task.get_name(), exc_info=error)
        if not self._failed.done():
            self._failed.set_exception(RuntimeError(f"the task {task.get_name()!r} ended unexpectedly: {error}"))

    async def wait(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; raises when a task ended unexpectedly."""
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            either: set[asyncio.Future[Any]] = {stopped, self._failed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
        finally:
            stopped.cancel()
            self._failed.cancel()

    async def close(self) -> None:
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _fine(task: asyncio.Task[None]) -> bool:
    return task.cancelled() or task.exception() is None


async def run_controller(
    client: KubeClient, settings: Settings, stop: asyncio.Event, health: Health | None = None
) -> None:
    """Reconcile until `stop` is set. `health` is told when it does."""
    tasks = Tasks()
    queue: WorkQueue[Key] = WorkQueue(waited=_WAIT.record)
    causes = Causes(lambda key, spans: events.keep(key, spans) if events else None)

    def enqueue(key: Key, changed: str = "", echo: bool = False) -> None:
        causes.note(key, changed, echo=echo)
        queue.add(key)

    cache = ClusterCache(client, tasks.spawn, enqueue)
    events = open_event_path(settings, cache.enqueue_all)
    monitor = Monitor(client, tasks.spawn, enqueue, events)
    reconciler = Reconciler(client, cache, monitor, settings, events)
    cache.start()
    if events:
        events.start(tasks.spawn)
        tasks.start(_tell_departed(events, cache), "end of departed servers")
    for number in range(settings.workers):
        tasks.spawn(_work(queue, reconciler, causes), f"worker {number}")
    log.info("the controller runs with %d workers", settings.workers)
    watches = _watch(queue, cache, monitor, settings)
    if events:
        events.watch(watches)
    if health:
        health.ask(lambda: "" if cache.servers.synced.is_set() else "the servers have not been read yet")
    try:
        await tasks.wait(stop)
    finally:
        watches.close()
        queue.close()
        await tasks.close()
        with contextlib.suppress(asyncio.CancelledError):
            await monitor.close()
        if events:
            await events.close()


def _watch(queue: WorkQueue[Key], cache: ClusterCache, monitor: Monitor, settings: Settings) -> Watches:
    watches = Watches()
    watches.one(catalogue.RECONCILE_QUEUE, lambda: len(queue))
    watches.one(catalogue.RECONCILE_ACTIVE, lambda: queue.active)
    watch_servers(watches, cache.servers.all, monitor.facts, settings.tenant_series)
    return watches


async def _tell_departed(events: EventPath, cache: ClusterCache) -> None:
    await cache.servers.synced.wait()
    await events.delete_departed({_key(item) for item in cache.servers.all()})


def _key(item: dict[str, Any]) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


async def _work(queue: WorkQueue[Key], reconciler: Reconciler, causes: Causes) -> None:
    while True:
        key = await queue.get()
        started, result = time.perf_counter(), "error"
        try:
            with causes.reconcile(key):
                delay = await reconciler.timed(key)
            result = "success"
            queue.forget(key)
            if delay:
                queue.add_after(key, delay)
            else:
                queue.drop(key)
        except WaitError as wait:
            result = "waiting"
            queue.add_after(key, wait.delay_s)
        except ConflictError as error:
            result = "conflict"
            log.info("%s/%s changed meanwhile (%s), looking again", *key, error.message)
            queue.retry(key)
        except KubeError as error:
            log.warning("%s/%s: %s; again in %.1f s", *key, error, queue.retry(key))
        except Exception:
            log.exception("%s/%s: this pass failed; again in %.1f s", *key, queue.retry(key))
        finally:
            _DURATION.record(time.perf_counter() - started, result)
            queue.done(key)
