"""What is pushed arrives by gRPC and by HTTP; a receiver that hangs, refuses or is not there slows nothing down."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from backend.telemetry import catalogue
from backend.telemetry.instruments import Registry
from backend.telemetry.metric import Process
from backend.telemetry.settings import from_environment
from backend.telemetry.setup import LAST_WORDS_S, Telemetry
from backend.telemetry.spans import Kept, Ref, step, story, tell
from tests.servers.otlp import Otlp
from tests.servers.ports import free_ports, wait_until

pytestmark = pytest.mark.servers
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@asynccontextmanager
async def telemetry(
    env: Mapping[str, str], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Telemetry]:
    """The exporters read the process's environment themselves."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    made = Telemetry(Process.CONTROLLER, from_environment(os.environ), registry)
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
async def test_traces_and_metrics_arrive(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,service.namespace=mine")
    registry = Registry()
    registry.counter(catalogue.EVENTS).add(5, "snapshot.created")
    registry.histogram(catalogue.COMMITS).record(0.02)
    with Otlp() as receiver:
        env = receiver.grpc_environment if protocol == "grpc" else receiver.http_environment
        async with telemetry(env, registry, monkeypatch):
            with story("reconcile", parent=Ref(TRACE, SPAN), attributes={"bsls.server": "vms"}):
                with step("apply") as apply:
                    apply.note(bsls__objects=3)
                with pytest.raises(ZeroDivisionError), step("status"):
                    1 / 0  # noqa: B018
            tell(Kept(Ref("1" * 32, "2" * 16), "3" * 16, "snapshot", 10, 20, "", {"bsls.tenant": "a@b"}))
            await asyncio.to_thread(wait_until, lambda: len(receiver.spans) == 4 and receiver.metrics, "all of it", 20)
    reconcile, apply_, status = (receiver.named(one)[0] for one in ("reconcile", "apply", "status"))
    assert (reconcile.trace, reconcile.parent) == (TRACE, SPAN)
    assert apply_.parent == status.parent == reconcile.span
    assert apply_.attributes == {"bsls.objects": 3}
    assert (status.failed, reconcile.failed) == (True, False)
    (snapshot,) = receiver.named("snapshot")
    assert (snapshot.trace, snapshot.span, snapshot.parent) == ("1" * 32, "2" * 16, "3" * 16)
    assert (snapshot.start, snapshot.end) == (10, 20)
    assert reconcile.resource["service.name"] == "bsls-controller"
    assert reconcile.resource["service.namespace"] == "mine"
    assert reconcile.resource["deployment.environment"] == "test"
    (point,) = receiver.metrics["bsls.events.published"]
    assert point.as_double == 5 or point.as_int == 5
    (commits,) = receiver.metrics["bsls.events.commit.duration"]
    assert (commits.count, commits.sum) == (1, 0.02)
    assert list(commits.explicit_bounds) == list(catalogue.COMMITS.bounds)
    assert not commits.HasField("min")
    assert receiver.metrics["process.uptime"]


async def test_what_was_recorded_last_is_sent_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with Otlp() as receiver:
        env = receiver.grpc_environment | {"OTEL_BSP_SCHEDULE_DELAY": "60000"}
        async with telemetry(env, Registry(), monkeypatch):
            with story("reconcile"):
                pass
        assert receiver.named("reconcile")


@pytest.mark.parametrize("how", ["hangs", "refuses", "is not there"])
async def test_a_receiver_that(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans wait up to the limit of the queue, the rest is dropped and counted, and nobody waits for it."""
    registry = Registry()
    with Otlp(hang=how == "hangs", refuse=how == "refuses") as receiver:
        env = receiver.grpc_environment | {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
        if how == "is not there":
            env["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{free_ports(1)[0]}"
        async with telemetry(env, registry, monkeypatch) as made:
            assert made.spans
            longest = 0.0
            for _ in range(5000):
                began = time.perf_counter()
                with story("reconcile"):
                    pass
                longest = max(longest, time.perf_counter() - began)
                assert made.spans.waiting <= 100
            dropped = registry.counter(catalogue.TELEMETRY_DROPPED).values
            assert dropped[("traces", "queue")] + dropped[("traces", "export")] + 4900 >= 5000 - 100
            assert dropped[("traces", "queue")] > 0
            began = time.monotonic()
        took = time.monotonic() - began
    assert took < LAST_WORDS_S + 1
    assert longest < 1


async def test_what_is_switched_off_records_and_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Otlp() as receiver:
        async with telemetry(
            receiver.grpc_environment | {"OTEL_SDK_DISABLED": "true"}, Registry(), monkeypatch
        ) as made:
            with story("reconcile") as one, step("apply") as two:
                one.note(bsls__a=1)
            assert (one.ref, two.ref, one.attributes) == (None, None, {})
            assert made.render() == b""
        assert receiver.requests == 0


@pytest.mark.parametrize(("sampler", "ratio", "wanted"), [("always_off", "", 0), ("traceidratio", "0.5", 100)])
async def test_sampling_is_by_the_standard_settings(
    sampler: str, ratio: str, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traces of clients' stories too: their ids are made of times, which must not be sampled in lumps."""
    with Otlp() as receiver:
        env = receiver.grpc_environment | {"OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": ratio}
        async with telemetry(env, Registry(), monkeypatch):
            for number in range(200):
                trace = f"abcdef0120261123{number:016}"
                tell(Kept(Ref(trace, "1" * 16), "", "session", 1, 2, "", {}))
                tell(Kept(Ref(trace, "2" * 16), "1" * 16, "snapshot", 1, 2, "", {}))
                with story("reconcile", parent=Ref(TRACE, SPAN, sampled=True)):
                    pass
    sessions = {one.trace for one in receiver.named("session")}
    assert abs(len(sessions) - wanted) <= 40
    assert {one.trace for one in receiver.named("snapshot")} == sessions
