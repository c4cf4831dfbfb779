"""Names of metrics: ours are what the exporter for Prometheus makes of them, and no series has a tenant unasked."""

from __future__ import annotations

import re

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry

from backend.telemetry.catalogue import ALL, TENANT
from backend.telemetry.generate import page
from backend.telemetry.metric import Kind, Metric, Process

METRICS = pytest.mark.parametrize("metric", ALL.values(), ids=lambda one: one.name)


@METRICS
def test_the_name_in_prometheus_is_the_exporters(metric: Metric) -> None:
    registry = CollectorRegistry()
    provider = MeterProvider([PrometheusMetricReader(registry=registry)], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    if metric.kind is Kind.HISTOGRAM:
        meter.create_histogram(metric.name, metric.unit).record(1)
    elif metric.kind is Kind.GAUGE:
        meter.create_gauge(metric.name, metric.unit).set(1)
    elif metric.kind is Kind.UPDOWN:
        meter.create_up_down_counter(metric.name, metric.unit).add(1)
    else:
        meter.create_counter(metric.name, metric.unit).add(1)
    ending = "_count" if metric.kind is Kind.HISTOGRAM else ""
    names = {sample.name for family in registry.collect() for sample in family.samples}
    provider.shutdown()
    assert metric.prometheus + ending in names


@METRICS
def test_names_and_units_are_those_of_opentelemetry(metric: Metric) -> None:
    assert re.fullmatch(r"(bsls|http|process)(\.[a-z_]+)+", metric.name)
    assert re.fullmatch(r"s|By|1|\{[a-z_]+\}", metric.unit)
    assert bool(metric.bounds) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.bounds) == sorted(set(metric.bounds))
    assert all(re.fullmatch(r"[a-z_.]+", one.name) for one in metric.attributes)
    assert metric.text.endswith(".")


@METRICS
def test_tenants_are_named_in_opt_in_series_alone(metric: Metric) -> None:
    assert TENANT not in metric.attributes or metric.opt_in


@METRICS
def test_the_page_has_it(metric: Metric) -> None:
    assert f"`{metric.name}`<br>`{metric.prometheus}`" in page()


def test_processes_are_told_apart_in_the_page() -> None:
    assert all(set(one.processes) <= set(Process) for one in ALL.values())
    assert page().count("\n## ") == 6
