"""The standard variables: what is pushed, how, and what is told of a wrong one."""

from __future__ import annotations

import pytest

from backend.telemetry.settings import InvalidTelemetry, TelemetrySettings, from_environment

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4317"}


def test_nothing_is_pushed_unasked() -> None:
    assert from_environment({}) == TelemetrySettings()


@pytest.mark.parametrize(
    ("env", "traces", "metrics"),
    [
        (ENDPOINT, "grpc", "grpc"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "http/protobuf", "http/protobuf"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, "http/protobuf", "grpc"),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "none"}, "grpc", ""),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "prometheus"}, "grpc", ""),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "otlp,prometheus"}, "grpc", "grpc"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://tempo:4317"}, "grpc", ""),
    ],
)
def test_who_is_pushed(env: dict[str, str], traces: str, metrics: str) -> None:
    found = from_environment(env)
    assert (found.enabled, found.traces, found.metrics) == (True, traces, metrics)


def test_it_can_be_switched_off() -> None:
    assert not from_environment(ENDPOINT | {"OTEL_SDK_DISABLED": "TRUE"}).enabled


def test_the_resource_says_where_it_runs() -> None:
    env = {"POD_NAME": "bsls-api-0", "POD_NAMESPACE": "bsls-system", "POD_UID": "", "NODE_NAME": "n1"}
    assert from_environment(env).resource == {
        "k8s.pod.name": "bsls-api-0", "k8s.namespace.name": "bsls-system", "k8s.node.name": "n1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("env", "told"),
    [
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "OTEL_EXPORTER_OTLP_PROTOCOL: give one of grpc"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER: give otlp or none, not zipkin"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, "begin it with http:// or https://"),
        ({"OTEL_BSP_MAX_QUEUE_SIZE": "many"}, "OTEL_BSP_MAX_QUEUE_SIZE: give a number"),
    ],
)
def test_wrong_ones_are_named(env: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidTelemetry, match=told):
        from_environment(env)
