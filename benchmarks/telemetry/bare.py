"""The same programs without any telemetry, not even counting: to compare with.

python -m benchmarks.telemetry.bare MODULE ARGUMENT...
"""

from __future__ import annotations

import runpy
import sys

from backend.telemetry.instruments import Counter, Histogram


def strip() -> None:
    """Nothing is counted in this process from now on."""

    def nothing(*_: object) -> None:
        return

    Counter.add = Histogram.record = Histogram.record_all = nothing  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    strip()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
