"""A real Prometheus in the network of a pod, which scrapes what `manifests/monitoring` says."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import objects
from tests.demo import site
from tests.node.conftest import Site, process_of
from tests.servers.pod_monitor import install, scrape_config, targets_of
from tests.servers.prometheus import Prometheus

FOLDER = site.MANIFESTS / "monitoring"
Json = dict[str, Any]


@dataclass
class Monitored:
    """`files`: for each namespace with a monitor, what Prometheus takes for the pods that there are."""

    product: Site
    prometheus: Prometheus
    files: dict[str, Path]

    def discover(self) -> None:
        """As Prometheus does by itself where it watches Kubernetes."""
        for namespace, file in self.files.items():
            pods = self.product.get("pods", "-n", namespace)["items"]
            new = file.with_suffix(".new")
            new.write_text(json.dumps([target for pod in pods for target in targets_of(pod)]))
            new.rename(file)


@contextmanager
def monitored(product: Site, namespace: str, server: str, rules: str = "", **labels: str) -> Iterator[Monitored]:
    """In a pod of a new namespace with these labels; `server` is watched, besides the controller."""
    install(product.kubectl)
    product.kubectl("apply", "--server-side", "--validate=strict", "-k", str(FOLDER))
    product.kubectl("apply", "--server-side", "--validate=strict", "-n", server, "-k", str(FOLDER / "namespace"))
    product.apply(objects.namespace(namespace, **labels))
    product.kubectl("wait", "--for=create", "-n", namespace, "serviceaccount/default", "--timeout=30s")
    product.apply(objects.client_pod(namespace, "prometheus"))
    product.kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/prometheus", "--timeout=60s")
    pod = product.get("pod", "-n", namespace, "prometheus")
    monitors = [one for place in ("bsls-system", server) for one in product.get("podmonitors", "-n", place)["items"]]
    with tempfile.TemporaryDirectory() as scratch:
        files = {one["metadata"]["namespace"]: Path(scratch, f"{i}.json") for i, one in enumerate(monitors)}
        found = [scrape_config(one, files[one["metadata"]["namespace"]]) for one in monitors]
        with Prometheus({}, rules, found, (process_of(pod, "sleep"), pod["status"]["podIP"])) as running:
            made = Monitored(product, running, files)
            made.discover()
            yield made
    product.kubectl("delete", "namespace", namespace, "--wait=false")
