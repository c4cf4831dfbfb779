"""Each try to deliver an event is a span of the event's trace, which the receiver's own work can join."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from backend.events.connection import Client
from backend.events.envelope import Trace
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed, real_event
from tests.dispatch.receiver import Delivery, Receiver
from tests.dispatch.running import process, settled, subscription, write
from tests.servers.otlp import Otlp
from tests.servers.ports import free_ports, wait_until
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
SERVER = ServerKeys("backup", "a")
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CLIENT = 3  # kind of a span, in OTLP
SECRET = "token-in-the-path"


def synced(name: str, trace: str = TRACE) -> bytes:
    return real_event(SERVER, name, "users.synced", Trace(trace, SPAN))


async def test_tries_are_spans_of_the_events_trace(
    single: Client, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    refused = [500, 503]

    def answer(_one: Delivery) -> int:
        return refused.pop(0) if refused else 204

    async with Receiver(answer) as receiver:
        with Otlp() as otlp:
            for name, value in otlp.grpc_environment.items():
                monkeypatch.setenv(name, value)
            sink = f"{receiver.url}?key={SECRET}"
            wanted = subscription(sink, mode="binary", retry={"firstWait": "1s", "longestWait": "1s"})
            config = write(tmp_path / "config.yaml", wanted)
            await Feed(single, SERVER).write([synced("one")])
            with process(config, redis_server.url, port, tmp_path / "log"):
                assert (await settled(redis_server.url)).delivered == 1
                await asyncio.to_thread(wait_until, lambda: len(otlp.named("POST")) == 3, "three spans", 20)
    tries = sorted(otlp.named("POST"), key=lambda one: one.start)
    assert {(one.trace, one.parent, one.kind) for one in tries} == {(TRACE, SPAN, CLIENT)}
    assert [one.attributes["http.response.status_code"] for one in tries] == [500, 503, 204]
    assert [one.attributes.get("http.request.resend_count") for one in tries] == [None, 1, 2]
    assert [one.attributes.get("error.type") for one in tries] == ["500", "503", None]
    assert [one.failed for one in tries] == [True, True, False]
    first = tries[0].attributes
    assert (first["server.address"], first["server.port"]) == ("127.0.0.1", receiver.port)
    assert (first["cloudevents.event_id"], first["bsls.subscription"]) == ("one", "siem")
    assert tries[0].resource["service.name"] == "bsls-dispatcher"
    assert [one.headers["traceparent"] for one in receiver.requests] == [f"00-{TRACE}-{one.span}-01" for one in tries]
    assert {one.headers["ce-traceparent"] for one in receiver.requests} == {f"00-{TRACE}-{SPAN}-01"}
    assert SECRET not in json.dumps([one.__dict__ for one in otlp.spans])


async def test_a_sink_that_is_not_there(
    single: Client, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, nobody = free_ports(2)
    with Otlp() as otlp:
        for name, value in otlp.http_environment.items():
            monkeypatch.setenv(name, value)
        config = write(tmp_path / "config.yaml", subscription(f"http://127.0.0.1:{nobody}/{SECRET}"))
        await Feed(single, SERVER).write([synced("one")])
        with process(config, redis_server.url, port, tmp_path / "log"):
            (tried, *_) = await asyncio.to_thread(otlp.wait, "POST")
    assert tried.failed
    assert tried.attributes["error.type"] == "ClientConnectorError"
    assert "http.response.status_code" not in tried.attributes
    assert SECRET not in json.dumps([one.__dict__ for one in otlp.spans])


async def test_sampling_and_the_limit_hold_for_deliveries(
    single: Client, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traces with made ids are sampled by a digest, those of changes as the controller did; 100 a second are told."""
    (port,) = free_ports(1)
    made = [real_event(SERVER, f"session-{number}", "session.started") for number in range(400)]
    made += [synced(f"change-{number}", f"{number + 1:032x}") for number in range(20)]
    made += [synced(f"later-{number}", f"{number + 100:032x}") for number in range(400)]

    async with Receiver() as receiver:
        with Otlp() as otlp:

            def told(kind: str) -> int:
                return len([one for one in otlp.named("POST") if kind in one.attributes["cloudevents.event_id"]])

            def dropped() -> int:
                points = otlp.metrics.get("bsls.telemetry.dropped", [])
                return sum(int(one.as_int or one.as_double) for one in points)

            sampler = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
            for name, value in (otlp.grpc_environment | sampler).items():
                monkeypatch.setenv(name, value)
            config = write(tmp_path / "config.yaml", subscription(receiver.url))
            await Feed(single, SERVER).write(made)
            with process(config, redis_server.url, port, tmp_path / "log"):
                assert (await settled(redis_server.url)).delivered == len(made)
                await asyncio.to_thread(wait_until, lambda: told("later") + dropped() == 400, "all of them", 30)
    assert told("change") == 20
    assert 20 <= told("session") <= 60
