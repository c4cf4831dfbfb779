"""The monitors apply beside the rest; they select the pods of every process and server, by a port that these have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apiserver.place import Place
from tests.cluster.node import Cluster
from tests.demo import site
from tests.servers import pod_monitor

pytestmark = pytest.mark.apiserver
FOLDER = site.MANIFESTS / "monitoring"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def monitored(api_cluster: Cluster) -> Cluster:
    pod_monitor.install(api_cluster.kubectl)
    return api_cluster


def applied(cluster: Cluster, folder: str, namespace: str) -> Json:
    """Spec of the monitor, as the apiserver took it."""
    kubectl = cluster.kubectl
    kubectl("apply", "--server-side", "--validate=strict", "-n", namespace, "-k", str(FOLDER / folder))
    (found,) = json.loads(kubectl("get", "podmonitors", "-n", namespace, "-o", "json"))["items"]
    return dict(found["spec"])


def selected(cluster: Cluster, monitor: Json, namespace: str) -> set[str]:
    """Deployments whose pods are selected, each by a port that they have. No pod runs here, so by the labels that a
    Deployment and its pods have in common."""
    wanted = pod_monitor.values_of(monitor["selector"])
    words = ",".join(f"{key} in ({','.join(values)})" for key, values in wanted.items())
    found = json.loads(cluster.kubectl("get", "deployments", "-n", namespace, "-l", words, "-o", "json"))["items"]
    for one in found:
        pod = one["spec"]["template"]
        assert all(pod["metadata"]["labels"][key] in values for key, values in wanted.items())
        ports = [port["name"] for container in pod["spec"]["containers"] for port in container["ports"]]
        assert ports.count(monitor["podMetricsEndpoints"][0]["port"]) == 1
    return {one["metadata"]["name"] for one in found}


def test_every_process_is_selected(monitored: Cluster) -> None:
    site.install(monitored.kubectl, wait=False)
    for folder in ("api", "dispatcher"):
        monitored.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(site.MANIFESTS / folder))
    monitor = applied(monitored, "", "bsls-system")
    assert selected(monitored, monitor, "bsls-system") == {"bsls-controller", "bsls-api", "bsls-dispatcher"}


def test_a_server_is_selected(monitored: Cluster, settled: Place) -> None:
    monitor = applied(monitored, "namespace", settled.namespace)
    assert f"{settled.name}-kopia" in selected(monitored, monitor, settled.namespace)


def test_a_misspelt_field_is_refused(monitored: Cluster) -> None:
    text = (FOLDER / "pod_monitor.yaml").read_text().replace("jobLabel", "joblabel")
    with pytest.raises(AssertionError, match="joblabel"):
        monitored.kubectl("apply", "--validate=strict", "-f", "-", input=text)
