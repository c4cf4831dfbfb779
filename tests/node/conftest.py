"""One cluster for all tests of this folder, with the product installed by its manifests and nothing else."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.crd.constants import CLIENT_LABEL, CLIENT_LABEL_VALUE
from backend.kopia.users import hash_password
from tests import objects
from tests.cluster.node import Cluster
from tests.cluster.redis_image import REDIS
from tests.demo import site
from tests.demo.vm import Vm
from tests.servers.seaweed import Seaweed

Json = dict[str, Any]
VM_NS, OTHER_NS = "virtual-machines", "elsewhere"


@dataclass
class Site:
    """The installed product. `new_server` makes bucket, location, Secrets and server under one name."""

    cluster: Cluster
    s3: Seaweed
    passwords: dict[str, str] = field(default_factory=dict)

    def kubectl(self, *args: str, **options: Any) -> str:
        return self.cluster.kubectl(*args, **options)

    def apply(self, *items: Json) -> None:
        self.kubectl("apply", "-f", "-", input=objects.to_list(*items))

    def user_line(self, user: str) -> str:
        self.passwords.setdefault(user, secrets.token_urlsafe(9))
        return hash_password(user, self.passwords[user]) + "\n"

    def new_server(self, name: str, users: str = "# no users\n", *, bsl: Json | None = None, **spec: Any) -> None:
        """Namespace, bucket, BSL and server are all called `name`."""
        bucket = self.s3.create_bucket(name)
        site.admit(self.kubectl, name)
        credentials = objects.aws_credentials(self.s3.access_key, self.s3.secret_key)
        self.apply(
            objects.secret(name, f"{name}-credentials", {"cloud": credentials}),
            objects.bsl(name, name, bucket, self.s3.url_for(self.cluster.host_ip), **(bsl or {})),
            objects.secret(name, f"{name}-password", {"password": f"repository of {name}"}),
            objects.secret(name, f"{name}-users", {"users": users}),
            objects.server(name, name, name, prefix="vms", **spec),
        )

    def wait(self, name: str, kind: str = "Available", **wanted: Any) -> Json:
        return site.wait_for(self.kubectl, name, name, kind, **wanted)

    def get(self, *what: str) -> Json:
        return dict(json.loads(self.kubectl("get", *what, "-o", "json")))

    def pod(self, name: str) -> Json:
        """The newest pod of a server."""
        label = f"oadp.openshift.io/backup-storage-location-server={name}"
        pods = self.get("pods", "-n", name, "-l", label)["items"]
        return max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def patch(self, kind: str, name: str, patch: str, namespace: str | None = None) -> None:
        self.kubectl("patch", kind, "-n", namespace or name, name, "--type=merge", "-p", patch)


@pytest.fixture(scope="session")
def product(node_cluster: Cluster, seaweed: Seaweed) -> Iterator[Site]:
    site.install_redis(node_cluster.kubectl, REDIS)
    site.install(node_cluster.kubectl)
    found = Site(node_cluster, seaweed)
    found.apply(objects.namespace(VM_NS, **{CLIENT_LABEL: CLIENT_LABEL_VALUE}), objects.namespace(OTHER_NS))
    for namespace in (VM_NS, OTHER_NS):
        found.kubectl("wait", "--for=create", "-n", namespace, "serviceaccount/default", "--timeout=30s")
    found.apply(objects.client_pod(VM_NS, "vm-1"), objects.client_pod(VM_NS, "vm-2"), objects.client_pod(OTHER_NS, "x"))
    for namespace in (VM_NS, OTHER_NS):
        found.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod", "--all", "--timeout=60s")
    yield found
    log = node_cluster.logs / "controller.log"
    log.write_text(node_cluster.kubectl("logs", "-n", "bsls-system", "deployment/bsls-controller", check=False))


@pytest.fixture(scope="module", autouse=True)
def nobody_ran_out_of_memory(product: Site) -> Iterator[None]:
    """A controller that is ended again and again still does a little each time: no other test need fail."""
    yield
    held = product.get("pods", "-n", "bsls-system")["items"]
    ended = [one for pod in held for one in pod["status"].get("containerStatuses") or ()]
    assert not [one["name"] for one in ended if "OOMKilled" in json.dumps([one["state"], one["lastState"]])]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure: what the product was doing."""
    report = yield
    if report.failed and isinstance(found := getattr(item, "funcargs", {}).get("product"), Site):
        report.sections.append(("pods", found.kubectl("get", "pods", "-A", "-o", "wide", check=False)))
        controller = ("-n", "bsls-system", "deployment/bsls-controller", "--tail=60")
        report.sections.append(("controller", found.kubectl("logs", *controller, check=False)))
    return report


@pytest.fixture(scope="session")
def vm(product: Site) -> Callable[..., Vm]:
    def make(user: str, pod: str = "vm-1", namespace: str = VM_NS) -> Vm:
        return Vm(product.kubectl, namespace, pod, user, product.passwords[user])

    return make


def signal_process(pod: Json, pattern: str, number: int) -> None:
    """To a process of a pod, from outside of its container, once it runs."""
    os.kill(site.process_of(pod, pattern), number)


def kill_kopia(product: Site, name: str) -> None:
    signal_process(product.pod(name), "kopia server start", signal.SIGKILL)


def redis_pod(product: Site) -> Json:
    (pod,) = product.get("pods", "-n", "bsls-system", "-l", "app.kubernetes.io/name=bsls-redis")["items"]
    return dict(pod)


@contextmanager
def frozen(product: Site) -> Iterator[None]:
    """Redis stands still: it takes connections and answers nothing."""
    pod = redis_pod(product)
    signal_process(pod, "redis-server", signal.SIGSTOP)
    try:
        yield
    finally:
        signal_process(pod, "redis-server", signal.SIGCONT)
