"""A receiver of OTLP, by gRPC and by HTTP, with OpenTelemetry's own protobufs; it can be told to hang or to refuse."""

from __future__ import annotations

import threading
from concurrent import futures
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc

from tests.servers.ports import wait_until


@dataclass
class Span:
    """As it came; ids in hexadecimal."""

    trace: str
    span: str
    parent: str
    name: str
    kind: int
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]


def _attributes(items: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in items}


class Otlp:
    """`spans` and `metrics` (name to points of the latest export) of all that was sent. `hang`: answer nothing."""

    def __init__(self, host: str = "127.0.0.1", *, hang: bool = False, refuse: bool = False) -> None:
        self.spans: list[Span] = []
        self.metrics: dict[str, list[Any]] = {}
        self.resources: list[dict[str, Any]] = []
        self.requests = 0
        self._refuse = refuse
        self._go_on = threading.Event()
        if not hang:
            self._go_on.set()
        self._grpc = grpc.server(futures.ThreadPoolExecutor(16))
        trace_grpc.add_TraceServiceServicer_to_server(_Traces(self), self._grpc)
        metrics_grpc.add_MetricsServiceServicer_to_server(_Metrics(self), self._grpc)
        self.grpc_port = self._grpc.add_insecure_port(f"{host}:0")
        self._http = ThreadingHTTPServer((host, 0), _handler(self))
        self.http_port = self._http.server_port

    @property
    def grpc_environment(self) -> dict[str, str]:
        """For a process whose telemetry comes here, soon."""
        return SOON | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.grpc_port}"}

    @property
    def http_environment(self) -> dict[str, str]:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.http_port}"}
        return SOON | endpoint | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}

    def __enter__(self) -> Self:
        self._grpc.start()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._go_on.set()
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None).wait()

    def take(self) -> bool:
        """Before an answer; False: it is to be an error."""
        self.requests += 1
        self._go_on.wait()
        return not self._refuse

    def take_spans(self, request: trace_pb.ExportTraceServiceRequest) -> None:
        for part in request.resource_spans:
            resource = _attributes(part.resource.attributes)
            self.resources.append(resource)
            self.spans += (
                Span(
                    one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(), one.name, one.kind,
                    one.start_time_unix_nano, one.end_time_unix_nano, one.status.code == 2,
                    _attributes(one.attributes), resource,
                )
                for scope in part.scope_spans
                for one in scope.spans
            )  # fmt: skip

    def take_metrics(self, request: metrics_pb.ExportMetricsServiceRequest) -> None:
        for part in request.resource_metrics:
            self.resources.append(_attributes(part.resource.attributes))
            for scope in part.scope_metrics:
                for one in scope.metrics:
                    self.metrics[one.name] = list(getattr(one, one.WhichOneof("data")).data_points)

    def named(self, name: str, **attributes: Any) -> list[Span]:
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return [one for one in list(self.spans) if one.name == name and wanted.items() <= one.attributes.items()]

    def wait(self, name: str, seconds: float = 30, **attributes: Any) -> list[Span]:
        """Until there is such a span."""
        wait_until(lambda: self.named(name, **attributes), f"a span {name}", seconds)
        return self.named(name, **attributes)

    def of_trace(self, trace: str) -> list[Span]:
        return sorted((one for one in list(self.spans) if one.trace == trace), key=lambda one: one.start)


SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_METRIC_EXPORT_INTERVAL": "500"}


class _Traces(trace_grpc.TraceServiceServicer):
    def __init__(self, receiver: Otlp) -> None:
        self._receiver = receiver

    def Export(self, request: Any, context: Any) -> Any:
        if not self._receiver.take():
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
        self._receiver.take_spans(request)
        return trace_pb.ExportTraceServiceResponse()


class _Metrics(metrics_grpc.MetricsServiceServicer):
    def __init__(self, receiver: Otlp) -> None:
        self._receiver = receiver

    def Export(self, request: Any, context: Any) -> Any:
        if not self._receiver.take():
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
        self._receiver.take_metrics(request)
        return metrics_pb.ExportMetricsServiceResponse()


def _handler(receiver: Otlp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not receiver.take():
                self.send_error(403)
                return
            if self.path == "/v1/traces":
                receiver.take_spans(trace_pb.ExportTraceServiceRequest.FromString(body))
            elif self.path == "/v1/metrics":
                receiver.take_metrics(metrics_pb.ExportMetricsServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    return Handler
