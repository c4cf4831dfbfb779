"""A log is read from any place on, over whatever breaks: every line once, in order; what is gone becomes a gap."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from backend.controller import log_read
from backend.controller.log_batch import LogBatch, LogPod
from backend.controller.log_place import LogCursor
from backend.controller.log_read import ElsewhereError, LogReader
from backend.kube.client import LONG_LOG_LINE, SHORTENED, SHORTENED_TO
from backend.kube.errors import KubeError, NotFoundError
from tests.unit.controller.kubelet import MADE, NAMESPACE, POD, RESET, Kubelet, Run, stamp


class Sink:
    """Keeps what it is given. `ready` as a store that may be away; `refusals`: that many next batches are not taken."""

    def __init__(self) -> None:
        self.ready = True
        self.refusals = 0
        self.batches: list[LogBatch] = []

    def place(self) -> LogCursor | None:
        return self.batches[-1].end if self.batches else None

    async def take(self, batch: LogBatch) -> bool:
        if self.refusals:
            self.refusals -= 1
            return False
        if batch.after != self.place():
            return False
        self.batches.append(batch)
        return True

    def lines(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.lines.split(b"\n")[:-1]]

    def gaps(self) -> list[tuple[str, str, str]]:
        return [(one.gap.from_time, one.gap.to_time, one.gap.reason) for one in self.batches if one.gap]

    def ends(self) -> list[tuple[str, int]]:
        return [(one.end.pod_uid, one.end.restarts) for one in self.batches if one.ended]


class Reading:
    """A controller that reads until it has all; `again` is what a new one does, with what was kept."""

    def __init__(self, kubelet: Kubelet) -> None:
        self.kubelet = kubelet
        self.sink = Sink()
        self.hinted: list[bytes] = []
        self.again()

    def again(self) -> None:
        self.reader = LogReader(self.kubelet.client, self.sink, self.hinted.append)

    async def once(self, pod: LogPod | None) -> None:
        await self.reader.read(pod)

    async def all(self, pod: LogPod | None = None) -> None:
        """Tries again as the follower does, without its waiting."""
        for _ in range(100):
            try:
                await self.reader.read(pod or self.kubelet.status())
                return
            except (KubeError, ElsewhereError):
                continue
        raise AssertionError("it never came to an end")


def as_read(run: Run) -> list[bytes]:
    return [b"%b %b" % (stamp(at).encode(), line) for at, line in run.lines]


def line(number: int) -> bytes:
    return b'{"l":"INFO","n":"kopia/server","m":"line %d"}' % number


async def test_a_log_is_read_whole_and_then_what_is_new() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(*map(line, range(10)))
        await reading.all()
        kubelet.write(*map(line, range(10, 15)))
        await reading.all()
        await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])
        assert not reading.sink.gaps()
        assert {*b"".join(reading.hinted).split(b"\n")} == {*as_read(kubelet.runs[0]), b""}


async def test_an_empty_log_is_no_place() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        await reading.all()
        assert not reading.sink.batches
        kubelet.write(line(1))
        await reading.all()
        assert len(reading.sink.lines()) == 1


@pytest.mark.parametrize("seed", range(25))
async def test_every_line_comes_once_whatever_breaks(seed: int) -> None:
    """Lines, also many of one moment and some that go back; restarts of the container that the pod's status tells
    late; answers that are refused, reset and cut; a store that is away or written by another; new controllers.
    """
    chance = random.Random(seed)
    async with Kubelet(seed) as kubelet:
        reading, number = Reading(kubelet), 0
        kubelet.write(line(0))  # no run of Kopia is empty
        seen: LogPod | None = None
        since_read = 0  # restarts that nobody has read yet: kubelet keeps one run before the last
        for _ in range(30):
            for _ in range(chance.randrange(6)):
                step = chance.choice((0, 0, 1, 1_000, 10**6, 2 * 10**8, 10**9, 20 * 10**9))
                same = chance.random() < 0.3
                kubelet.write(*(line(0 if same else number) for _ in range(chance.choice((1, 1, 3)))), step=step)
                if chance.random() < 0.1:
                    kubelet.clock = max(kubelet.runs[-1].began, kubelet.latest - 10**9)
                number += 1
            if chance.random() < 0.2 and not since_read:
                kubelet.restart()
                kubelet.write(line(number))
                since_read = 1
            kubelet.faults = chance.choices((0, 0, 0, 429, 500, 503, RESET), k=chance.randrange(4))
            kubelet.cut = [chance.randrange(3000) for _ in range(chance.randrange(3))]
            reading.sink.refusals = chance.choice((0, 0, 0, 1))
            reading.sink.ready = chance.random() < 0.8
            if chance.random() < 0.2:
                reading.again()
            late = seen is not None and chance.random() < 0.3
            if reading.sink.ready:
                await reading.all(seen if late else kubelet.status())
                since_read = since_read if late else 0
            elif chance.random() < 0.5:
                await reading.all()  # hints only
            seen = kubelet.status() if not late else seen
        kubelet.faults, kubelet.cut, reading.sink.ready, reading.sink.refusals = [], [], True, 0
        await reading.all()
        await reading.all()
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
        assert not reading.sink.gaps()
        full = [(kubelet.uid, number) for number, run in enumerate(kubelet.runs[:-1]) if run.lines]
        assert [one for one in reading.sink.ends() if one in full] == full
        assert not [one for one, times in Counter(reading.sink.ends()).items() if times > 1]


async def test_hints_come_also_while_nothing_is_kept() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.clock = MADE + 10**18  # a log of now: only what is new is a hint
        kubelet.write(line(1))
        reading.sink.ready = False
        await reading.all()
        assert b"line 1" in b"".join(reading.hinted)
        reading.sink.ready = True
        await reading.all()
        kubelet.write(line(2))
        await reading.all()
        assert b"line 2" in b"".join(reading.hinted)
        assert len(reading.sink.lines()) == 2


async def test_equal_lines_of_one_moment_are_told_apart_by_their_number() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        for _ in range(5):
            kubelet.write(line(1), line(1), line(2), step=0)
            reading.again()
            await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])
        assert [one.end.nth for one in reading.sink.batches] == [3, 6, 9, 12, 15]


async def test_lines_of_one_moment_in_two_runs_are_counted_by_run() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1), line(1), step=0)
        await reading.all()
        kubelet.restart()
        kubelet.clock = kubelet.runs[0].lines[-1][0]
        for _ in range(3):
            kubelet.write(line(3), line(4), line(3), step=0)
            await reading.all()
            reading.again()
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
        assert [one.end.nth for one in reading.sink.batches if one.lines] == [2, 3, 6, 9]


async def test_of_two_restarts_the_first_run_is_read_to_its_end() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        kubelet.write(line(2))
        kubelet.restart()
        kubelet.write(line(3))
        await reading.all()
        kubelet.write(line(4))
        kubelet.restart()
        kubelet.write(line(5))
        await reading.all()
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
        assert reading.sink.ends() == [("uid-1", 0), ("uid-1", 1)]
        assert [one.end.restarts for one in reading.sink.batches if one.lines] == [0, 0, 1, 1, 2]
        assert not reading.sink.gaps()


async def test_a_status_that_is_late_does_not_number_runs_anew() -> None:
    """The stream ends, and the next run writes, before the API knows that the container was restarted."""
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        before = kubelet.status()
        await reading.all(before)
        kubelet.restart()
        kubelet.write(line(2))
        await reading.all(before)
        kubelet.write(line(3))
        await reading.all(before)
        await reading.all()
        kubelet.write(line(4))
        await reading.all()
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
        assert [one.end.restarts for one in reading.sink.batches if one.lines] == [0, 1, 1, 1]
        assert reading.sink.ends() == [("uid-1", 0)]


async def test_a_container_that_ended_and_does_not_start_again() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        kubelet.write(line(2))
        kubelet.end()
        for _ in range(3):
            await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])
        assert reading.sink.ends() == [("uid-1", 0)]
        assert not reading.reader.unfinished
        kubelet.restart()
        kubelet.write(line(3))
        await reading.all()
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run)]
        assert reading.sink.ends() == [("uid-1", 0)]
        assert not reading.sink.gaps()


# --- what is gone ----------------------------------------------------------------------------------------------------


async def test_lines_rotated_away_while_nobody_read_are_a_gap() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(*map(line, range(5)))
        await reading.all()
        last = stamp(kubelet.runs[0].lines[-1][0])
        kubelet.write(*map(line, range(5, 20)), step=10**9)
        kubelet.runs[0].lost = 10
        reading.again()
        await reading.all()
        first = stamp(kubelet.runs[0].lines[10][0])
        assert reading.sink.gaps() == [(last, first, log_read.ROTATED)]
        assert reading.sink.lines() == [*as_read(kubelet.runs[0])[:5], *as_read(kubelet.runs[0])[10:]]
        kubelet.write(line(20))
        await reading.all()
        assert len(reading.sink.gaps()) == 1
        assert reading.sink.lines()[-1] == as_read(kubelet.runs[0])[-1]


async def test_rotation_up_to_our_line_is_no_gap() -> None:
    """Also where lines of the same moment before ours are gone, so that its number is another."""
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(*map(line, range(5)), step=0)
        await reading.all()
        kubelet.write(*map(line, range(5, 9)), step=0)
        kubelet.runs[0].lost = 4
        reading.again()
        await reading.all()
        assert not reading.sink.gaps()
        assert reading.sink.lines() == as_read(kubelet.runs[0])


async def test_a_pod_that_is_new_to_us_and_whose_log_was_rotated() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(*map(line, range(5)), step=20 * 10**9)
        kubelet.runs[0].lost = 3
        await reading.all()
        assert reading.sink.gaps() == [(stamp(MADE), stamp(kubelet.runs[0].lines[3][0]), log_read.ROTATED)]
        assert reading.sink.lines() == as_read(kubelet.runs[0])[3:]


@pytest.mark.parametrize("restarts", [1, 3])
async def test_a_run_that_was_rotated_before_anybody_read_its_beginning(restarts: int) -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        for number in range(restarts):
            kubelet.write(line(number))
            await reading.all()
            kubelet.restart()
        kubelet.write(*map(line, range(5)), step=20 * 10**9)
        run = kubelet.runs[-1]
        run.lost = 3
        await reading.all()
        assert reading.sink.gaps() == [(stamp(run.began), stamp(run.lines[3][0]), log_read.ROTATED)]
        assert reading.sink.lines()[restarts:] == as_read(run)[3:]


async def test_runs_that_nobody_read_are_a_gap() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        last = stamp(kubelet.runs[0].lines[-1][0])
        for number in range(2, 5):
            kubelet.restart()
            kubelet.write(line(number))
        await reading.all()
        assert reading.sink.gaps() == [(last, stamp(kubelet.runs[2].lines[0][0]), log_read.RESTARTED)]
        assert reading.sink.lines() == [one for run in (0, 2, 3) for one in as_read(kubelet.runs[run])]
        assert reading.sink.ends() == [("uid-1", 2)]


@pytest.mark.parametrize("written", ["before it is read", "after it was read"])
async def test_a_run_before_of_which_nothing_is_held_is_a_gap_up_to_the_first_line_of_the_next(written: str) -> None:
    """Of two restarts close to each other, the pod's status may still tell of one."""
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        last = stamp(kubelet.runs[0].lines[-1][0])
        kubelet.write(line(2))
        kubelet.runs[0].lost = 2
        kubelet.restart()
        if written == "after it was read":
            await reading.all()
            assert not reading.sink.gaps()
        kubelet.write(line(3))
        await reading.all()
        await reading.all()
        assert reading.sink.gaps() == [(last, stamp(kubelet.runs[1].lines[0][0]), log_read.RESTARTED)]
        assert reading.sink.lines() == [one for run in kubelet.runs for one in as_read(run) if b"line 2" not in one]


