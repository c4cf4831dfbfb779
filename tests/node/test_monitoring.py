"""A real Prometheus, in the network of a pod, finds what `manifests/monitoring` says and gets through the policies."""

from __future__ import annotations

import pytest

from tests.demo.monitored import monitored
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME, MONITORING = "watched", "monitors"


def test_only_a_labelled_namespace_scrapes_controller_and_kopia(product: Site, prometheus_program: None) -> None:
    product.new_server(NAME, product.user_line("alice@vm-1"))
    product.wait(NAME, status="True", timeout=60)
    kopia = f'bsls_namespace="{NAME}", bsls_server="{NAME}", job="kopia-server", namespace="{NAME}"'
    targets = ['job="bsls-controller", namespace="bsls-system"', kopia]
    with monitored(product.kubectl, MONITORING, NAME) as watching:
        wait = watching.prometheus.wait
        for target in targets:
            wait(f"up{{{target}}} == 0")
        product.kubectl("label", "namespace", MONITORING, "oadp.openshift.io/metrics-client=true")
        for target in targets:
            wait(f"up{{{target}}} == 1")
        wait(f"kopia_blob_download_full_blob_bytes_total{{{kopia}}} > 0")
        wait(f'bsls_server_available{{bsls_server="{NAME}", job="bsls-controller"}} == 1')
