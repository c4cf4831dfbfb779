"""Short-lived answers, on a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest

from backend.api.access.cache import Cache


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Answers with how often it was asked; `gate` holds its answers back."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.asked = clock, 0
        self.began, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def __call__(self) -> tuple[int, float]:
        self.asked += 1
        expires = self.clock() + 30
        self.began.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        return self.asked, expires


async def test_an_answer_is_kept_until_it_expires() -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    assert [(await cache.ask("k", source)).value for _ in range(3)] == [1, 1, 1]
    clock.now += 29.9
    assert (await cache.ask("k", source)).value == 1
    clock.now += 0.2
    assert cache.get("k") is None
    assert cache.stale("k") == 1
    assert (await cache.ask("k", source)).value == 2


async def test_a_younger_answer_may_be_wanted() -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    await cache.ask("k", source)
    clock.now += 10
    assert (await cache.ask("k", source, 10.5)).value == 1
    assert (await cache.ask("k", source, 10)).value == 2


async def test_the_least_recently_used_go_first() -> None:
    clock = Clock()
    cache, source = Cache[str, int](2, clock), Source(clock)
    for key in ("a", "b", "a", "c"):
        await cache.ask(key, source)
    assert (len(cache), cache.stale("a"), cache.stale("b"), cache.stale("c")) == (2, 1, None, 3)


async def test_a_question_is_on_its_way_once_and_its_age_counts_from_there() -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    source.gate.clear()
    asking = [asyncio.create_task(cache.ask("k", source)) for _ in range(5)]
    await source.began.wait()
    asking[0].cancel()
    clock.now += 4
    source.gate.set()
    entries = await asyncio.gather(*asking[1:])
    assert ([one.value for one in entries], source.asked) == ([1] * 4, 1)
    assert (entries[0].asked, entries[0].expires) == (1000, 1030)


async def test_an_error_goes_to_all_who_wait_and_is_not_kept() -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    source.error = RuntimeError("away")
    found = await asyncio.gather(*(cache.ask("k", source) for _ in range(3)), return_exceptions=True)
    assert ([str(one) for one in found], source.asked) == (["away"] * 3, 1)
    source.error = None
    assert (await cache.ask("k", source)).value == 2


async def test_an_error_that_nobody_waits_for_makes_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    source.gate.clear()
    source.error = RuntimeError("away")
    asking = asyncio.create_task(cache.ask("k", source))
    await source.began.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    source.gate.set()
    source.error = None
    assert (await cache.ask("other", source)).value == 2
    await cache.close()
    assert not caplog.records


async def test_closing_ends_what_is_on_its_way() -> None:
    clock = Clock()
    cache, source = Cache[str, int](10, clock), Source(clock)
    source.gate.clear()
    asking = asyncio.create_task(cache.ask("k", source))
    await source.began.wait()
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_an_answer_tells_that_it_is_kept_no_more() -> None:
    clock = Clock()
    cache = Cache[str, int](1, clock)
    first = cache.put("k", 1, clock(), clock() + 30)
    second = cache.put("k", 2, clock(), clock() + 30)
    assert (first.kept, second.kept) == (False, True)
    other = cache.put("l", 3, clock(), clock() + 30)
    assert (second.kept, other.kept) == (False, True)
    cache.forget("l")
    assert not other.kept
