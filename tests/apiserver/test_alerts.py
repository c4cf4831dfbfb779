"""Alerts that need no pod: each is brought about for the real controller or API, fires in Prometheus, and ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.controller.certificates import mint_ca
from tests import objects
from tests.apiserver.api_process import SERVER, Api, serving, wait_ready
from tests.apiserver.conftest import Controller, settle
from tests.apiserver.place import Place
from tests.cluster.node import Cluster
from tests.servers.alerts import ends, fires, shortened
from tests.servers.ports import free_ports
from tests.servers.prometheus import Prometheus
from tests.servers.redis import RedisServer
from tests.servers.tls import leaf_for

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def prometheus(controller: Controller, prometheus_program: None) -> Iterator[Prometheus]:
    with Prometheus({"controller": controller.port}, shortened(window_s=10)) as running:
        running.wait("bsls_ready == 1")
        yield running


def of(place: Place) -> dict[str, str]:
    return {"bsls_namespace": place.namespace, "bsls_server": place.name}


def certificate(place: Place, days: int) -> objects.Json:
    ca = mint_ca("the users' own", datetime.now(UTC))
    leaf = leaf_for(ca, [f"{place.name}.{place.namespace}.svc"], lifetime=timedelta(days=days))
    data: dict[str, str | bytes] = {"tls.crt": leaf.certificate, "tls.key": leaf.key}
    return objects.secret(place.namespace, f"{place.name}-given", data, "kubernetes.io/tls")


def test_a_certificate_that_ends_soon(place: Place, prometheus: Prometheus) -> None:
    place.build(certificate(place, days=13), tls={"secretName": f"{place.name}-given"})
    found = fires(prometheus, "BslsCertificateExpiring", **of(place))
    assert found["metric"]["severity"] == "warning"
    place.apply(certificate(place, days=90))
    ends(prometheus, "BslsCertificateExpiring", **of(place))


def test_a_line_of_the_user_list_that_is_wrong(place: Place, prometheus: Prometheus) -> None:
    place.build(place.users("alice@vm1 without a hash\n"))
    fires(prometheus, "BslsUsersRejected", bsls_entry_state="rejected", **of(place))
    place.apply(place.users())
    ends(prometheus, "BslsUsersRejected", **of(place))


def test_a_server_whose_location_went_away(place: Place, prometheus: Prometheus) -> None:
    place.build()
    settle(place)
    place.delete("bsl", place.location)
    fires(prometheus, "BslsServerDegraded", bsls_condition_type="Degraded", **of(place))
    place.apply(place.bsl())
    ends(prometheus, "BslsServerDegraded", **of(place))


async def test_an_api_that_cannot_answer(
    api_cluster: Cluster, api_tokens: dict[str, str], prometheus_program: None, tmp_path: Path
) -> None:
    """Its Redis is gone, then back."""

    async def ask(api: Api, path: str, status: int, times: int) -> None:
        """Until that often the answer was this one, over a few scrapes."""
        async with asyncio.timeout(60):
            while times:
                async with api.get("everything", path) as response:
                    times -= response.status == status
                await asyncio.sleep(0.3)

    def provoked() -> None:
        with RedisServer() as redis:
            (port,) = free_ports(1)
            with (
                serving(api_cluster, redis.url, tmp_path, "--probe-port", str(port)) as running,
                Prometheus({"api": port}, shortened(window_s=10)) as prometheus,
            ):
                wait_ready(running.url)
                api = Api(running.url, api_tokens, redis)
                redis.stop()  # the first answer is no rate yet: Prometheus has to see the count grow
                asyncio.run(ask(api, f"{SERVER}/events", 503, 1))
                prometheus.wait('http_server_request_duration_seconds_count{http_response_status_code="503"} > 0')
                asyncio.run(ask(api, f"{SERVER}/events", 503, 10))
                fires(prometheus, "BslsApiErrors")
                redis.start()
                asyncio.run(ask(api, SERVER, 200, 3))
                ends(prometheus, "BslsApiErrors")

    await asyncio.to_thread(provoked)
