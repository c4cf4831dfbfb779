"""A real Prometheus scrapes `bsls controller` and `bsls api` while they work, with the rights of their manifests."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

import pytest

from tests.apiserver.api_process import SERVER, Api, serving, wait_ready
from tests.apiserver.conftest import Controller
from tests.apiserver.place import Place
from tests.cluster.node import Cluster
from tests.servers.ports import free_ports
from tests.servers.prometheus import Prometheus
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]


def test_servers_are_seen_and_go_with_their_objects(controller: Controller, settled: Place, prometheus_program) -> None:
    of = f'bsls_namespace="{settled.namespace}", bsls_server="{settled.name}"'
    with Prometheus({"controller": controller.port}) as prometheus:
        prometheus.wait("bsls_ready == 1")
        prometheus.wait('bsls_servers{bsls_server_state="starting"} > 0')
        prometheus.wait(f"bsls_server_available{{{of}}} == 0")
        held = f'{of}, bsls_condition_type="StorageReady", bsls_condition_status="True"'
        prometheus.wait(f'bsls_server_condition{{{held}, bsls_condition_reason="StorageAnswers"}} == 1')
        prometheus.wait(f"bsls_certificate_remaining_seconds{{{of}}} > 300 * 86400")
        prometheus.wait('bsls_reconcile_duration_seconds_count{bsls_reconcile_result="success"} > 0')
        prometheus.wait('bsls_storage_probe_duration_seconds_count{bsls_probe_result="Ready"} > 0')
        prometheus.wait("bsls_reconcile_queue_depth >= 0")
        settled.kubectl("delete", "-n", settled.namespace, "bsls", settled.name)
        prometheus.wait(f"absent(bsls_server_available{{{of}}})")
    with urllib.request.urlopen(f"http://127.0.0.1:{controller.port}/metrics") as answer:
        text = answer.read().decode()
    assert not [secret for secret in controller.secrets if secret in text]


async def test_requests_are_counted_by_route_never_by_path(
    api_cluster: Cluster, api_tokens: dict[str, str], api_redis: RedisServer, prometheus_program, tmp_path: Path
) -> None:
    (port,) = free_ports(1)

    def watched() -> None:
        with (
            serving(api_cluster, api_redis.url, tmp_path, "--probe-port", str(port)) as running,
            Prometheus({"api": port}) as prometheus,
        ):
            wait_ready(running.url)
            api = Api(running.url, api_tokens, api_redis)

            async def ask() -> None:
                for _ in range(3):
                    await api.json("everything", SERVER)
                await api.json("", SERVER, 401)
                await api.json("everything", "/api/v1/made/up/path", 404)

            asyncio.run(ask())
            route = 'http_route="/api/v1/servers/{namespace}/{name}", url_scheme="http"'
            count = "http_server_request_duration_seconds_count"
            prometheus.wait(f'{count}{{{route}, http_response_status_code="200"}} == 3')
            prometheus.wait(f'{count}{{{route}, http_response_status_code="401"}} == 1')
            prometheus.wait(f'{count}{{http_route="", http_response_status_code="404"}} == 1')
            prometheus.wait('bsls_access_decisions_total{bsls_access_decision="unauthenticated"} == 1')
            prometheus.wait("bsls_stream_clients == 0 and bsls_stream_gaps_total == 0 and bsls_stream_away == 0")
            prometheus.wait("bsls_projections_held >= 2")  # all servers are read ahead
            assert not prometheus.query('{__name__=~".+", http_route=~".*made.*"}')

    await asyncio.to_thread(watched)
