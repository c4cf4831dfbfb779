"""What is sent where, from the standard environment variables of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GRPC, HTTP = "grpc", "http/protobuf"
_PROTOCOLS = (GRPC, HTTP)
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class InvalidTelemetry(ValueError):
    """The text says which variable to correct, and how."""


@dataclass(frozen=True)
class TelemetrySettings:
    """`traces`, `metrics`: the protocol by which they are pushed, or `""`. The exporters read endpoints, headers,
    certificates, timeouts and compression from the environment themselves, the SDK sampling, intervals and limits.
    `resource`: what says where this process runs. `queue`: spans that may wait for the receiver.
    """

    enabled: bool = True
    traces: str = ""
    metrics: str = ""
    resource: Mapping[str, str] = field(default_factory=dict)
    queue: int = 2048


def from_environment(env: Mapping[str, str]) -> TelemetrySettings:
    """Nothing is pushed unless an endpoint is set. Raises InvalidTelemetry."""
    return TelemetrySettings(
        enabled=env.get("OTEL_SDK_DISABLED", "").strip().lower() != "true",
        traces=_protocol(env, "TRACES"),
        metrics=_protocol(env, "METRICS"),
        resource=_resource(env),
        queue=_number(env, "OTEL_BSP_MAX_QUEUE_SIZE", 2048),
    )


def _number(env: Mapping[str, str], variable: str, default: int) -> int:
    text = env.get(variable) or str(default)
    if not text.isdecimal() or not int(text):
        raise InvalidTelemetry(f"{variable}: give a number from 1 on, not {text}")
    return int(text)


def _protocol(env: Mapping[str, str], signal: str) -> str:
    exporters = {one.strip() for one in env.get(f"OTEL_{signal}_EXPORTER", "otlp").split(",") if one.strip()}
    unknown = exporters - {"otlp", "none", "prometheus", "console"}
    if unknown or "console" in exporters:
        raise InvalidTelemetry(f"OTEL_{signal}_EXPORTER: give otlp or none, not {', '.join(sorted(exporters))}")
    endpoint = env.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or env.get(_ENDPOINT) or ""
    if "otlp" not in exporters or not endpoint:
        return ""
    variable = f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"
    if not env.get(variable):
        variable = "OTEL_EXPORTER_OTLP_PROTOCOL"
    protocol = env.get(variable) or GRPC
    if protocol not in _PROTOCOLS:
        raise InvalidTelemetry(f"{variable}: give one of {', '.join(_PROTOCOLS)}, not {protocol}")
    if not endpoint.startswith(("http://", "https://")):
        raise InvalidTelemetry(f"the OTLP endpoint {endpoint!r}: begin it with http:// or https://")
    return protocol


_FIELDS = {
    "POD_NAMESPACE": "k8s.namespace.name",
    "POD_NAME": "k8s.pod.name",
    "POD_UID": "k8s.pod.uid",
    "NODE_NAME": "k8s.node.name",
}


def _resource(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[variable] for variable, name in _FIELDS.items() if env.get(variable)}
