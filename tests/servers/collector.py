"""A real OpenTelemetry Collector: it takes OTLP by gRPC and HTTP, keeps what came, and can be gone or stand still."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.cluster.cache import tied
from tests.servers.otlp import SOON, Span
from tests.servers.ports import free_ports, listens, wait_until

Json = dict[str, Any]


class Collector:
    """`binary`: of the recipe `collector`. Files and ports stay the same when it is started again."""

    def __init__(self, binary: Path, scratch: Path) -> None:
        self._grpc, self._http = free_ports(2)
        self._files = {signal: scratch / f"{signal}.json" for signal in ("traces", "metrics")}
        self._log = scratch / "collector.log"
        self._command = [str(binary), "--config", str(scratch / "collector.yaml")]
        endpoints = {"grpc": self._grpc, "http": self._http}
        config = {
            "receivers": {
                "otlp": {"protocols": {name: {"endpoint": f"127.0.0.1:{port}"} for name, port in endpoints.items()}}
            },
            "exporters": {
                f"file/{name}": {"path": str(path), "append": True, "flush_interval": "100ms"}
                for name, path in self._files.items()
            },
            "service": {
                "pipelines": {name: {"receivers": ["otlp"], "exporters": [f"file/{name}"]} for name in self._files}
            },
        }
        (scratch / "collector.yaml").write_text(yaml.safe_dump(config))

    @property
    def grpc_environment(self) -> dict[str, str]:
        """For a process whose telemetry comes here, soon; one that is given up when it takes longer than a second."""
        return self._environment(self._grpc, "grpc")

    @property
    def http_environment(self) -> dict[str, str]:
        return self._environment(self._http, "http/protobuf")

    def _environment(self, port: int, protocol: str) -> dict[str, str]:
        return SOON | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                tied(self._command), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        wait_until(lambda: all(listens("127.0.0.1", port) for port in (self._grpc, self._http)) or self._over, "it")
        assert not self._over, self._log.read_text()[-4000:]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for path in self._files.values():
            if path.exists():  # of the last line, maybe not all was written: the next would go on in it
                whole = path.read_bytes()
                path.write_bytes(whole[: whole.rfind(b"\n") + 1])

    def stand_still(self) -> None:
        """It takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    @property
    def _over(self) -> bool:
        return self._process.poll() is not None

    def spans(self, trace: str = "") -> list[Span]:
        """All that came, or those of a trace, in the order of their beginnings."""
        found = [
            _span(one, _attributes(part["resource"]))
            for part in self._parts("traces", "resourceSpans")
            for scope in part["scopeSpans"]
            for one in scope["spans"]
        ]
        return sorted((one for one in found if not trace or one.trace == trace), key=lambda one: one.start)

    def metrics(self, service: str) -> dict[str, list[Json]]:
        """Name to points of the latest export of a service, such as `bsls-api`."""
        latest: dict[str, list[Json]] = {}
        for part in self._parts("metrics", "resourceMetrics"):
            if _attributes(part["resource"])["service.name"] == service:
                for one in (metric for scope in part["scopeMetrics"] for metric in scope["metrics"]):
                    (data,) = (one[kind] for kind in ("sum", "gauge", "histogram") if kind in one)
                    latest[one["name"]] = data["dataPoints"]
        return latest

    def _parts(self, signal: str, name: str) -> list[Json]:
        path = self._files[signal]
        lines = path.read_text().split("\n")[:-1] if path.exists() else []  # what is after the last is not complete
        return [part for line in lines for part in json.loads(line)[name]]


def _span(one: Json, resource: Json) -> Span:
    times = int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"])
    failed = one["status"].get("code") == 2
    parent = one.get("parentSpanId", "")
    return Span(
        one["traceId"], one["spanId"], parent, one["name"], one["kind"], *times, failed, _attributes(one), resource
    )


def _attributes(holder: Json) -> Json:
    return {one["key"]: _value(one["value"]) for one in holder.get("attributes", [])}


def _value(value: Json) -> Any:
    ((kind, held),) = value.items()
    return int(held) if kind == "intValue" else held
