"""NetworkPolicies hold on the local cluster: what one allows gets through, what none allows does not."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import repeat
from typing import Any

import pytest

from tests.cluster.image import CLIENT
from tests.cluster.node import Cluster

pytestmark = pytest.mark.node

Json = dict[str, Any]
HOME, FRIENDS, STRANGERS = "netpol-home", "netpol-friends", "netpol-strangers"
WEB, ADMIN = 8080, 9090
PATIENCE_S = 10.0  # an enforcer needs about one second; a busy machine more
_SERVE = f"mkdir /tmp/w; echo ok > /tmp/w/index.html; httpd -p {ADMIN} -h /tmp/w; exec httpd -f -p {WEB} -h /tmp/w"
_REACH = r"""
for url in "$@"; do
  printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "${url%:*}" "${url#*:}" 2>/dev/null | grep -q HTTP && echo "$url" &
done
wait
"""  # not wget: the static one of Debian crashes

SERVER, NEIGHBOUR = f"{HOME}/server", f"{HOME}/neighbour"
FRIEND_VM, FRIEND_OTHER = f"{FRIENDS}/vm", f"{FRIENDS}/other"
STRANGER_VM = f"{STRANGERS}/vm"
CLIENTS = frozenset({NEIGHBOUR, FRIEND_VM, FRIEND_OTHER, STRANGER_VM})

FRIENDLY: Json = {"namespaceSelector": {"matchLabels": {"friend": "true"}}}
VMS: Json = {"podSelector": {"matchLabels": {"app": "vm"}}}
NEIGHBOURS: Json = {"podSelector": {"matchLabels": {"app": "neighbour"}}}


def _tcp(port: int | str, **more: Any) -> Json:
    return {"protocol": "TCP", "port": port, **more}


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Silence on standard error."""


@dataclass(frozen=True)
class Site:
    """The pods of this module, and a server on the machine outside of the cluster."""

    cluster: Cluster
    addresses: dict[str, str]
    service: str
    outside: str

    def web(self, pod: str) -> str:
        return f"{self.addresses[pod]}:{WEB}"

    def admin(self, pod: str) -> str:
        return f"{self.addresses[pod]}:{ADMIN}"

    def reached(self, source: str, *urls: str) -> set[str]:
        namespace, pod = source.split("/")
        command = ("exec", "-n", namespace, pod, "--", "sh", "-c", _REACH, "reach", *urls)
        return set(self.cluster.kubectl(*command).split())

    def expect(self, source: str, *, reaches: list[str], refused: list[str]) -> None:
        """Soon, `source` reaches exactly these."""
        wanted, urls = set(reaches), [*reaches, *refused]
        _soon(lambda: self.reached(source, *urls), wanted, f"what {source} reaches")

    def expect_clients(self, url: str, wanted: set[str]) -> None:
        """Soon, exactly these of all clients reach `url`."""

        def measure() -> set[str]:
            with ThreadPoolExecutor() as pool:
                found = list(pool.map(self.reached, CLIENTS, repeat(url)))
            return {one for one, urls in zip(CLIENTS, found, strict=True) if urls}

        _soon(measure, wanted, f"who reaches {url}")

    def apply(self, **spec: Any) -> None:
        """Replace the one policy of the home namespace."""
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "under-test", "namespace": HOME},
            "spec": {"podSelector": {"matchLabels": {"app": "server"}}, **spec},
        }
        self.forget()
        self.cluster.kubectl("create", "-f", "-", input=json.dumps(policy))

    def forget(self) -> None:
        self.cluster.kubectl("delete", "networkpolicy", "--all", "-n", HOME)


def _soon(measure: Any, wanted: set[str], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := measure()) != wanted:
        assert time.monotonic() < deadline, f"{what}: {sorted(found)}, not {sorted(wanted)}"
    assert measure() == wanted, f"{what}: it did not last"


def _namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def _pod(where: str, app: str) -> Json:
    namespace, name = where.split("/")
    probe = {"httpGet": {"port": WEB, "path": "/"}, "periodSeconds": 1}
    container = {
        "name": "main", "image": CLIENT, "imagePullPolicy": "Never", "command": ["sh", "-c", _SERVE],
        "ports": [{"name": "web", "containerPort": WEB}, {"name": "admin", "containerPort": ADMIN}],
        "readinessProbe": probe,
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


_PODS = {SERVER: "server", NEIGHBOUR: "neighbour", FRIEND_VM: "vm", FRIEND_OTHER: "other", STRANGER_VM: "vm"}
_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "server", "namespace": HOME},
    "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": "web"}]},
}


