"""Pods that serve and call each other, to see what a NetworkPolicy lets through."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.cluster.image import CLIENT
from tests.cluster.node import Cluster

Json = dict[str, Any]
HOME, FRIENDS, STRANGERS = "netpol-home", "netpol-friends", "netpol-strangers"
SERVER, NEIGHBOUR = f"{HOME}/server", f"{HOME}/neighbour"
FRIEND_VM, FRIEND_OTHER, STRANGER_VM = f"{FRIENDS}/vm", f"{FRIENDS}/other", f"{STRANGERS}/vm"
CLIENTS = (NEIGHBOUR, FRIEND_VM, FRIEND_OTHER, STRANGER_VM)
WEB, ADMIN = 8080, 9090
PATIENCE_S = 10.0  # an enforcer needs less than one second; a busy machine more

_APPS = {SERVER: "server", NEIGHBOUR: "neighbour", FRIEND_VM: "vm", FRIEND_OTHER: "other", STRANGER_VM: "vm"}
_SERVE = f"mkdir /tmp/w; echo ok > /tmp/w/index.html; httpd -p {ADMIN} -h /tmp/w; exec httpd -f -p {WEB} -h /tmp/w"
_REACH = r"""
for url in "$@"; do
  printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "${url%:*}" "${url#*:}" 2>/dev/null | grep -q HTTP && echo "$url" &
done
wait
"""  # not wget: Debian's static one crashes


@dataclass(frozen=True)
class Site:
    """The pods, and a server outside of the cluster."""

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
        _soon(lambda: self.reached(source, *reaches, *refused), set(reaches), f"what {source} reaches")

    def expect_clients(self, clients: set[str], *urls: str) -> None:
        """Soon, exactly these of all clients reach each of `urls`."""

        def measure() -> set[str]:
            with ThreadPoolExecutor() as pool:
                found = list(pool.map(lambda client: self.reached(client, *urls), CLIENTS))
            return {f"{client} -> {url}" for client, reached in zip(CLIENTS, found, strict=True) for url in reached}

        _soon(measure, {f"{client} -> {url}" for client in clients for url in urls}, "who reaches whom")

    def apply(self, **spec: Any) -> None:
        """Make this the only policy of the home namespace; it selects the server."""
        policy = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "under-test", "namespace": HOME},
            "spec": {"podSelector": {"matchLabels": {"app": "server"}}, **spec},
        }
        self.forget()
        self.create(policy)

    def forget(self) -> None:
        self.cluster.kubectl("delete", "networkpolicy", "--all", "-n", HOME)

    def create(self, *items: Json) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(items)}
        self.cluster.kubectl("create", "-f", "-", input=json.dumps(listed))

    def field(self, where: str, path: str, kind: str = "pod") -> str:
        return _field(self.cluster, where, path, kind)

    def resolves(self, source: str) -> bool:
        """By the cluster's name service, which runs on the node itself."""
        namespace, pod = source.split("/")
        lookup = "timeout 2 nslookup kubernetes.default.svc.cluster.local >/dev/null && echo yes || echo no"
        return self.cluster.kubectl("exec", "-n", namespace, pod, "--", "sh", "-c", lookup).strip() == "yes"


def _soon(measure: Callable[[], set[str]], wanted: set[str], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (found := measure()) != wanted:
        assert time.monotonic() < deadline, f"{what}: {sorted(found)}, not {sorted(wanted)}"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Silence on standard error."""


@contextmanager
def outside_server(address: str) -> Iterator[str]:
    """A web server on this machine, as host:port."""
    server = HTTPServer((address, 0), _Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"{address}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def site(cluster: Cluster) -> Iterator[Site]:
    """Three namespaces (only `FRIENDS` is labelled friend=true) with their pods, ready."""
    spaces = (_namespace(HOME), _namespace(FRIENDS, friend="true"), _namespace(STRANGERS))
    with outside_server(cluster.host_ip) as outside:
        try:
            making = Site(cluster, {}, "", outside)
            making.create(*spaces)
            for name in (HOME, FRIENDS, STRANGERS):
                cluster.kubectl("wait", "--for=create", "-n", name, "serviceaccount/default", "--timeout=30s")
            making.create(_SERVICE, *(pod(where, app) for where, app in _APPS.items()))
            for name in (HOME, FRIENDS, STRANGERS):
                cluster.kubectl("wait", "--for=condition=Ready", "-n", name, "pod", "--all", "--timeout=50s")
            addresses = {where: _field(cluster, where, "{.status.podIP}") for where in _APPS}
            yield Site(cluster, addresses, _field(cluster, SERVER, "{.spec.clusterIP}", "service") + ":80", outside)
        finally:
            cluster.kubectl("delete", "namespace", HOME, FRIENDS, STRANGERS, "--wait=false", "--ignore-not-found")


def _field(cluster: Cluster, where: str, path: str, kind: str = "pod") -> str:
    namespace, name = where.split("/")
    return cluster.kubectl("get", kind, name, "-n", namespace, "-o", f"jsonpath={path}")


def _namespace(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(where: str, app: str) -> Json:
    """Serves on two named ports; Ready by an HTTP probe of the kubelet."""
    namespace, name = where.split("/")
    container = {
        "name": "main", "image": CLIENT, "imagePullPolicy": "Never", "command": ["sh", "-c", _SERVE],
        "ports": [{"name": "web", "containerPort": WEB}, {"name": "admin", "containerPort": ADMIN}],
        "readinessProbe": {"httpGet": {"port": WEB, "path": "/"}, "periodSeconds": 1},
    }  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }


_SERVICE: Json = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "server", "namespace": HOME},
    "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": "web"}]},
}