async def test_a_pod_that_is_new_to_us_and_was_restarted_often() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        for number in range(3):
            kubelet.write(line(number))
            kubelet.restart()
        kubelet.write(line(4))
        await reading.all()
        assert reading.sink.gaps() == [(stamp(MADE), stamp(kubelet.runs[2].lines[0][0]), log_read.RESTARTED)]
        assert reading.sink.lines() == [one for run in kubelet.runs[2:] for one in as_read(run)]


async def test_a_deleted_pod_ends_with_a_gap_unless_its_stream_came_to_its_end() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        last = stamp(kubelet.runs[0].lines[-1][0])
        reading.again()
        kubelet.there = False
        await reading.once(None)
        assert reading.sink.gaps() == [(last, "", log_read.DELETED)]
        assert reading.sink.ends() == [("uid-1", 0)]
        assert not reading.reader.unfinished
        kubelet.there = True
        kubelet.replace("uid-2")
        kubelet.write(line(2))
        await reading.all()
        kubelet.write(line(3))
        kubelet.end()
        await reading.all()
        kubelet.there = False
        await reading.once(None)
        assert reading.sink.ends() == [("uid-1", 0), ("uid-2", 0)]
        assert len(reading.sink.gaps()) == 1


async def test_another_pod_takes_over() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        await reading.all()
        old = as_read(kubelet.runs[0])
        kubelet.replace("uid-2")
        kubelet.write(line(2))
        await reading.all()
        assert reading.sink.lines() == [*old, *as_read(kubelet.runs[0])]
        assert reading.sink.ends() == [("uid-1", 0)]


