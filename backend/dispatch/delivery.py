"""Deliver one subscription for as long as its lease is ours: in order for each server, and again whatever fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.dispatch import figures, spans
from backend.dispatch.intake import Intake, gap, mark, tell_lost
from backend.dispatch.lanes import Lane, Lanes, Piece
from backend.dispatch.ledger import Ledger
from backend.dispatch.message import Message, binary, structured
from backend.dispatch.sender import Sender
from backend.dispatch.settings import Subscription
from backend.dispatch.verdict import Outcome, Verdict, backoff, given_up
from backend.dispatch.warrant import Warrant
from backend.events.errors import StoreUnavailable
from backend.events.push.letters import EVENT, DeadLetter
from backend.events.push.status import GONE, REFUSED
from backend.events.push.store import Lost, PushStore, now, stamp

log = logging.getLogger(__name__)

MEMORY = 16 << 20  # of events that wait
FINISH_S = 15.0  # at the end, for requests that are under way
WRITE_S = 3.0  # and then for noting what they came to
_RETRY_S = 1.0
_SOON_S = 0.2
_LAPSE_S = 3.0


class SinkGone(Exception):
    """The sink answered 410."""


class Delivery:
    """`run` ends some time after `stop` is set; raises SinkGone, LeaseLost and StoreError, in groups."""

    def __init__(
        self, subscription: Subscription, store: PushStore, sender: Sender, places: dict[str, str], warrant: Warrant
    ) -> None:
        self._subscription = subscription
        self._name = subscription.name
        self._sender = sender
        self._ledger = Ledger(store, subscription.dead_letters)
        self._lanes = Lanes(MEMORY)
        self._intake = Intake(subscription, store, self._ledger, self._lanes, places, self._enter, warrant)
        self._noted = set(places)
        self._work = asyncio.Event()
        self._open = asyncio.Event()  # the sink permits deliveries, and has not asked for a pause
        self._open_at = 0.0
        self._warrant = warrant
        self._allowed = asyncio.Event()  # by the warrant
        self._stopping = False
        self._well = True
        self._group = asyncio.TaskGroup()
        self._waiting: set[asyncio.Task[None]] = set()

    async def run(self, lost: Lost | None, stop: asyncio.Event) -> None:
        if lost:
            tell_lost(self._name, lost)
            self._ledger.bury(gap(lost, ""))
        async with self._group as group:
            ledger = group.create_task(self._ledger.run())
            others = [group.create_task(self._begin()), group.create_task(self._intake.run()),
                      group.create_task(self._tell_warrant())]  # fmt: skip
            workers = [group.create_task(self._deliver_all()) for _ in range(self._subscription.max_in_flight)]
            await stop.wait()
            self._stopping = True
            for event in (
                self._work,
                self._open,
                self._allowed,
                self._ledger.writable,
            ):  # nobody waits for them any more
                event.set()
            await asyncio.wait(workers, timeout=min(self._subscription.timeout.total_seconds(), FINISH_S))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WRITE_S):
                    await self._ledger.written()
            for task in (*others, *workers, *self._waiting, ledger):
                task.cancel()

    async def _begin(self) -> None:
        """The handshake, where it is wanted; the sink may take its time to permit deliveries."""
        tries = 0
        while self._subscription.handshake:
            verdict = await self._sender.handshake()
            if verdict.outcome is Outcome.DELIVERED:
                break
            if verdict.outcome is Outcome.GONE:
                await self._end(verdict)
            tries += 1
            self._failed(verdict)
            self._ledger.tell(phase=REFUSED, reason=verdict.reason)
            await asyncio.sleep(max(verdict.wait_s, backoff(tries, self._subscription.retry)))
        self._ledger.tell(phase="", reason="")
        self._open.set()

    async def _tell_warrant(self) -> None:
        """A lapse of a moment, as after each change of a subscription, is not told."""
        while True:
            told = ""
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAPSE_S):
                    await self._warrant.wait()
            while reason := self._warrant.reason:
                if reason != told:
                    log.warning("%s: nothing is delivered: %s", self._name, reason)
                    self._ledger.tell(waits=reason)
                    told = reason
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LAPSE_S):
                        await self._warrant.wait()
            self._allowed.set()
            self._ledger.tell(waits="")
            await self._warrant.lapsed()
            self._allowed.clear()

    # --- lanes -------------------------------------------------------------------------------------------------------

    def _enter(self, lane: Lane, wait_s: float) -> None:
        if wait_s:
            self._hold(lane, wait_s)
        else:
            self._give_back(lane)

    def _give_back(self, lane: Lane) -> None:
        self._lanes.give_back(lane)
        self._work.set()

    def _hold(self, lane: Lane, wait_s: float) -> None:
        async def later() -> None:
            await asyncio.sleep(wait_s)
            self._give_back(lane)

        self._lanes.hold(lane)
        task = self._group.create_task(later())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _pause(self, wait_s: float) -> None:
        """For all servers."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_s
        if until <= self._open_at:
            return
        self._open_at = until
        self._open.clear()
        loop.call_at(until, self._resume)

    def _resume(self) -> None:
        if asyncio.get_running_loop().time() >= self._open_at:
            self._open.set()

    # --- one event after the other -----------------------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        while not self._stopping:
            lane = self._lanes.take()
            if lane is None:
                self._work.clear()
                await self._work.wait()
                continue
            await self._open.wait()
            await self._ledger.writable.wait()
            await self._allowed.wait()
            if not self._stopping:
                await self._deliver_next(lane)

    async def _deliver_next(self, lane: Lane) -> None:
        try:
            there = lane.head.events is not None or await self._intake.fetch(lane)
        except StoreUnavailable:
            self._hold(lane, _RETRY_S)
            return
        if not there:
            self._give_back(lane)
            return
        if not lane.head.events:  # all of them filtered out
            self._advance(lane, lane.head, 0)
            return
        index, text = lane.head.events[0]
        try:
            event = json.loads(text)
            message = self._message(text, event)
        except (ValueError, TypeError, AttributeError):
            if self._warrant.shows_all_of(lane.server):
                self._bury(lane, text, Verdict(Outcome.DEAD, "this is no CloudEvent in JSON"))
            self._advance(lane, lane.head, index)
            return
        await self._sender.pace()
        if self._warrant.reason:  # nothing is awaited from here until the request begins
            self._hold(lane, _SOON_S)
            return
        if not self._warrant.shows(lane.server, event):
            self._advance(lane, lane.head, index)
            return
        began = time.perf_counter()
        with spans.attempt(self._subscription, lane.server, event, lane.attempts) as made:
            verdict = await self._sender.deliver(message.within(made.ref))
            spans.conclude(made, verdict)
        figures.tried(self._name, verdict, time.perf_counter() - began, lane.head.id)
        await self._settle(lane, index, text, str(event.get("id", "")), verdict)

    def _message(self, text: bytes, event: dict[str, Any]) -> Message:
        return binary(event) if self._subscription.mode == "binary" else structured(text, event)

    async def _settle(self, lane: Lane, index: int, text: bytes, event_id: str, verdict: Verdict) -> None:
        if verdict.outcome is Outcome.DELIVERED:
            if not self._well:
                self._well = True
                log.info("%s: the sink takes events", self._name)
            self._ledger.count("delivered")
            self._ledger.tell(success_at=now(), success_id=event_id)
            self._advance(lane, lane.head, index)
            return
        self._failed(verdict)
        if verdict.outcome is Outcome.GONE:
            await self._end(verdict)
        time = datetime.now(UTC)
        lane.attempts += 1
        lane.first = lane.first or time
        reason = "" if verdict.outcome is Outcome.DEAD else given_up(
            lane.attempts, lane.first, time, self._subscription.retry
        )  # fmt: skip
        if verdict.everyone:
            self._pause(verdict.wait_s)
        if verdict.outcome is Outcome.DEAD or reason:
            self._bury(
                lane, text, Verdict(Outcome.DEAD, f"{reason}, then {verdict.reason}" if reason else verdict.reason)
            )
            self._advance(lane, lane.head, index)
            return
        wait_s = max(backoff(lane.attempts, self._subscription.retry), verdict.wait_s)
        self._note(lane, lane.head, index, attempts=lane.attempts, since=stamp(lane.first), error=verdict.reason,
                   next=stamp(time + timedelta(seconds=wait_s)))  # fmt: skip
        self._hold(lane, wait_s)

    def _advance(self, lane: Lane, piece: Piece, index: int) -> None:
        if self._lanes.next_event(lane):
            self._ledger.done(piece.id, piece.again)
            if lane.server in self._noted:
                self._noted.discard(lane.server)
                self._ledger.lane(lane.server, None)
            self._intake.room.set()
        else:
            self._note(lane, piece, index + 1)
        self._give_back(lane)

    def _note(self, lane: Lane, piece: Piece, done: int, **failure: Any) -> None:
        """So that whoever goes on after us begins there."""
        self._noted.add(lane.server)
        self._ledger.lane(lane.server, {"batch": mark(piece.id, piece.again), "done": done} | failure)

    def _bury(self, lane: Lane, text: bytes, verdict: Verdict) -> None:
        first = stamp(lane.first) if lane.first else ""
        self._ledger.bury(
            DeadLetter(
                EVENT, verdict.reason, now(), server=lane.server, event=text, attempts=lane.attempts, first=first
            )
        )

    def _failed(self, verdict: Verdict) -> None:
        """The first failure after a success is logged, all are counted."""
        if self._well:
            log.warning("%s: %s", self._name, verdict.reason)
        self._well = False
        self._ledger.count("failures")
        self._ledger.tell(error=verdict.reason, error_at=now())

    async def _end(self, verdict: Verdict) -> None:
        self._ledger.tell(phase=GONE, reason=verdict.reason)
        await self._ledger.written()
        raise SinkGone