@pytest.fixture(scope="module")
def place(node_cluster: Cluster) -> Iterator[Site]:
    spaces = [_namespace(HOME), _namespace(FRIENDS, friend="true"), _namespace(STRANGERS)]
    things = {"apiVersion": "v1", "kind": "List", "items": [_pod(where, app) for where, app in _PODS.items()]}
    outside = HTTPServer((node_cluster.host_ip, 0), _Answer)
    threading.Thread(target=outside.serve_forever, daemon=True).start()
    try:
        for space in spaces:
            node_cluster.kubectl("create", "-f", "-", input=json.dumps(space))
            name = space["metadata"]["name"]
            node_cluster.kubectl("wait", "--for=create", "-n", name, "serviceaccount/default", "--timeout=30s")
        node_cluster.kubectl("create", "-f", "-", input=json.dumps(things))
        node_cluster.kubectl("create", "-f", "-", input=json.dumps(_SERVICE))
        for name in (HOME, FRIENDS, STRANGERS):
            node_cluster.kubectl(
                "wait", "--for=condition=Ready", "-n", name, "pod", "--all", "--timeout=60s", timeout=70
            )
        yield Site(
            node_cluster,
            {where: _field(node_cluster, where, "pod", "{.status.podIP}") for where in _PODS},
            _field(node_cluster, SERVER, "service", "{.spec.clusterIP}") + ":80",
            f"{node_cluster.host_ip}:{outside.server_port}",
        )
    finally:
        outside.shutdown()
        outside.server_close()
        node_cluster.kubectl("delete", "namespace", HOME, FRIENDS, STRANGERS, "--wait=false", "--ignore-not-found")


def _field(cluster: Cluster, where: str, kind: str, path: str) -> str:
    namespace, name = where.split("/")
    return cluster.kubectl("get", kind, name, "-n", namespace, "-o", f"jsonpath={path}")


@pytest.fixture
def site(place: Site) -> Iterator[Site]:
    yield place
    place.forget()


def test_without_a_policy_everybody_reaches_everything(site: Site) -> None:
    site.expect_clients(site.web(SERVER), set(CLIENTS))
    site.expect(SERVER, reaches=[site.web(FRIEND_VM), site.service, site.outside], refused=[])


def test_a_policy_without_rules_refuses_all_and_leaves_probes_and_other_pods_alone(site: Site) -> None:
    restarts = _field(site.cluster, SERVER, "pod", "{.status.containerStatuses[0].restartCount}")
    site.apply(policyTypes=["Ingress", "Egress"])
    site.expect_clients(site.web(SERVER), set())
    site.expect_clients(site.service, set())
    site.expect_clients(site.web(NEIGHBOUR), set(CLIENTS))
    site.expect(SERVER, reaches=[], refused=[site.web(NEIGHBOUR), site.outside])
    ready = "{.status.conditions[?(@.type=='Ready')].status}"
    assert _field(site.cluster, SERVER, "pod", ready) == "True", "the kubelet's probes must pass"
    assert _field(site.cluster, SERVER, "pod", "{.status.containerStatuses[0].restartCount}") == restarts


@pytest.mark.parametrize(
    ("peers", "wanted"),
    [
        ([FRIENDLY], {FRIEND_VM, FRIEND_OTHER}),
        ([NEIGHBOURS], {NEIGHBOUR}),
        ([VMS], set()),  # of its own namespace only, which has none
        ([{**FRIENDLY, **VMS}], {FRIEND_VM}),
        ([FRIENDLY, NEIGHBOURS], {FRIEND_VM, FRIEND_OTHER, NEIGHBOUR}),
        ([{"namespaceSelector": {}, **VMS}], {FRIEND_VM, STRANGER_VM}),
        ([], set(CLIENTS)),
    ],
    ids=["namespace", "pod", "pod of another namespace", "both", "either", "pod anywhere", "no peers: all"],
)
def test_ingress_by_selector_directly_and_by_service(site: Site, peers: list[Json], wanted: set[str]) -> None:
    site.apply(ingress=[{"from": peers} if peers else {}])
    site.expect_clients(site.web(SERVER), wanted)
    site.expect_clients(site.service, wanted)


