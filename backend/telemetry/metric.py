"""What a metric is: name, kind, unit, attributes, and the name under which Prometheus sees it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of buckets, in seconds, of what happens within a process or a cluster."""

LONG = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 43200.0)
"""Of what waits for people, clients or other systems."""


class Kind(StrEnum):
    """`COUNTER` only grows; `UPDOWN` is a sum that holds now, `GAUGE` any other figure of now (both are gauges in
    Prometheus); `HISTOGRAM` counts by size.
    """

    COUNTER = "counter"
    UPDOWN = "up-down counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Process(StrEnum):
    """Who has it."""

    CONTROLLER = "controller"
    API = "api"
    DISPATCHER = "dispatcher"


@dataclass(frozen=True)
class Attribute:
    """`values`: all there can be, or empty where they are names."""

    name: str
    text: str
    values: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Under this name in Prometheus."""
        return self.name.replace(".", "_")


@dataclass(frozen=True, eq=False)
class Metric:
    """`unit` is UCUM, as OpenTelemetry wants it. `bounds`: of a histogram. `opt_in`: there only when asked for."""

    name: str
    kind: Kind
    unit: str
    text: str
    attributes: tuple[Attribute, ...]
    processes: tuple[Process, ...]
    bounds: tuple[float, ...] = ()
    opt_in: bool = False

    @property
    def prometheus(self) -> str:
        """Its name in Prometheus; of a histogram, `_bucket`, `_sum` and `_count` follow."""
        name, unit = self.name.replace(".", "_"), _UNITS.get(self.unit, "")
        if unit and not name.endswith(f"_{unit}"):
            name = f"{name}_{unit}"
        return f"{name}_total" if self.kind is Kind.COUNTER else name


_UNITS = {"s": "seconds", "By": "bytes"}  # as the exporter has them; `1` and `{things}` have no suffix
