"""Where the demo runs: the local one-node cluster, or a cluster of the user's."""

from __future__ import annotations

import argparse
import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.cluster import image
from tests.cluster.binaries import binary
from tests.cluster.node import Cluster, run_kubectl
from tests.cluster.redis_image import REDIS
from tests.demo.report import Report
from tests.demo.site import LOCAL_IMAGE
from tests.demo.vm import Kubectl
from tests.servers.seaweed import Seaweed

Storage = Seaweed


@dataclass(frozen=True)
class Place:
    """`host_ip`: this machine, as pods of the cluster see it."""

    kubectl: Kubectl
    kubeconfig: Path
    image: str
    client_image: str
    redis_image: str
    host_ip: str
    enforces_network_policy: bool

    @property
    def kubectl_path(self) -> Path:
        return binary("kubectl")

    def s3_url(self, storage: Storage) -> str:
        return storage.url_for(self.host_ip)


def local(report: Report, stack: contextlib.ExitStack) -> Place:
    """Bring the one-node cluster up; it ends with the stack."""
    with report.step("container images"):
        images = tuple(image.build_all())
    with report.step("one-node Kubernetes: etcd, apiserver, kubelet, containerd, DNS"):
        cluster = stack.enter_context(Cluster("node", images))
    report.say((cluster.logs / "timeline").read_text())
    return Place(cluster.kubectl, cluster.kubeconfig, LOCAL_IMAGE, image.CLIENT, REDIS, cluster.host_ip, True)


def yours(options: argparse.Namespace) -> Place:
    """A cluster that can pull the images named by IMAGE and CLIENT_IMAGE, and reach this machine."""
    if not options.image or not options.client_image:
        raise SystemExit(
            "make demo KUBECONFIG=… needs IMAGE=… and CLIENT_IMAGE=…: images that your cluster can pull "
            "(build them with the Containerfile)."
        )

    def kubectl(*args: str, input: str | None = None, check: bool = True, timeout: float = 120) -> str:
        return run_kubectl(options.kubeconfig, *args, input=input, check=check, timeout=timeout)

    server = kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    return Place(kubectl, options.kubeconfig, options.image, options.client_image, "", _address_towards(server), False)


def storage(_place: Place) -> Storage:
    return Seaweed()


def _address_towards(server: str) -> str:
    """Our address on the way to the apiserver; a datagram socket sends nothing by connecting."""
    parts = urlsplit(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((parts.hostname or "", parts.port or 443))
        return str(probe.getsockname()[0])
