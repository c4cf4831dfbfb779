"""Where figures are kept: plain numbers in dictionaries, which the exporters read when they want to.

Not the SDK's own instruments: these take 8 to 11 microseconds for a call, never forget a series, and silently merge all
past 2,000 of a metric (ADR 0019). One here takes 0.2. Nothing is sent or computed before somebody looks.
"""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from backend.telemetry.metric import Kind, Metric

log = logging.getLogger(__name__)

Values = tuple[str | int, ...]
"""Of a metric's attributes, in their order."""

Figures = Iterable[tuple[Values, float]]
Read = Callable[[], Figures]


class Counter:
    """`add` to one series by one thread only. Series whose attributes have listed values are there from the start."""

    __slots__ = ("metric", "values")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.values: dict[Values, float] = dict.fromkeys(product(*(one.values for one in metric.attributes)), 0)

    def add(self, number: float, *attributes: str | int) -> None:
        self.values[attributes] = self.values.get(attributes, 0) + number


class Cell:
    """One series of a histogram: how many fell into each bucket, the last one without an upper bound."""

    __slots__ = ("counts", "sum")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * buckets
        self.sum = 0.0


class Histogram:
    """`record` by the event loop's thread only."""

    __slots__ = ("_bounds", "cells", "metric")

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self._bounds = metric.bounds
        self.cells: dict[Values, Cell] = {}

    def record(self, value: float, *attributes: str | int) -> None:
        cell = self.cells.get(attributes) or self._begin(attributes)
        cell.counts[bisect_left(self._bounds, value)] += 1
        cell.sum += value

    def record_all(self, values: Sequence[float], *attributes: str | int) -> None:
        """Many of one series, for less than one by one."""
        cell = self.cells.get(attributes) or self._begin(attributes)
        counts, bounds = cell.counts, self._bounds
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        cell.sum += sum(values)

    def _begin(self, attributes: Values) -> Cell:
        cell = self.cells[attributes] = Cell(len(self._bounds) + 1)
        return cell

    @property
    def count(self) -> int:
        """Of all series."""
        return sum(sum(cell.counts) for cell in self.cells.values())


@dataclass(frozen=True)
class Reading:
    """What one metric is at this moment; of a histogram `cells`, else `values`."""

    metric: Metric
    values: list[tuple[Values, float]]
    cells: list[tuple[Values, tuple[int, ...], float]]


class Registry:
    """All instruments of a process. `since`: nanoseconds since the epoch."""

    def __init__(self) -> None:
        self.since = time.time_ns()
        self._counters: dict[Metric, Counter] = {}
        self._histograms: dict[Metric, Histogram] = {}
        self._reads: dict[Metric, list[Read]] = {}

    def counter(self, metric: Metric) -> Counter:
        if metric.kind is not Kind.COUNTER:
            raise ValueError(f"{metric.name} is no counter")
        return self._counters.setdefault(metric, Counter(metric))

    def histogram(self, metric: Metric) -> Histogram:
        if metric.kind is not Kind.HISTOGRAM:
            raise ValueError(f"{metric.name} is no histogram")
        return self._histograms.setdefault(metric, Histogram(metric))

    def watch(self, metric: Metric, read: Read) -> Callable[[], None]:
        """`read` is called, by any thread, whenever somebody looks; call what this returns when it is over."""
        if metric.kind is Kind.HISTOGRAM:
            raise ValueError(f"{metric.name} is a histogram")
        self._reads.setdefault(metric, []).append(read)
        return lambda: self._reads[metric].remove(read)

    def collect(self) -> list[Reading]:
        """Everything as it is now; called by any thread."""
        found = [_counted(one) for one in list(self._counters.values())]
        found += [_measured(one) for one in list(self._histograms.values())]
        for metric, reads in list(self._reads.items()):
            values = [figure for read in list(reads) for figure in _tried(metric, read)]
            if values:
                found.append(Reading(metric, values, []))
        return found


def _counted(one: Counter) -> Reading:
    return Reading(one.metric, list(one.values.items()), [])


def _measured(one: Histogram) -> Reading:
    return Reading(one.metric, [], [(at, tuple(cell.counts), cell.sum) for at, cell in list(one.cells.items())])


def _tried(metric: Metric, read: Read) -> list[tuple[Values, float]]:
    try:
        return list(read())
    except Exception:  # one figure that cannot be had must not hide all others
        log.exception("%s cannot be read", metric.name)
        return []


REGISTRY = Registry()
counter = REGISTRY.counter
histogram = REGISTRY.histogram


class Watches:
    """Figures that are there until `close`."""

    def __init__(self, registry: Registry = REGISTRY) -> None:
        self._registry = registry
        self._ends: list[Callable[[], None]] = []

    def add(self, metric: Metric, read: Read) -> None:
        self._ends.append(self._registry.watch(metric, read))

    def one(self, metric: Metric, read: Callable[[], float]) -> None:
        """Of a metric without attributes."""
        self.add(metric, lambda: [((), read())])

    def close(self) -> None:
        for end in self._ends:
            end()
        self._ends.clear()
