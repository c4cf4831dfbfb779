"""Telemetry of a process, from its start to its end: who it is, what is scraped, what is pushed."""

from __future__ import annotations

import asyncio
import logging
import time
from threading import Lock, Thread
from typing import Any

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, MetricsData
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from backend.telemetry.catalogue import UPTIME
from backend.telemetry.instruments import REGISTRY, Registry
from backend.telemetry.metric import Process
from backend.telemetry.points import joined
from backend.telemetry.process import watch_process
from backend.telemetry.push import Metrics, Spans, metric_exporter, span_exporter
from backend.telemetry.settings import TelemetrySettings
from backend.telemetry.spans import record_with

log = logging.getLogger(__name__)

VERSION = "0.1.0"
CONTENT_TYPE = CONTENT_TYPE_LATEST
_STARTED = time.monotonic()
LAST_WORDS_S = 3.0  # for what is still to be sent at the end: a receiver that is gone must not hold the process


class Telemetry:
    """Of one process. `close` at its end."""

    def __init__(self, process: Process, settings: TelemetrySettings, registry: Registry = REGISTRY) -> None:
        self._watches = watch_process(registry)
        self._scraped = CollectorRegistry()
        self._lock = Lock()
        resource = _resource(process, settings)
        readers: list[MetricReader] = [_Prometheus(self._scraped, registry)]
        if settings.enabled and settings.metrics:
            readers.append(Metrics(metric_exporter(settings.metrics), registry))
        self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        # One has to be an instrument of the SDK's, which collects nothing while it has none.
        self._meters.get_meter("bsls").create_observable_gauge(
            UPTIME.name, [_uptime], unit=UPTIME.unit, description=UPTIME.text
        )
        self.spans: Spans | None = None
        self.tracers: TracerProvider | None = None
        if settings.enabled:
            self.tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
            if settings.traces:
                self.spans = Spans(span_exporter(settings.traces), registry, settings.queue)
                self.tracers.add_span_processor(self.spans)
        record_with(self.tracers, self.spans)

    def render(self) -> bytes:
        """All figures in the text format of Prometheus. Takes a while with many servers: not in the event loop."""
        with self._lock:
            return generate_latest(self._scraped)

    async def close(self) -> None:
        """Sends what is left, for some seconds at most."""
        self._watches.close()
        record_with(None)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            self._meters.shutdown(LAST_WORDS_S * 1000)
            if self.tracers:
                self.tracers.shutdown()
            loop.call_soon_threadsafe(done.set)

        Thread(target=end, daemon=True, name="telemetry's end").start()
        try:
            await asyncio.wait_for(done.wait(), LAST_WORDS_S)
        except TimeoutError:
            log.warning("the receiver of telemetry does not answer: the last figures and spans were not sent")


class _Prometheus(PrometheusMetricReader):
    def __init__(self, scraped: CollectorRegistry, ours: Registry) -> None:
        self._ours = ours
        super().__init__(scope_info_enabled=False, registry=scraped)

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        super()._receive_metrics(joined(metrics_data, self._ours, time.time_ns()), timeout_millis, **kwargs)


def _uptime(_options: CallbackOptions) -> list[Observation]:
    return [Observation(time.monotonic() - _STARTED)]


def _resource(process: Process, settings: TelemetrySettings) -> Resource:
    """What the environment says goes before what we say."""
    ours: dict[str, Any] = {
        "service.name": f"bsls-{process.value}",
        "service.namespace": "bsls",
        "service.version": VERSION,
        **settings.resource,
    }
    if "k8s.pod.name" in settings.resource:
        ours["service.instance.id"] = settings.resource["k8s.pod.name"]
    return Resource.create(ours).merge(OTELResourceDetector().detect())
