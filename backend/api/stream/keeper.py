"""What time does to open streams: heartbeats, expired tokens, rights that were taken away, clients that are stuck."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from backend.api.stream.client import Client, StillAllowed
from backend.api.stream.cohort import Cohort
from backend.api.stream.frames import place
from backend.api.stream.limits import Limits
from backend.api.stream.log import Log, control

log = logging.getLogger(__name__)

AT_ONCE = 32  # questions whether a stream is still allowed

EXPIRED = ("expired", "the token has expired: come again with a new one")
DENIED = ("forbidden", "this is not permitted any more")
CHANGED = ("changed", "what you may see has changed: come again")
UNKNOWN = ("unknown", "it cannot be told now whether this is still permitted: come again")


class Keeper:
    """`run` looks at all streams once a tick. `end` gets a client, a reason and a sentence."""

    def __init__(self, limits: Limits, log_: Log, end: Callable[[Client, tuple[str, str]], None]) -> None:
        self._limits = limits
        self._log = log_
        self._end = end
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, clients: set[Client], cohorts: Iterable[Cohort], flush: Callable[[Cohort], None]) -> None:
        """Never returns."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(self._limits.tick_s)
                now = loop.time()
                self._log.trim(now)
                for cohort in cohorts:
                    if self._look(cohort, now):
                        flush(cohort)
                for client in tuple(clients):
                    self._judge(client, now)
        finally:
            for task in self._asking:
                task.cancel()

    def _look(self, cohort: Cohort, now: float) -> bool:
        """Whether a heartbeat was added."""
        first = self._log.first_number
        for client in tuple(cohort.behind):
            client.forget(first)
        if cohort.pending or now - cohort.written < self._limits.heartbeat_s:
            return False
        position = self._log.head
        cohort.pending.append(control(position, place(position)))
        return True

    def _judge(self, client: Client, now: float) -> None:
        if client.paused and now - client.since > self._limits.stuck_s:
            client.transport.abort()
        elif client.expires is not None and now >= client.expires:
            self._end(client, EXPIRED)
        elif client.still_allowed and now - client.asked > self._limits.ask_s and len(self._asking) < AT_ONCE:
            client.asked = now
            task = asyncio.create_task(self._ask(client, client.still_allowed))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, client: Client, still_allowed: StillAllowed) -> None:
        """Without an answer it ends: rights may have been taken away."""
        try:
            async with asyncio.timeout(self._limits.answer_s):
                scope = await still_allowed()
        except Exception as error:
            log.warning("a stream ends, for nobody tells whether it is still allowed: %r", error)
            self._end(client, UNKNOWN)
            return
        if scope is None:
            self._end(client, DENIED)
        elif scope != client.scope:
            self._end(client, CHANGED)
