"""A real Prometheus, in the network of a pod, finds what `manifests/monitoring` says and gets through the policies."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import objects
from tests.demo import site
from tests.node.conftest import Site
from tests.servers.pod_monitor import install, scrape_config
from tests.servers.prometheus import Prometheus

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME, MONITORING = "watched", "monitors"
FOLDER = site.MANIFESTS / "monitoring"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def monitors(product: Site) -> list[Json]:
    """Applied as documented; and a server for them to see."""
    product.new_server(NAME, product.user_line("alice@vm-1"))
    install(product.kubectl)
    product.kubectl("apply", "--server-side", "--validate=strict", "-k", str(FOLDER))
    product.kubectl("apply", "--server-side", "--validate=strict", "-n", NAME, "-k", str(FOLDER / "namespace"))
    product.wait(NAME, status="True", timeout=60)
    return list(product.get("podmonitors", "-A")["items"])


@pytest.fixture(scope="module")
def prometheus(product: Site, monitors: list[Json], prometheus_program: None) -> Iterator[Prometheus]:
    """In the network of a pod whose namespace has no label yet."""
    product.apply(objects.namespace(MONITORING))
    product.kubectl("wait", "--for=create", "-n", MONITORING, "serviceaccount/default", "--timeout=30s")
    product.apply(objects.client_pod(MONITORING, "prometheus"))
    product.kubectl("wait", "--for=condition=Ready", "-n", MONITORING, "pod/prometheus", "--timeout=60s")
    pod = product.get("pod", "-n", MONITORING, "prometheus")
    found = [scrape_config(one, product.get("pods", "-n", one["metadata"]["namespace"])["items"]) for one in monitors]
    with Prometheus({}, discovered=found, pod=(process_of(pod), pod["status"]["podIP"])) as running:
        yield running
    product.kubectl("delete", "namespace", MONITORING, "--wait=false")


def process_of(pod: Json) -> int:
    """The id of a process of this pod, as this machine sees it."""
    found = subprocess.run(["pgrep", "sleep"], capture_output=True, text=True, check=True)
    for pid in found.stdout.split():
        try:
            group = Path(f"/proc/{pid}/cgroup").read_text()
        except FileNotFoundError:  # ended meanwhile
            continue
        if f"pod{pod['metadata']['uid']}" in group:
            return int(pid)
    raise AssertionError(f"no process of {pod['metadata']['name']}")


def test_only_a_labelled_namespace_scrapes_controller_and_kopia(product: Site, prometheus: Prometheus) -> None:
    kopia = f'bsls_namespace="{NAME}", bsls_server="{NAME}", job="kopia-server", namespace="{NAME}"'
    targets = ['job="bsls-controller", namespace="bsls-system"', kopia]
    for target in targets:
        prometheus.wait(f"up{{{target}}} == 0")
    product.kubectl("label", "namespace", MONITORING, "oadp.openshift.io/metrics-client=true")
    for target in targets:
        prometheus.wait(f"up{{{target}}} == 1")
    prometheus.wait(f"kopia_blob_download_full_blob_bytes_total{{{kopia}}} > 0")
    prometheus.wait(f'bsls_server_available{{bsls_server="{NAME}", job="bsls-controller"}} == 1')
