"""How often streams are written: at once while that costs little, in larger pieces when it costs much. Pure."""

from __future__ import annotations

LONGEST_S = 0.1


def pause_s(cpu_s: float) -> float:
    """Until the next flush, after one that took so much of the processor: a third of it is left to others, and the
    longer a flush takes, the more events the next one carries for the same number of writes.
    """
    return min(LONGEST_S, cpu_s / 2)
