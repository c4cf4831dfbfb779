"""The queue's promises: no duplicates, no key twice at once, nothing lost while a key is worked on, back-off by key."""

from __future__ import annotations

import asyncio
import itertools

from backend.kube.workqueue import WorkQueue


async def test_a_key_added_twice_is_worked_on_once():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    assert len(queue) == 0


async def test_a_key_added_while_active_runs_again_afterwards():
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.add("b")
    assert await queue.get() == "b", "an active key must not be handed out twice"
    queue.done(key)
    assert await queue.get() == "a"


async def test_the_earliest_timer_wins_and_add_cancels_it():
    queue: WorkQueue[str] = WorkQueue()
    queue.add_after("a", 30)
    queue.add_after("a", 0.01)
    queue.add_after("a", 60)
    async with asyncio.timeout(1):
        assert await queue.get() == "a"
    queue.done("a")
    queue.add_after("a", 0.01)
    queue.add("a")
    assert await queue.get() == "a"
    queue.done("a")
    await asyncio.sleep(0.05)
    assert len(queue) == 0, "the timer must have been cancelled"
    queue.close()


async def test_back_off_grows_is_bounded_and_forgotten():
    queue: WorkQueue[str] = WorkQueue(base_delay_s=1, max_delay_s=8)
    delays = [queue.retry("a") for _ in range(6)]
    assert [round(d) for d in delays[:3]] != [1, 1, 1]
    assert all(later >= earlier * 0.8 for earlier, later in itertools.pairwise(delays))
    assert max(delays) <= 8 * 1.2
    queue.forget("a")
    assert queue.retry("a") <= 1.2
    queue.drop("a")
    queue.close()
