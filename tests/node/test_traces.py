"""A change of a Secret, what the controller and Kopia make of it, and the event that tells of it, are one trace; so are
a client's session and its snapshots. All of it arrives at a receiver of OTLP outside of the cluster.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests import objects
from tests.demo.vm import Vm
from tests.node.conftest import Site
from tests.node.told import Told, redis
from tests.servers.otlp import Otlp, Span
from tests.servers.ports import wait_until

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME, ALICE, BOB = "traces", "alice@vm-1", "bob@vm-2"
OF = {"bsls__namespace": NAME, "bsls__server": NAME}


def _restart(product: Site) -> None:
    product.kubectl("rollout", "restart", "-n", "bsls-system", "deployment/bsls-controller")
    product.kubectl(
        "rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s", timeout=100
    )


@pytest.fixture(scope="module")
def receiver(product: Site) -> Iterator[Otlp]:
    with Otlp("0.0.0.0") as made:
        endpoint = f"http://{product.cluster.host_ip}:{made.grpc_port}"
        settings = made.grpc_environment | {
            "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
            "BSLS_KOPIA_OTLP_ENDPOINT": endpoint,
        }
        place = {"namespace": "bsls-system", "name": "bsls-telemetry"}
        product.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": settings})
        _restart(product)
        try:
            product.new_server(NAME, product.user_line(ALICE))
            product.wait(NAME, "UsersSynced", status="True")
            yield made
        finally:
            product.kubectl("delete", "configmap", "-n", "bsls-system", "bsls-telemetry")
            _restart(product)


def test_a_change_of_the_user_list_is_one_trace_up_to_its_event(product: Site, receiver: Otlp) -> None:
    receiver.spans.clear()
    product.apply(objects.secret(NAME, f"{NAME}-users", {"users": product.user_line(ALICE) + product.user_line(BOB)}))
    change = receiver.wait("change", bsls__changed=f"Secret {NAME}/{NAME}-users", **OF)[0]

    wanted = {"reconcile", "sync", "kopia put_manifest", "kopia flush", "publish"}
    deadline = time.monotonic() + 30
    while missing := wanted - {one.name for one in receiver.of_trace(change.trace)}:
        assert time.monotonic() < deadline, (missing, [(one.name, one.trace[:6]) for one in receiver.spans])
        time.sleep(0.1)
    spans = receiver.of_trace(change.trace)
    by_id = {one.span: one for one in spans}

    def above(one: Span) -> list[str]:
        names = []
        while one.parent in by_id:
            one = by_id[one.parent]
            names.append(one.name)
        return names

    put = next(one for one in spans if one.name == "kopia put_manifest")
    assert above(put)[:3] == ["sync", "reconcile", "change"]
    assert not change.parent
    told = Told(product, NAME, [])

    def synced() -> list[str]:
        return [one["traceparent"] for one in told.events()
                if ".users.synced." in one["type"] and one["data"]["desired"] == 2]  # fmt: skip

    wait_until(synced, "the event", 30)
    assert synced()[0].split("-")[1] == change.trace
    kept = redis(product, "XRANGE", f"bsls:{{{NAME}/{NAME}}}:spans", "-", "+").splitlines()
    stories = [json.loads(line) for line in kept if line.startswith("[")]
    assert {"change", "sync"} <= {one["name"] for story in stories for one in story if one["trace"] == change.trace}
    resource = change.resource
    assert resource["service.name"] == "bsls-controller"
    assert resource["k8s.namespace.name"] == "bsls-system"
    assert resource["k8s.pod.name"].startswith("bsls-controller-")
    everything = json.dumps([one.__dict__ for one in receiver.spans])
    assert not [secret for secret in product.passwords.values() if secret in everything]


def test_kopias_own_spans_join(receiver: Otlp) -> None:
    """Kopia ends its spans in batches of its own pace."""

    def joined() -> list[Span]:
        ours = {one.span for one in receiver.named("kopia put_manifest")}
        return [one for one in receiver.named("GRPCSession.PutManifest") if one.parent in ours]

    wait_until(joined, "Kopia's spans", 60)
    assert joined()[0].resource["bsls.server"] == NAME


def test_a_session_and_its_snapshots_are_one_trace(product: Site, receiver: Otlp, vm: Callable[..., Vm]) -> None:
    client = vm(ALICE)
    status = product.wait(NAME, "Available", status="True")["status"]
    client.connect(status["serviceURL"], status["tlsFingerprint"])
    client.make_data("/home/vm/traces", megabytes=1)
    client.snapshot("/home/vm/traces")
    snapshot = receiver.wait("snapshot", bsls__tenant=ALICE, bsls__path="/home/vm/traces", **OF)[0]

    def session() -> list[Span]:
        return [one for one in receiver.named("session", bsls__tenant=ALICE) if one.trace == snapshot.trace]

    wait_until(session, "the session", 30)
    (parent,) = session()
    assert snapshot.parent == parent.span
    assert parent.start <= snapshot.start + 1e9
    created = [one for one in Told(product, NAME, [ALICE]).events() if ".snapshot.created." in one["type"]]
    assert created[-1]["traceparent"].split("-")[1:3] == [snapshot.trace, snapshot.span]