@pytest.mark.parametrize(
    "port",
    [_tcp(WEB), _tcp("web"), _tcp(WEB - 10, endPort=WEB + 10)],
    ids=["number", "name", "range"],
)
def test_ingress_by_port(site: Site, port: Json) -> None:
    site.apply(ingress=[{"ports": [port]}])
    site.expect(FRIEND_VM, reaches=[site.web(SERVER)], refused=[site.admin(SERVER)])


def test_ingress_by_address_with_an_exception(site: Site) -> None:
    block = {"cidr": "10.244.0.0/16", "except": [f"{site.addresses[STRANGER_VM]}/32"]}
    site.apply(ingress=[{"from": [{"ipBlock": block}]}])
    site.expect_clients(site.web(SERVER), set(CLIENTS - {STRANGER_VM}))


def test_egress_by_selector_and_port(site: Site) -> None:
    site.apply(policyTypes=["Egress"], egress=[{"to": [{**FRIENDLY, **VMS}], "ports": [_tcp("web")]}])
    refused = [site.admin(FRIEND_VM), site.web(FRIEND_OTHER), site.web(STRANGER_VM), site.outside]
    site.expect(SERVER, reaches=[site.web(FRIEND_VM)], refused=refused)
    site.expect_clients(site.web(SERVER), set(CLIENTS))


def test_egress_to_storage_outside_and_to_dns_only(site: Site) -> None:
    """What our own policy grants the Kopia pod: the name service, and one address and port."""
    host, port = site.outside.split(":")
    storage = {"to": [{"ipBlock": {"cidr": f"{host}/32"}}], "ports": [_tcp(int(port))]}
    name_service = {"ports": [{"protocol": "UDP", "port": 53}, _tcp(53)]}
    refused = [site.web(NEIGHBOUR), f"{site.cluster.node_ip}:6443"]

    site.apply(policyTypes=["Egress"], egress=[storage])
    site.expect(SERVER, reaches=[site.outside], refused=refused)
    assert not _resolves(site), "the name service is on the node and was not granted"

    site.apply(policyTypes=["Egress"], egress=[storage, name_service])
    site.expect(SERVER, reaches=[site.outside], refused=refused)
    assert _resolves(site)


def _resolves(site: Site) -> bool:
    lookup = "timeout 2 nslookup kubernetes.default.svc.cluster.local >/dev/null && echo yes || echo no"
    return site.cluster.kubectl("exec", "-n", HOME, "server", "--", "sh", "-c", lookup).strip() == "yes"


def test_labels_and_new_pods_are_followed(site: Site) -> None:
    site.apply(ingress=[{"from": [FRIENDLY]}])
    site.expect_clients(site.web(SERVER), {FRIEND_VM, FRIEND_OTHER})
    site.cluster.kubectl("label", "namespace", STRANGERS, "friend=true")
    site.expect_clients(site.web(SERVER), {FRIEND_VM, FRIEND_OTHER, STRANGER_VM})
    site.cluster.kubectl("label", "namespace", STRANGERS, "friend-")
    site.expect_clients(site.web(SERVER), {FRIEND_VM, FRIEND_OTHER})

    late = f"{HOME}/late"
    site.cluster.kubectl("create", "-f", "-", input=json.dumps(_pod(late, "server")))
    try:
        wait = ("wait", "--for=condition=Ready", "-n", HOME, "pod/late", "--timeout=30s")
        site.cluster.kubectl(*wait)
        address = _field(site.cluster, late, "pod", "{.status.podIP}")
        site.expect_clients(f"{address}:{WEB}", {FRIEND_VM, FRIEND_OTHER})
    finally:
        site.cluster.kubectl("delete", "pod", "late", "-n", HOME, "--wait=false")


def test_a_pod_reaches_itself_by_its_own_service(site: Site) -> None:
    site.apply(policyTypes=["Ingress", "Egress"])
    site.expect(SERVER, reaches=[site.service], refused=[site.outside])
