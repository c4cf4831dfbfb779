"""Alerts of what only a real server can suffer: each is brought about, fires in a real Prometheus, and ends.

tests/servers/alerts.py says how waits and thresholds are shortened. Alerts that need no pod are provoked in
tests/apiserver/test_alerts.py and tests/dispatch/test_alerts.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.demo.monitored import Monitored, monitored
from tests.demo.vm import Vm
from tests.node.conftest import Site, frozen, kill_kopia
from tests.node.told import redis
from tests.servers.alerts import ends, fires, shortened

pytestmark = [pytest.mark.node, pytest.mark.timeout(400)]
NAME, ALICE, GROUP = "alerts", "alice@vm-1", "standing-still"
OF = {"bsls_namespace": NAME, "bsls_server": NAME}
CONTROLLER = ("-n", "bsls-system", "deployment/bsls-controller")


@pytest.fixture(scope="module")
def alice(product: Site, vm: Callable[..., Vm]) -> Vm:
    """Without a snapshot, and with a minute to make one; a consumer group that reads nothing waits for its events."""
    redis(product, "XGROUP", "CREATE", "bsls:events", GROUP, "0", "MKSTREAM")
    product.new_server(NAME, product.user_line(ALICE), objectives={"maxSnapshotAge": "1m"})
    product.wait(NAME, "UsersSynced", status="True")
    server = product.wait(NAME, "Available", status="True")
    client = vm(ALICE)
    client.connect(server["status"]["serviceURL"], server["status"]["tlsFingerprint"])
    client.make_data("/home/vm/alerts", megabytes=1)
    return client


@pytest.fixture(scope="module")
def watching(product: Site, alice: Vm, prometheus_program: None) -> Iterator[Monitored]:
    label = {"oadp.openshift.io/metrics-client": "true"}
    with monitored(product.kubectl, "alerted", NAME, shortened(window_s=20), **label) as found:
        found.prometheus.wait('bsls_server_available{bsls_server="alerts"} == 1')
        yield found


def maintain(product: Site) -> None:
    """A full maintenance by the server's own user, which its next start finds."""
    kopia = ("exec", "-n", NAME, f"deployment/{NAME}-kopia", "-c", "kopia", "--", "kopia")
    product.kubectl(*kopia, "maintenance", "run", "--full", "--safety=none", timeout=120)
    product.kubectl("delete", "pod", "-n", NAME, product.pod(NAME)["metadata"]["name"])
    product.wait(NAME, "Available", status="True", timeout=90)


def set_password(product: Site, password: str) -> None:
    product.patch("secret", f"{NAME}-password", json.dumps({"stringData": {"password": password}}), NAME)


def test_a_server_that_cannot_open_its_repository(product: Site, watching: Monitored) -> None:
    maintain(product)  # seen below: it takes a while to be too long ago
    set_password(product, "not the password")
    fires(watching.prometheus, "BslsRepositoryError", 60, **OF)
    fires(watching.prometheus, "BslsServerDown", **OF)
    set_password(product, f"repository of {NAME}")
    ends(watching.prometheus, "BslsRepositoryError", 90, **OF)
    ends(watching.prometheus, "BslsServerDown", **OF)


def test_a_redis_that_stands_still_while_kopia_restarts(product: Site, alice: Vm, watching: Monitored) -> None:
    """Twice, so that the kubelet drops a log that nobody could publish."""
    with frozen(product):
        for _ in range(2):
            alice.run("kopia", "snapshot", "list")
            kill_kopia(product, NAME)
            product.wait(NAME, "Available", status="False")
            product.wait(NAME, "Available", status="True", timeout=120)
        fires(watching.prometheus, "BslsEventStoreAway", 60)
    fires(watching.prometheus, "BslsEventsLost", 60, bsls_events_loss="log")
    fires(watching.prometheus, "BslsEventsLate", 60)
    for alert in ("BslsEventStoreAway", "BslsEventsLost", "BslsEventsLate"):
        ends(watching.prometheus, alert)


def test_a_tenant_without_a_snapshot(product: Site, alice: Vm, watching: Monitored) -> None:
    fires(watching.prometheus, "BslsTenantsOverdue", 90, **OF)
    alice.snapshot("/home/vm/alerts")
    ends(watching.prometheus, "BslsTenantsOverdue", **OF)


def test_a_maintenance_too_long_ago(product: Site, watching: Monitored) -> None:
    fires(watching.prometheus, "BslsMaintenanceMissed", 60, bsls_maintenance_mode="full", **OF)
    maintain(product)
    ends(watching.prometheus, "BslsMaintenanceMissed", bsls_maintenance_mode="full", **OF)


def test_a_consumer_that_reads_nothing(product: Site, watching: Monitored) -> None:
    fires(watching.prometheus, "BslsEventsBacklog", 90, bsls_consumer_group=GROUP)
    redis(product, "XGROUP", "DESTROY", "bsls:events", GROUP)
    ends(watching.prometheus, "BslsEventsBacklog", 90, bsls_consumer_group=GROUP)


def test_a_controller_that_is_gone(product: Site, watching: Monitored) -> None:
    product.kubectl("scale", *CONTROLLER, "--replicas=0")
    try:
        fires(watching.prometheus, "BslsControllerDown", 60)
    finally:
        product.kubectl("scale", *CONTROLLER, "--replicas=1")
        product.kubectl("rollout", "status", *CONTROLLER, "--timeout=90s", timeout=100)
    watching.discover()
    ends(watching.prometheus, "BslsControllerDown")
