"""Waits grow to a limit, keep their distance from zero, and differ."""

from __future__ import annotations

import pytest

from backend.kopia.backoff import Backoff

ALMOST_ONE = 1 - 2**-53


def test_it_doubles_up_to_the_most() -> None:
    backoff = Backoff(0.5, 3.0, draw=lambda: 0.0)
    assert [backoff.next() for _ in range(5)] == [0.25, 0.5, 1.0, 1.5, 1.5]
    backoff = Backoff(0.5, 3.0, draw=lambda: ALMOST_ONE)
    assert [backoff.next() for _ in range(5)] == pytest.approx([0.5, 1.0, 2.0, 3.0, 3.0])


def test_reset_begins_again() -> None:
    backoff = Backoff(1.0, 60.0, draw=lambda: 0.0)
    assert [backoff.next() for _ in range(3)] == [0.5, 1.0, 2.0]
    backoff.reset()
    assert backoff.next() == 0.5


def test_it_never_overflows() -> None:
    backoff = Backoff(0.1, 30.0, draw=lambda: ALMOST_ONE)
    assert max(backoff.next() for _ in range(5000)) <= 30.0


def test_the_waits_of_many_differ() -> None:
    waits = [Backoff(1.0, 60.0).next() for _ in range(100)]
    assert all(0.5 <= wait < 1.0 for wait in waits)
    assert len(set(waits)) > 90


def test_two_do_not_share_their_step() -> None:
    one, other = Backoff(1.0, 8.0, draw=lambda: 0.0), Backoff(1.0, 8.0, draw=lambda: 0.0)
    one.next()
    assert (one.next(), other.next()) == (1.0, 0.5)


@pytest.mark.parametrize(("first", "most"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0)])
def test_limits_that_make_no_sense(first: float, most: float) -> None:
    with pytest.raises(ValueError, match="first_s"):
        Backoff(first, most)