async def test_a_pod_that_is_gone_before_it_is_read_is_told_to_the_follower() -> None:
    async with Kubelet() as kubelet:
        kubelet.there = False
        with pytest.raises(NotFoundError):
            await Reading(kubelet).once(LogPod(NAMESPACE, POD, "uid-1", 0, ended=False))


# --- lines of all kinds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [LONG_LOG_LINE, LONG_LOG_LINE + 1, 2 << 20])
async def test_a_long_line_is_one_line(size: int) -> None:
    """Up to two megabytes and more; the place after it is found again."""
    async with Kubelet(size) as kubelet:
        reading = Reading(kubelet)
        big = b"x" * (size - len(stamp(MADE)) - 1)
        kubelet.write(line(1), big, line(2), big, step=0)
        await reading.all()
        reading.again()
        kubelet.write(big, line(3), step=0)
        await reading.all()
        whole = as_read(kubelet.runs[0])
        short = [one if len(one) <= LONG_LOG_LINE else one[:SHORTENED_TO] + SHORTENED for one in whole]
        assert reading.sink.lines() == short


@pytest.mark.parametrize("text", [b"\xff\xfe\xc3(", b"", b" ", b"\r", b"\x00" * 10, b"2026-11-23T09:00:00.000000000Z "])
async def test_odd_lines_are_lines(text: bytes) -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        for _ in range(3):
            kubelet.write(text, line(1), text)
            reading.again()
            await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])


async def test_what_kubelet_says_itself_is_no_log() -> None:
    """It tells in plain text, without a timestamp, why it cannot go on."""
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1))
        for remark in (b"", b"failed to watch file\n", b"unable to retrieve container logs\n\n"):
            kubelet.remark = remark
            kubelet.write(line(2), line(3))
            reading.again()
            await reading.all()
            await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])
        assert not reading.sink.gaps()
        assert b"unable" not in b"".join(reading.hinted)


async def test_a_stream_that_ends_within_a_line_gives_it_later() -> None:
    async with Kubelet() as kubelet:
        reading = Reading(kubelet)
        kubelet.write(line(1), line(2))
        kubelet.cut = [len(as_read(kubelet.runs[0])[0]) + 10]
        with pytest.raises(KubeError):
            await reading.once(kubelet.status())
        assert reading.sink.lines() == as_read(kubelet.runs[0])[:1]
        await reading.all()
        assert reading.sink.lines() == as_read(kubelet.runs[0])
