"""Figures in OpenTelemetry's data model, for its exporters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics import export as otel
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from backend.telemetry.instruments import Reading, Registry, Values
from backend.telemetry.metric import Kind, Metric

SCOPE = InstrumentationScope("bsls")
_CUMULATIVE = otel.AggregationTemporality.CUMULATIVE


def joined(theirs: MetricsData, registry: Registry, now: int) -> MetricsData:
    """The SDK's own figures, with ours. `now`: nanoseconds since the epoch."""
    first, *rest = theirs.resource_metrics
    metrics = [metric for scope in first.scope_metrics for metric in scope.metrics]  # of one scope: ours
    metrics += [_metric(one, registry.since, now) for one in registry.collect() if one.values or one.cells]
    return MetricsData([ResourceMetrics(first.resource, [ScopeMetrics(SCOPE, metrics, "")], first.schema_url), *rest])


def _metric(one: Reading, since: int, now: int) -> otel.Metric:
    metric = one.metric
    return otel.Metric(metric.name, metric.text, metric.unit, _data(one, since, now))


def _data(one: Reading, since: int, now: int) -> otel.Sum | otel.Gauge | otel.Histogram:
    kind, metric = one.metric.kind, one.metric
    if kind is Kind.HISTOGRAM:
        points = [_histogram(metric, at, counts, total, since, now) for at, counts, total in one.cells]
        return otel.Histogram(points, _CUMULATIVE)
    numbers = [otel.NumberDataPoint(_named(metric, at), since, now, value) for at, value in one.values]
    if kind is Kind.GAUGE:
        return otel.Gauge(numbers)
    return otel.Sum(numbers, _CUMULATIVE, is_monotonic=kind is Kind.COUNTER)


def _histogram(
    metric: Metric, at: Values, counts: Sequence[int], total: float, since: int, now: int
) -> otel.HistogramDataPoint:
    nothing: Any = None  # least and greatest are optional in OTLP, whatever the SDK's types say
    return otel.HistogramDataPoint(
        _named(metric, at), since, now, sum(counts), total, counts, metric.bounds, min=nothing, max=nothing
    )


def _named(metric: Metric, at: Values) -> dict[str, str | int]:
    return dict(zip((one.name for one in metric.attributes), at, strict=True))
