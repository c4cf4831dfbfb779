"""A promise and what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One promise: met when `value` is below `limit`, or, for a ratio to a peer, when it is not below it."""

    name: str
    value: float
    limit: float
    unit: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value < self.limit

    def __str__(self) -> str:
        verdict = "met" if self.met else "MISSED"
        bound = "at least" if self.at_least else "limit"
        ratio = self.value / self.limit
        return f"{self.name}: {self.value:.3f} {self.unit} ({bound} {self.limit:g}, ratio {ratio:.2f}, {verdict})"


def report(program: str, figures: Sequence[Figure]) -> int:
    """Print every figure and a last line with the sum; the exit code."""
    for figure in figures:
        print(figure)
    missed = [figure.name for figure in figures if not figure.met]
    ratios = "; ".join(f"{figure.name} {figure.value:.3g} {figure.unit}" for figure in figures)
    tail = f"; missed: {missed}" if missed else ""
    print(f"{program}: {len(figures) - len(missed)} of {len(figures)} met ({ratios}){tail}")
    return 1 if missed else 0
