"""The real controller, dispatcher and API push to a real OpenTelemetry Collector: one trace goes through all of them,
and while the Collector is gone or stands still, all of them do their work.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver import api_people as people
from tests.apiserver.api_process import Running, serving, wait_ready
from tests.apiserver.conftest import controlling, settle
from tests.apiserver.place import Place
from tests.cluster.node import Cluster
from tests.dispatch import running as dispatcher
from tests.dispatch.go_receiver import GoReceiver, go_receiver
from tests.servers.collector import Collector
from tests.servers.otlp import Span
from tests.servers.ports import free_ports, wait_until
from tests.servers.redis import RedisServer
from tests.servers.seaweed import Seaweed

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]
NAMESPACE, NAME = "traced", "vms"
SERVER = f"/api/v1/servers/{NAMESPACE}/{NAME}"
SERVICES = ("bsls-controller", "bsls-dispatcher", "bsls-api")


@dataclass
class Site:
    """A server that has settled, whose events are pushed to `receiver`. `ports`: of the metrics of SERVICES."""

    place: Place
    receiver: GoReceiver
    api: Running
    token: str
    ports: tuple[int, ...]

    def break_storage(self) -> dict[str, Any]:
        """By a change of a Secret; the event that tells of it, as it was delivered. It is repaired again."""
        before = len(self.pushed("storage.failed"))
        self.place.apply(self.place.credentials(text="no credentials"))
        wait_until(lambda: len(self.pushed("storage.failed")) > before, "the event of a failure", 60)
        self.place.apply(self.place.credentials())
        self.place.wait_for("StorageReady", status="True")
        return self.pushed("storage.failed")[-1]

    def pushed(self, kind: str) -> list[dict[str, Any]]:
        return [one["event"] for one in self.receiver.taken() if f".{kind}." in one["event"]["type"]]

    def ask(self, traceparent: str = "") -> None:
        headers = {"Authorization": f"Bearer {self.token}"} | ({"traceparent": traceparent} if traceparent else {})
        with urllib.request.urlopen(urllib.request.Request(self.api.url + SERVER, headers=headers), timeout=30) as got:
            assert json.load(got)["name"] == NAME

    def dropped(self, port: int) -> float:
        """How much this process gave up that it should have pushed."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as got:
            lines = got.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("bsls_telemetry_dropped_total{"))


@pytest.fixture(scope="module")
def collector(collector_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    with Collector(collector_binary, tmp_path_factory.mktemp("collector")) as running:
        yield running


@pytest.fixture(scope="module")
def traced(
    api_cluster: Cluster,
    seaweed: Seaweed,
    redis_server: RedisServer,
    receiver_binary: Path,
    collector: Collector,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The controller pushes by gRPC, dispatcher and API by HTTP."""
    redis_server.flush()
    people.prepare(api_cluster)
    scratch = tmp_path_factory.mktemp("traced")
    place = Place(api_cluster.kubectl, seaweed, NAMESPACE, NAME, set())
    url, ports = redis_server.url, free_ports(2)
    with pytest.MonkeyPatch.context() as patch:

        def environment(values: dict[str, str]) -> None:
            for name, value in values.items():
                patch.setenv(name, value)

        environment(collector.grpc_environment)
        with controlling(api_cluster, NAMESPACE, scratch / "controller.log", scratch, "--redis-url", url) as port:
            place.build()
            settle(place)
            environment(collector.http_environment)
            token = people.person(api_cluster, "tracer", ("clusterrole", "servers-viewer", NAMESPACE))
            with (
                go_receiver(receiver_binary, scratch / "pushed") as receiver,
                dispatcher.process(
                    dispatcher.write(scratch / "config.yaml", dispatcher.subscription(receiver.url)),
                    url, ports[0], scratch / "dispatcher.log",
                ),
                serving(api_cluster, url, scratch, "--probe-port", str(ports[1])) as api,
            ):  # fmt: skip
                wait_ready(api.url)
                yield Site(place, receiver, api, token, (port, *ports))
            place.kubectl("delete", "bsls", "-n", NAMESPACE, NAME, "--wait=false")


def test_a_change_of_a_secret_is_one_trace_up_to_whoever_reads_of_it(traced: Site, collector: Collector) -> None:
    event = traced.break_storage()
    traced.ask(event["traceparent"])
    trace = event["traceparent"].split("-")[1]
    wanted = [(SERVICES[0], "change"), (SERVICES[0], "reconcile"), (SERVICES[0], "publish"), (SERVICES[1], "POST"),
              (SERVICES[2], "GET /api/v1/servers/{namespace}/{name}")]  # fmt: skip

    def found() -> dict[tuple[str, str], Span]:
        """With the delivery of this event, not of others of the trace."""
        return {
            (str(one.resource["service.name"]), one.name): one
            for one in collector.spans(trace)
            if one.attributes.get("cloudevents.event_id", event["id"]) == event["id"]
        }

    wait_until(lambda: {*wanted} <= found().keys(), "all spans of the trace", 30)
    change, *_, delivery, _ = (found()[one] for one in wanted)
    assert not change.parent
    assert change.attributes["bsls.changed"] == f"Secret {NAMESPACE}/{NAME}-bsl-credentials"
    assert delivery.parent == event["traceparent"].split("-")[2]
    assert delivery.attributes["http.response.status_code"] == 204
    assert change.start <= delivery.start <= delivery.end


def test_the_metrics_of_all_processes_arrive(traced: Site, collector: Collector) -> None:
    traced.ask()
    own = ("bsls.reconcile.duration", "bsls.push.deliveries", "http.server.request.duration")
    for service, name in zip(SERVICES, own, strict=True):
        wait_until(lambda service=service, name=name: name in collector.metrics(service), f"{name} of {service}", 30)
        assert collector.metrics(service)["process.uptime"]


@pytest.mark.parametrize("how", ["gone", "standing still"])
def test_a_collector_that_is(how: str, traced: Site, collector: Collector) -> None:
    """Events are told, pushed and read as before, what could not be sent is counted; then all goes on."""
    stop: Callable[[], None] = collector.stop if how == "gone" else collector.stand_still
    go_on: Callable[[], None] = collector.start if how == "gone" else collector.go_on
    before = {port: traced.dropped(port) for port in traced.ports}
    stop()
    try:
        for _ in range(3):
            event = traced.break_storage()
            traced.ask(event["traceparent"])
        for port, service in zip(traced.ports, SERVICES, strict=True):
            wait_until(lambda port=port: traced.dropped(port) > before[port], f"{service} to give something up", 30)
    finally:
        go_on()
    event = traced.break_storage()
    traced.ask(event["traceparent"])
    trace = event["traceparent"].split("-")[1]

    def arrived() -> bool:
        return {one.resource["service.name"] for one in collector.spans(trace)} == set(SERVICES)

    wait_until(arrived, "spans of all processes", 60)
