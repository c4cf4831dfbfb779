"""Reads a container's log from a place on, to its end: each line once and in order; what is gone becomes a gap.

A place in a log is a line, not a number (see `log_place`). It is searched for in what kubelet gives, also in the run
before: how kubelet and the pod's status count runs may differ for a moment.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from backend.controller.log_batch import LogBatch, LogPod, LogSink
from backend.controller.log_place import OVERLAP, After, Gap, LogCursor, Resume, advance, moment, remember, stamp
from backend.controller.log_source import Hints, LogSource
from backend.kube.client import KubeClient
from backend.kube.errors import NotFoundError

SEARCH_S = 5.0  # a stream that does not come to our place within this was rotated meanwhile
START_NS = 30 * 10**9  # Kopia's first line comes within this after its start, unless its log was rotated
ROTATED = "the log was rotated before it was read"
RESTARTED = "the container was restarted more often than its logs are kept"
DELETED = "the pod was deleted before its log was read to the end"


class ElsewhereError(Exception):
    """The sink goes on at another place, or the stream does not hold ours: begin again."""


class LogReader:
    """One server's. `hints` gets every line as it comes, also while the sink keeps none; some more than once."""

    def __init__(self, client: KubeClient, sink: LogSink, hints: Hints) -> None:
        self._source = LogSource(client, hints)
        self._sink = sink
        self._place: LogCursor | None = None
        self._before = b""
        self._fresh = True  # nothing was handed on since the reading began
        self._gap: Gap | None = None
        self._pod: LogPod | None = None  # whose log was followed last
        self._clean = False  # and came to its end

    @property
    def unfinished(self) -> bool:
        """The sink has the beginning of a log, and not its end."""
        place = self._sink.place() if self._sink.ready else None
        return place is not None and not place.over

    async def read(self, pod: LogPod | None) -> None:
        """All there is, then what comes, until the log or the connection ends. Raises KubeError, ElsewhereError."""
        if not self._sink.ready:
            if pod is not None and not pod.ended:
                await self._only_hint(pod)
            return
        place = self._place = self._sink.place()
        self._before, self._fresh, self._gap = b"", True, None
        if place is not None and (pod is None or place.pod_uid != pod.uid):
            await self._leave(place)
        if pod is None:
            return
        if place is not None and place.pod_uid == pod.uid and place.at:
            pod = await self._go_on(pod, place)
        else:
            pod = await self._begin(pod)
        if pod.ended:
            await self._end(pod)
        else:
            await self._follow(pod)

    # --- where to begin ----------------------------------------------------------------------------------------------

    async def _begin(self, pod: LogPod) -> LogPod:
        """Everything that kubelet holds of a pod that is new to us; the pod with the run that is followed then."""
        self._gap = _missing_since(pod)
        previous = False
        async for chunk in self._source.held(pod, previous=True):
            previous = True
            await self._emit(pod, max(0, pod.restarts - 1), self._checked(chunk))
        if previous:
            if await self._continue(pod):  # between two runs kubelet gives the same log for both
                return _in_run(pod, max(0, pod.restarts - 1))
            pod = _in_run(pod, max(1, pod.restarts))
            await self._end(pod)
        await self._whole(pod)
        return pod

    def _checked(self, chunk: bytes) -> bytes:
        """The first line settles whether its run is there from the beginning."""
        gap = self._gap
        if gap is not None and gap.reason == ROTATED:
            began, first = moment(gap.from_time), moment(stamp(chunk).decode("latin-1"))
            if began is None or first is None or first < began + START_NS:
                self._gap = None
        return chunk

    async def _go_on(self, pod: LogPod, place: LogCursor) -> LogPod:
        """After the last line that was taken; the pod with the run that is followed then."""
        if await self._continue(pod):
            return _in_run(pod, place.restarts)
        if await self._continue(pod, previous=True):
            pod = _in_run(pod, max(pod.restarts, place.restarts + 1))
            await self._end(pod)
            await self._whole(pod)
            return pod
        runs = pod.restarts - place.restarts
        if not (place.over and runs in (1, 2)):  # kubelet holds the run before the one that goes on
            self._gap = Gap(place.at, "", RESTARTED if runs > 1 or place.over else ROTATED)
        if runs <= 0:
            pod = _in_run(pod, place.restarts)
            await self._later(pod, place, previous=False)
            return pod
        await self._later(pod, place, previous=True)
        if self._gap:  # nothing is held of the run before: what the next one writes first ends the gap, and our run
            self._gap = replace(self._gap, reason=RESTARTED)
        else:
            await self._end(pod)
        await self._whole(pod)
        return pod

    async def _leave(self, place: LogCursor) -> None:
        """The log of a pod that is no longer the server's: its rest if that can be had, then its end."""
        pod = self._pod
        if pod is None or pod.uid != place.pod_uid:
            pod = LogPod("", "", place.pod_uid, place.restarts, ended=True)
        elif not self._clean and not place.over:
            try:
                self._clean = await self._continue(pod)
            except NotFoundError:
                self._clean = False
        if not place.over and not (self._clean and pod is self._pod):
            self._gap = Gap(place.at, "", DELETED)
        await self._end(pod)
        self._before, self._gap = b"", None

    # --- ways of reading ---------------------------------------------------------------------------------------------

    async def _whole(self, pod: LogPod) -> None:
        """A run from its beginning, or from where it was rotated; an empty log was not."""
        gap = self._gap
        self._gap = gap or (Gap(pod.began, "", ROTATED) if pod.began else None)
        async for chunk in self._source.held(pod):
            await self._emit(pod, pod.restarts, self._checked(chunk))
            gap = None
        self._gap = gap if gap and gap.reason != ROTATED else None

    async def _continue(self, pod: LogPod, *, previous: bool = False) -> bool:
        """What follows our line, if it is in this log; its number may be less where lines before it were rotated."""
        place = self._place
        if place is None or not place.at:
            return False
        for any_number in (False, True):
            resume = Resume(place, any_number=any_number)
            async for chunk in self._source.held(pod, previous=previous, since=place.since):
                found = resume.found
                new = resume.feed(chunk)
                if resume.found and not found:
                    self._before = resume.before
                if new:
                    await self._emit(pod, place.restarts, new)
            if resume.found or not resume.shifted:
                return resume.found
        return False

    async def _later(self, pod: LogPod, place: LogCursor, *, previous: bool) -> None:
        """Our line is gone: what was written after it."""
        after = After(place)
        async for chunk in self._source.held(pod, previous=previous, since=place.since):
            if new := after.feed(chunk):
                await self._emit(pod, pod.restarts - previous, new)

    async def _follow(self, pod: LogPod) -> None:
        """What comes, until the stream ends."""
        self._pod, self._clean = pod, False
        place = self._place
        same = place is not None and place.at and place.pod_uid == pod.uid and not place.over
        start: Resume | After | None = None
        if same and place is not None:
            start = After(place) if self._gap else Resume(place)
        since = place.since if same and place is not None else None
        limit_s = SEARCH_S if isinstance(start, Resume) else None
        try:
            async with asyncio.timeout(limit_s) as limit, self._source.stream(pod, since=since) as chunks:
                async for chunk in chunks:
                    new = start.feed(chunk) if start is not None else chunk
                    if start is not None and start.found:
                        self._before = start.before or self._before
                        limit.reschedule(None)
                        start = None
                    if new:
                        await self._emit(pod, pod.restarts, new)
        except TimeoutError as error:
            raise ElsewhereError from error
        self._clean = True

    async def _only_hint(self, pod: LogPod) -> None:
        async with self._source.stream(pod, since=datetime.now(UTC) - OVERLAP) as chunks:
            async for _ in chunks:
                continue

    # --- handing on --------------------------------------------------------------------------------------------------

    async def _emit(self, pod: LogPod, restarts: int, lines: bytes) -> None:
        known = self._place
        here = known
        if here is None or (here.pod_uid, here.restarts) != (pod.uid, restarts) or here.over:
            here, self._before = LogCursor(pod.uid, restarts), b""
        gap, self._gap = self._gap, None
        end = advance(here, lines, self._before)
        before = self._before if self._fresh else b""
        batch = LogBatch(pod.name, lines, known, end, gap, before)
        self._before = remember(self._before, lines)
        await self._hand(replace(batch, gap=replace(gap, to_time=batch.at)) if gap else batch)

    async def _end(self, pod: LogPod) -> None:
        """The run that was read is over, once."""
        known = self._place
        if known is None or known.over:
            return
        gap, self._gap = self._gap, None
        await self._hand(LogBatch(pod.name, b"", known, replace(known, over=True), gap, ended=True))

    async def _hand(self, batch: LogBatch) -> None:
        if not await self._sink.take(batch):
            raise ElsewhereError
        self._place, self._fresh = batch.end, False


def _in_run(pod: LogPod, restarts: int) -> LogPod:
    """The pod, where its log tells that this run goes on now: the pod's status may be late."""
    known = pod.restarts == restarts
    return replace(
        pod, restarts=restarts, ended=pod.ended and pod.restarts >= restarts, began=pod.began if known else ""
    )


def _missing_since(pod: LogPod) -> Gap | None:
    """What is certainly gone of a pod that we see for the first time; of a rotated log, its first line tells."""
    if pod.restarts > 1:
        return Gap(pod.since, "", RESTARTED)
    return Gap(pod.since, "", ROTATED) if pod.since else None
