"""How often streams are written: at once while that costs little, in larger pieces when it costs much. Pure."""

from __future__ import annotations

SHORT_S = 0.012
LONGEST_S = 0.1


def pause_s(took_s: float) -> float:
    """Until the next flush, after one that took so long: a third of the time is left to others, half when flushes are
    long, and then each carries more events for the same number of writes.
    """
    return min(LONGEST_S, took_s / 2 if took_s < SHORT_S else took_s)
