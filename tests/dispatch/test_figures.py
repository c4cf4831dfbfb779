"""A real Prometheus scrapes the dispatcher: deliveries, what waits, and whether it is ready."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.events.connection import Client
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Receiver
from tests.dispatch.running import NAME, process, status, subscription, write
from tests.events.helpers import until
from tests.servers.ports import free_ports
from tests.servers.prometheus import Prometheus
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers


def value(found: list[dict[str, object]]) -> float:
    (one,) = found
    return float(one["value"][1])  # type: ignore[index]


async def test_prometheus_sees_what_is_delivered(
    single: Client, redis_server: RedisServer, prometheus_program: None, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    url = redis_server.url
    async with Receiver() as receiver:
        config = write(tmp_path / "config.yaml", subscription(receiver.url))
        with process(config, url, port, tmp_path / "log"), Prometheus({"dispatcher": port}) as prometheus:
            wait = prometheus.wait
            await asyncio.to_thread(wait, "bsls_ready == 1")

            async def delivering() -> bool:
                return bool((await status(url)).holder)

            await until(delivering, "the lease")
            await Feed(single, ServerKeys("backup", "a")).more(40)
            name = f'bsls_subscription="{NAME}"'
            await asyncio.to_thread(wait, f'bsls_push_deliveries_total{{{name}, bsls_push_outcome="delivered"}} == 40')
            lag = await asyncio.to_thread(wait, "bsls_events_delivery_lag_seconds_count == 40")
            assert lag[0]["metric"]["job"] == "dispatcher"
            assert value(await asyncio.to_thread(wait, "bsls_events_delivery_lag_seconds_sum")) < 40 * 60
            assert value(await asyncio.to_thread(wait, "process_memory_usage_bytes")) > 10e6
            phase = await asyncio.to_thread(wait, f'bsls_push_state{{{name}, bsls_push_phase="active"}} == 1')
            assert phase
            await asyncio.to_thread(wait, f"bsls_push_backlog{{{name}}} == 0")
            (target,) = await asyncio.to_thread(wait, "target_info")
            assert target["metric"]["service_name"] == "bsls-dispatcher"
            assert "password" not in str(target)
