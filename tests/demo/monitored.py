"""A real Prometheus in the network of a pod, which scrapes what `manifests/monitoring` says. Used by demo and tests."""

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
from tests.servers.pod_monitor import install, scrape_config, targets_of
from tests.servers.prometheus import Prometheus

FOLDER = site.MANIFESTS / "monitoring"
Json = dict[str, Any]


@dataclass
class Monitored:
    """`files`: for each namespace with a monitor, what Prometheus takes for the pods that there are."""

    kubectl: site.Kubectl
    prometheus: Prometheus
    files: dict[str, Path]

    def discover(self) -> None:
        """As Prometheus does by itself where it watches Kubernetes."""
        for namespace, file in self.files.items():
            pods = _get(self.kubectl, "pods", "-n", namespace)["items"]
            new = file.with_suffix(".new")
            new.write_text(json.dumps([target for pod in pods for target in targets_of(pod)]))
            new.rename(file)


@contextmanager
def monitored(
    kubectl: site.Kubectl, namespace: str, server: str, rules: str = "", **labels: str
) -> Iterator[Monitored]:
    """In a pod of a new namespace with these labels; the servers of the namespace `server` are watched, besides the
    controller.
    """
    install(kubectl)
    kubectl("apply", "--server-side", "--validate=strict", "-k", str(FOLDER))
    kubectl("apply", "--server-side", "--validate=strict", "-n", server, "-k", str(FOLDER / "namespace"))
    kubectl("apply", "-f", "-", input=json.dumps(objects.namespace(namespace, **labels)))
    kubectl("wait", "--for=create", "-n", namespace, "serviceaccount/default", "--timeout=30s")
    kubectl("apply", "-f", "-", input=json.dumps(objects.client_pod(namespace, "prometheus")))
    kubectl("wait", "--for=condition=Ready", "-n", namespace, "pod/prometheus", "--timeout=60s")
    pod = _get(kubectl, "pod", "-n", namespace, "prometheus")
    monitors = [one for place in ("bsls-system", server) for one in _get(kubectl, "podmonitors", "-n", place)["items"]]
    with tempfile.TemporaryDirectory() as scratch:
        files = {one["metadata"]["namespace"]: Path(scratch, f"{i}.json") for i, one in enumerate(monitors)}
        found = [scrape_config(one, files[one["metadata"]["namespace"]]) for one in monitors]
        with Prometheus({}, rules, found, (site.process_of(pod, "sleep"), pod["status"]["podIP"])) as running:
            made = Monitored(kubectl, running, files)
            made.discover()
            yield made
    kubectl("delete", "namespace", namespace, "--wait=false")


def _get(kubectl: site.Kubectl, *what: str) -> Json:
    return dict(json.loads(kubectl("get", *what, "-o", "json")))
