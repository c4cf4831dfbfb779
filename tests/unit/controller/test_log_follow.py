"""A log is followed on and on: over broken streams, restarts, other pods, and a sink that goes on elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from backend.controller import log_follow
from backend.controller.log_batch import LogBatch, LogPod
from backend.controller.log_follow import LogFollower
from tests.unit.controller.kubelet import RESET, Kubelet
from tests.unit.controller.test_log_read import Sink, as_read, line

PATIENCE_S = 20.0


class WakingSink(Sink):
    """Says when it was given something."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    async def take(self, batch: LogBatch) -> bool:
        taken = await super().take(batch)
        self.news.set()
        return taken

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                self.news.clear()
                await self.news.wait()


class Following:
    def __init__(self, kubelet: Kubelet) -> None:
        self.kubelet, self.sink = kubelet, WakingSink()
        self.hinted: list[bytes] = []
        self.follower = LogFollower("vms", kubelet.client, self.sink, self._hint)

    def _hint(self, lines: bytes) -> None:
        self.hinted.append(lines)
        self.sink.news.set()

    def aim(self) -> None:
        self.follower.aim(self.kubelet.status())

    async def wrote(self, *lines: bytes) -> None:
        self.kubelet.write(*lines)
        await self.kubelet.tell()

    async def has_all(self) -> None:
        wanted = [one for run in self.kubelet.runs for one in as_read(run)]
        await self.sink.until(lambda: self.sink.lines()[-len(wanted) :] == wanted)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_follow, "RETRY_S", (0.01, 0.05))
    monkeypatch.setattr(log_follow, "GRACE_S", 0.2)


@pytest.fixture
async def following() -> AsyncIterator[Following]:
    async with Kubelet() as kubelet:
        kubelet.holds = True
        made = Following(kubelet)
        task = asyncio.create_task(made.follower.run())
        try:
            yield made
        finally:
            assert not task.done()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_lines_come_as_they_are_written(following: Following) -> None:
    following.kubelet.write(line(0))
    following.aim()
    for number in range(1, 20):
        await following.has_all()
        await following.wrote(line(number))
    await following.has_all()
    assert len(following.sink.lines()) == 20
    assert following.kubelet.requests < 10  # one stream, not a request for each line


async def test_refused_and_broken_answers_are_asked_for_again(following: Following) -> None:
    following.kubelet.write(*map(line, range(20)))
    following.kubelet.faults = [429, 500, RESET, 503, 0, RESET]
    following.kubelet.cut = [0, 10, 700, 0]
    following.aim()
    await following.has_all()
    await following.wrote(line(20))
    await following.has_all()
    assert following.sink.lines() == as_read(following.kubelet.runs[0])


async def test_a_restarted_container_goes_on(following: Following) -> None:
    kubelet = following.kubelet
    kubelet.write(line(0))
    following.aim()
    await following.has_all()
    for number in range(1, 4):
        kubelet.write(line(number))
        kubelet.restart()
        kubelet.write(line(100 + number))
        await kubelet.tell()
        following.aim()
        await following.has_all()
        await following.sink.until(lambda number=number: len(following.sink.ends()) == number)  # type: ignore[misc]
    assert following.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
    assert not following.sink.gaps()


async def test_a_pod_that_goes_and_another_that_comes(following: Following) -> None:
    kubelet = following.kubelet
    kubelet.write(line(0))
    following.aim()
    await following.has_all()
    await kubelet.followed()
    old = as_read(kubelet.runs[0])
    kubelet.end()
    await kubelet.tell()
    kubelet.there = False
    following.follower.aim(None)
    await following.sink.until(lambda: following.sink.ends() == [("uid-1", 0)])
    kubelet.there = True
    kubelet.replace("uid-2")
    kubelet.write(line(1))
    following.aim()
    await following.has_all()
    assert following.sink.lines() == [*old, *as_read(kubelet.runs[0])]
    assert not following.sink.gaps()


async def test_the_first_line_of_an_empty_log_is_no_gap(following: Following) -> None:
    """However late it comes: who follows from the beginning has missed nothing."""
    following.aim()
    await following.kubelet.followed()
    following.kubelet.clock += 100 * 10**9
    await following.wrote(line(0))
    await following.has_all()
    assert not following.sink.gaps()


async def test_a_sink_that_goes_on_elsewhere_is_given_what_follows_there(following: Following) -> None:
    """As after a commit that was lost: the last batches were taken, and are not there any more."""
    kubelet, sink = following.kubelet, following.sink
    kubelet.write(*map(line, range(5)))
    following.aim()
    await following.has_all()
    await following.wrote(line(5))
    await following.has_all()
    del sink.batches[-1]
    following.follower.reopen()
    await following.has_all()
    assert sink.lines() == as_read(kubelet.runs[0])
    sink.refusals = 3
    await following.wrote(line(6))
    await following.has_all()
    assert sink.lines() == as_read(kubelet.runs[0])


async def test_while_nothing_can_be_kept_there_are_hints(following: Following) -> None:
    kubelet, sink = following.kubelet, following.sink
    sink.ready = False
    kubelet.clock += 10**18  # a log of now
    kubelet.write(line(0))
    following.aim()
    await sink.until(lambda: any(b"line 0" in one for one in following.hinted))
    sink.ready = True
    following.follower.reopen()
    await following.has_all()
    assert sink.lines() == as_read(kubelet.runs[0])


async def test_nothing_is_asked_for_before_there_is_a_pod(following: Following) -> None:
    following.follower.aim(None)
    following.follower.reopen()
    following.kubelet.write(line(0))
    following.aim()
    await following.has_all()
    assert following.kubelet.requests <= 3  # the run before, what there is, what comes


class SlowToEnd:
    """A reading that takes its time when it is cut off."""

    unfinished = True

    def __init__(self) -> None:
        self.begun, self.cut_off, self.let_go = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def read(self, _pod: LogPod | None) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.cut_off.set()
            await self.let_go.wait()


async def test_an_end_while_a_reading_is_cut_off_is_an_end() -> None:
    async with Kubelet() as kubelet:
        follower, slow = LogFollower("vms", kubelet.client, Sink(), lambda _: None), SlowToEnd()
        follower._reader = slow  # type: ignore[assignment]
        follower.aim(None)
        task = asyncio.create_task(follower.run())
        await slow.begun.wait()
        follower.reopen()
        await slow.cut_off.wait()
        task.cancel()
        slow.let_go.set()
        await asyncio.wait({task}, timeout=PATIENCE_S)
        assert task.cancelled()
