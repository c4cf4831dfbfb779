"""Figures are kept, forgotten and told as they are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import pytest
from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics
from opentelemetry.sdk.resources import Resource

from backend.telemetry import catalogue
from backend.telemetry.instruments import Histogram, Registry
from backend.telemetry.metric import Process
from backend.telemetry.points import joined
from backend.telemetry.settings import TelemetrySettings
from backend.telemetry.setup import Telemetry


def read(registry: Registry, name: str) -> dict[tuple[str | int, ...], float]:
    (found,) = [one for one in registry.collect() if one.metric.name == name]
    return dict(found.values)


def test_a_counter_has_its_listed_series_from_the_start() -> None:
    registry = Registry()
    lost = registry.counter(catalogue.EVENTS_LOST)
    assert read(registry, "bsls.events.lost") == {("trimmed",): 0, ("log",): 0}
    lost.add(2, "log")
    assert registry.counter(catalogue.EVENTS_LOST) is lost
    assert read(registry, "bsls.events.lost") == {("trimmed",): 0, ("log",): 2}


def one_by_one(took: Histogram, values: Sequence[float]) -> None:
    for value in values:
        took.record(value)


@pytest.mark.parametrize("record", [one_by_one, Histogram.record_all])
def test_buckets_have_inclusive_upper_bounds(record: Callable[[Histogram, Sequence[float]], None]) -> None:
    registry = Registry()
    took = registry.histogram(catalogue.COMMITS)
    record(took, (0.0005, 0.001))
    record(took, (0.0011, 10.0, 11.0))
    (found,) = registry.collect()
    ((at, counts, total),) = found.cells
    assert (at, counts[0], counts[1], counts[-2], counts[-1]) == ((), 2, 1, 1, 1)
    assert total == pytest.approx(21.0026)
    assert took.count == 5


def test_who_is_watched_no_longer_is_gone() -> None:
    registry = Registry()
    end = registry.watch(catalogue.TENANTS, lambda: [(("a", "b"), 3)])
    other = registry.watch(catalogue.TENANTS, lambda: [(("a", "c"), 4)])
    assert read(registry, "bsls.tenants") == {("a", "b"): 3, ("a", "c"): 4}
    end()
    assert read(registry, "bsls.tenants") == {("a", "c"): 4}
    other()
    assert registry.collect() == []


def test_a_figure_that_cannot_be_read_is_told_and_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()
    registry.watch(catalogue.TENANTS, lambda: [(("a", "b"), 1 // 0)])
    registry.watch(catalogue.STORE_AWAY, lambda: [((), 7)])
    with caplog.at_level(logging.ERROR):
        assert read(registry, "bsls.events.store.away") == {(): 7}
    assert "bsls.tenants cannot be read" in caplog.text


def test_kinds_are_not_mixed_up() -> None:
    registry = Registry()
    for wrong in (
        lambda: registry.counter(catalogue.COMMITS),
        lambda: registry.histogram(catalogue.EVENTS),
        lambda: registry.watch(catalogue.COMMITS, list),
    ):
        with pytest.raises(ValueError, match=r"bsls\.events"):
            wrong()


def test_five_thousand_servers_are_five_thousand_series() -> None:
    """The SDK's own instruments merge what is past 2,000."""
    registry = Registry()
    registry.watch(catalogue.TENANTS, lambda: [(("backup", f"s{number}"), number) for number in range(5000)])
    data = joined(MetricsData([ResourceMetrics(Resource({}), [], "")]), registry, 1)
    (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
    assert len(metric.data.data_points) == 5000


async def test_what_is_scraped_names_the_process_and_its_figures() -> None:
    registry = Registry()
    registry.histogram(catalogue.HTTP_DURATION).record(0.2, "GET", "/api/v1/servers", 200, "https")
    telemetry = Telemetry(Process.API, TelemetrySettings(resource={"k8s.pod.name": "bsls-api-0"}), registry)
    try:
        text = telemetry.render().decode()
    finally:
        await telemetry.close()
    assert 'service_name="bsls-api"' in text
    assert 'k8s_pod_name="bsls-api-0"' in text
    labels = 'http_request_method="GET",http_response_status_code="200",http_route="/api/v1/servers"'
    assert f'http_server_request_duration_seconds_bucket{{{labels},le="0.25",url_scheme="https"}} 1.0' in text
    assert "process_memory_usage_bytes " in text
    assert 'process_cpu_time_seconds_total{cpu_mode="user"}' in text


async def test_figures_are_read_while_they_change() -> None:
    """The exporters read from threads of their own."""
    registry = Registry()
    events, took = registry.counter(catalogue.EVENTS), registry.histogram(catalogue.RECONCILE_DURATION)
    telemetry = Telemetry(Process.CONTROLLER, TelemetrySettings(), registry)
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            events.add(1, f"type{number % 500}")
            took.record(0.1, f"result{number % 500}")

    worker = threading.Thread(target=change)
    worker.start()
    try:
        for _ in range(3):
            assert b"bsls_events_published_total" in telemetry.render()
    finally:
        stop.set()
        worker.join()
        await telemetry.close()
