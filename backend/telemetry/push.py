"""The SDK's exporters, held so that a receiver that is slow or gone costs a bounded queue and a thread, no more."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from backend.telemetry import catalogue
from backend.telemetry.instruments import Registry
from backend.telemetry.points import joined
from backend.telemetry.settings import GRPC

POINTS_AT_ONCE = 5000  # of metrics in one request: receivers refuse messages over 4 MB


def _module(protocol: str, signal: str) -> Any:
    """Imported when it is needed: gRPC takes 20 MB and a third of a second."""
    way = "grpc" if protocol == GRPC else "http"
    return importlib.import_module(f"opentelemetry.exporter.otlp.proto.{way}.{signal}_exporter")


def span_exporter(protocol: str) -> SpanExporter:
    found: SpanExporter = _module(protocol, "trace").OTLPSpanExporter()
    return found


def metric_exporter(protocol: str) -> MetricExporter:
    found: MetricExporter = _module(protocol, "metric").OTLPMetricExporter(max_export_batch_size=POINTS_AT_ONCE)
    return found


class Spans(SpanProcessor):
    """Batches spans. Those that the queue has no room for are dropped and counted."""

    def __init__(self, exporter: SpanExporter, registry: Registry, room: int) -> None:
        """`room`: for so many spans, with those that are under way."""
        self._dropped = registry.counter(catalogue.TELEMETRY_DROPPED)
        self._counting = _CountedSpans(exporter, registry)
        self._room = room
        self._inner = BatchSpanProcessor(self._counting, max_queue_size=room, max_export_batch_size=min(512, room))
        self._given = 0

    def on_end(self, span: ReadableSpan) -> None:
        context = span.context
        if context is None or not context.trace_flags.sampled:
            return
        if self._given - self._counting.taken >= self._room:
            self._dropped.add(1, "traces", "queue")
            return
        self._given += 1
        self._inner.on_end(span)

    @property
    def waiting(self) -> int:
        """Spans in the queue, or under way."""
        return self._given - self._counting.taken

    def shutdown(self) -> None:
        self._inner.shutdown()  # type: ignore[no-untyped-call]  # the SDK's

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class _CountedSpans(SpanExporter):
    def __init__(self, exporter: SpanExporter, registry: Registry) -> None:
        self._exporter = exporter
        self._dropped = registry.counter(catalogue.TELEMETRY_DROPPED)
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self.taken += len(spans)
            if result is not SpanExportResult.SUCCESS:
                self._dropped.add(len(spans), "traces", "export")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class Metrics(PeriodicExportingMetricReader):
    """Sends all figures at the interval of `OTEL_METRIC_EXPORT_INTERVAL`; what could not be sent is in the next."""

    def __init__(self, exporter: MetricExporter, registry: Registry) -> None:
        self._registry = registry
        super().__init__(_CountedMetrics(exporter, registry))

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        super()._receive_metrics(joined(metrics_data, self._registry, time.time_ns()), timeout_millis, **kwargs)


class _CountedMetrics(MetricExporter):
    def __init__(self, exporter: MetricExporter, registry: Registry) -> None:
        super().__init__()
        self._exporter = exporter
        self._dropped = registry.counter(catalogue.TELEMETRY_DROPPED)

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        result = MetricExportResult.FAILURE
        try:
            result = self._exporter.export(metrics_data, timeout_millis, **kwargs)
        finally:
            if result is not MetricExportResult.SUCCESS:
                self._dropped.add(1, "metrics", "export")
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        self._exporter.shutdown(timeout_millis, **kwargs)
