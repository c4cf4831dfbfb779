"""Keeps the log of one server's Kopia container followed: over broken streams, restarts, and one pod after another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from backend.controller.log_batch import LogPod, LogSink
from backend.controller.log_read import ElsewhereError, LogReader
from backend.controller.log_source import Hints
from backend.kopia.backoff import Backoff
from backend.kube.client import KubeClient
from backend.kube.errors import KubeError

log = logging.getLogger(__name__)

RETRY_S = (0.3, 30.0)
GRACE_S = 5.0  # a stream whose container is gone ends by itself within this


class LogFollower:
    """`aim` says which pod to read; `reopen` that the sink goes on at another place."""

    def __init__(self, name: str, client: KubeClient, sink: LogSink, hints: Hints) -> None:
        self._name = name
        self._reader = LogReader(client, sink, hints)
        self._aimed = False
        self._pod: LogPod | None = None
        self._changed = asyncio.Event()
        self._again = asyncio.Event()

    def aim(self, pod: LogPod | None) -> None:
        if not self._aimed or pod != self._pod:
            self._aimed, self._pod = True, pod
            self._changed.set()

    def reopen(self) -> None:
        self._again.set()

    async def run(self) -> None:
        """Never returns; whatever breaks is tried again, less and less often."""
        backoff = Backoff(*RETRY_S)
        clock = asyncio.get_running_loop().time
        while True:
            self._changed.clear()
            self._again.clear()
            pod = self._pod
            if not self._aimed or (pod is None and not self._reader.unfinished):
                await self._signal(None)
                continue
            started = clock()
            try:
                await self._until_signal(self._reader.read(pod))
            except ElsewhereError:
                self._again.set()
            except KubeError as error:
                log.log(
                    logging.INFO if clock() - started < RETRY_S[1] else logging.DEBUG,
                    "%s: the log is read again from where it broke off: %s", self._name, error,
                )  # fmt: skip
            if clock() - started > RETRY_S[1] or self._pod != pod:
                backoff.reset()
            await self._signal(backoff.next())

    async def _until_signal(self, work: Coroutine[Any, Any, None]) -> None:
        """Until it ends; cut off at once for another place, and after some grace for another pod."""
        task = asyncio.create_task(work)
        try:
            await self._signal(None, task)
            if not self._again.is_set() and not task.done():
                await asyncio.wait({task}, timeout=GRACE_S)
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})  # not `await task`: its cancellation is none of ours, and ours is none of its
            if not task.cancelled():
                task.exception()  # known above, or it broke when it was cut off

    async def _signal(self, timeout_s: float | None, *others: asyncio.Task[None]) -> None:
        waits = [asyncio.create_task(one.wait()) for one in (self._changed, self._again)]
        try:
            await asyncio.wait([*waits, *others], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
