"""Lanes: whatever fails and whenever memory is short, each event comes once, in the order of its server."""

from __future__ import annotations

import random
from collections import deque

import pytest

from backend.dispatch.lanes import Lane, Lanes, Piece

Entry = tuple[str, list[bytes]]


def delivered_by(
    lanes: Lanes, stored: dict[str, list[bytes]], draw: random.Random, waiting: list[Lane]
) -> Entry | None:
    """What one attempt at the next lane delivers: server and event; None: it failed, or there is nothing."""
    if waiting and draw.random() < 0.3:
        lanes.give_back(waiting.pop(draw.randrange(len(waiting))))
    lane = lanes.take()
    if lane is None:
        return None
    if lane.head.events is None:
        lanes.fill(lane.head, list(enumerate(stored[lane.head.id])))
    if draw.random() < 0.3:
        lane.attempts += 1
        lanes.hold(lane)
        waiting.append(lane)
        return None
    assert lane.head.events
    found = lane.server, [lane.head.events[0][1]]
    lanes.next_event(lane)
    assert lane.attempts == 0
    lanes.give_back(lane)
    return found


@pytest.mark.parametrize("budget", [0, 100, 1 << 20])
def test_each_event_once_and_in_order(budget: int) -> None:
    draw = random.Random(budget)
    for _ in range(200):
        lanes, waiting = Lanes(budget), []
        stored: dict[str, list[bytes]] = {}
        wanted: dict[str, list[bytes]] = {f"s{i}": [] for i in range(4)}
        got: dict[str, list[bytes]] = {server: [] for server in wanted}
        for number in range(draw.randrange(30)):
            server = draw.choice(list(wanted))
            stored[str(number)] = [b"%d-%d" % (number, i) * 5 for i in range(draw.randrange(1, 4))]
            wanted[server] += stored[str(number)]
            lane = lanes.add(server, Piece(str(number), deque(enumerate(stored[str(number)]))))
            if lane:
                lanes.give_back(lane)
            found = delivered_by(lanes, stored, draw, waiting)
            if found:
                got[found[0]] += found[1]
        while lanes.count:
            found = delivered_by(lanes, stored, draw, waiting)
            if found:
                got[found[0]] += found[1]
        assert got == wanted
        assert lanes.take() is None
        assert lanes._bytes == 0


def test_servers_take_turns() -> None:
    lanes = Lanes(1 << 20)
    for server in ("a", "b", "c"):
        lane = lanes.add(server, Piece(server, deque([(0, b"1"), (1, b"2")])))
        assert lane
        lanes.give_back(lane)
    order = []
    while lane := lanes.take():
        order.append(lane.server)
        lanes.next_event(lane)
        lanes.give_back(lane)
    assert order == ["a", "b", "c", "a", "b", "c"]


def test_a_lane_that_was_taken_is_nobody_elses() -> None:
    lanes = Lanes(1 << 20)
    lane = lanes.add("a", Piece("1", deque([(0, b"1")])))
    assert lane
    assert lanes.add("a", Piece("2", deque([(0, b"2")]))) is None
    assert lanes.take() is None
    lanes.give_back(lane)
    assert lanes.take() is lane
    assert lanes.take() is None


@pytest.mark.parametrize(
    ("oldest", "gone"),
    [("3-0", ["1-0", "2-0"]), ("", ["1-0", "2-0", "3-0"]), ("1-0", ["1-0"]), ("9-0", ["1-0", "2-0", "3-0"])],
)
def test_what_was_trimmed_leaves_at_once(oldest: str, gone: list[str]) -> None:
    lanes = Lanes(0)
    lane = lanes.add("a", Piece("1-0", deque([(0, b"x")])))
    assert lane
    for number in (2, 3):
        lanes.add("a", Piece(f"{number}-0", deque([(0, b"x")])))
    lanes.add("a", Piece("4-0", deque([(0, b"x")]), again=True))
    assert lanes.drop(lane, oldest) == gone
    assert lane.head.id == f"{len(gone) + 1}-0"
    assert lanes.count == 4 - len(gone)
