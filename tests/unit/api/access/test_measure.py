"""Requests are counted, each once, whichever way they were answered."""

from __future__ import annotations

import asyncio

from backend.api.access.measure import Measured
from backend.api.http.frame import Quick
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter, histogram

ROUTE = "/api/v1/servers/{namespace}/{name}/measured"


class Told:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.quickly: list[Quick] = []

    def streams(self, *_: object) -> None:
        raise AssertionError("no stream began")

    def ended(self, *_: object) -> None:
        raise AssertionError("there was no request")

    def quick(self, told: Quick) -> None:
        self.quickly.append(told)


def counted() -> dict[int, tuple[int, float]]:
    """How many there were of each status, and their seconds."""
    cells = histogram(catalogue.HTTP_DURATION).cells
    return {at[2]: (sum(cell.counts), cell.sum) for at, cell in cells.items() if at[1] == ROUTE}


async def test_short_answers_are_counted_after_their_turn_of_the_event_loop() -> None:
    inner, decisions = Told(), counter(catalogue.DECISIONS)
    measured, before = Measured(inner), decisions.values[("allowed",)]
    given = [Quick("user", ROUTE, "backup", "vms", status, "id", 0.25) for status in (200, 304, 200)]
    for turn in (1, 2):
        for told in given:
            measured.quick(told)
        await asyncio.sleep(0)
        assert counted() == {200: (2 * turn, 0.5 * turn), 304: (turn, 0.25 * turn)}
    assert inner.quickly == 2 * given
    assert decisions.values[("allowed",)] == before + 6
