"""A real Prometheus tells that a sink refuses events, until its dead letters are seen to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.events.connection import Client
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Receiver
from tests.dispatch.running import NAME, bsls, process, status, subscription, write
from tests.events.helpers import until
from tests.servers.alerts import ends, fires, shortened
from tests.servers.ports import free_ports
from tests.servers.prometheus import Prometheus
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers


async def test_dead_letters_raise_an_alert_until_they_are_delivered(
    single: Client, redis_server: RedisServer, prometheus_program: None, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    url, refusing = redis_server.url, True
    async with Receiver(lambda _one: 400 if refusing else 204) as receiver:
        config = write(tmp_path / "config.yaml", subscription(receiver.url))
        await Feed(single, ServerKeys("backup", "a")).more(3)
        with process(config, url, port, tmp_path / "log"):

            async def refused() -> bool:
                return (await status(url)).dead_letters == 3

            await until(refused, "three dead letters", timeout=30)
        refusing = False
        with (  # a new one looks at once
            process(config, url, port, tmp_path / "log"),
            Prometheus({"dispatcher": port}, shortened(window_s=10)) as prometheus,
        ):
            await asyncio.to_thread(fires, prometheus, "BslsPushFailing", bsls_subscription=NAME)
            done = await asyncio.to_thread(bsls, "dead-letters", "redeliver", NAME, "--all", url=url)
            assert done.returncode == 0, done.stderr
            await asyncio.to_thread(ends, prometheus, "BslsPushFailing")

            async def taken() -> bool:
                return len(receiver.taken) == 3

            await until(taken, "all three, once the lease of the killed process is over", timeout=60)
