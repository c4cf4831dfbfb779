"""People of different rights: ServiceAccounts with real tokens, and an `Access` with the rights of the API."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict

from backend.api.access.access import Access
from backend.kube.client import KubeClient
from tests.cluster.node import Cluster
from tests.demo import site

Json = dict[str, Any]

PEOPLE = "people"
NAMESPACES = ("backup-a", "backup-b", "team-a", "team-b", PEOPLE)
SERVERS = "backupstoragelocationservers.oadp.openshift.io"


class Clock:
    """Turned by the test, so that nothing waits for a cache."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Office:
    """The API's own view of the cluster. `wall` tells Unix seconds, `clock` ages what is remembered."""

    access: Access
    client: KubeClient
    clock: Clock
    wall: Clock


def prepare(cluster: Cluster) -> None:
    """The manifests, the namespaces, and a role for each way to see servers."""
    kubectl = cluster.kubectl
    site.install(kubectl, wait=False)
    kubectl("apply", "--server-side", "--warnings-as-errors", "-k", str(site.MANIFESTS / "api"))
    for namespace in NAMESPACES:
        make(cluster, "namespace", namespace)
    make(cluster, "clusterrole", "servers-viewer", "--verb=get,list,watch", f"--resource={SERVERS}")
    make(cluster, "role", "one-server", "-n", "backup-b", "--verb=get,list", f"--resource={SERVERS}",
         "--resource-name=vms")  # fmt: skip


def make(cluster: Cluster, *what: str) -> None:
    """`kubectl create`, whether it is there already or not."""
    cluster.kubectl("apply", "-f", "-", input=cluster.kubectl("create", *what, "--dry-run=client", "-o", "yaml"))


def person(cluster: Cluster, name: str, *bindings: tuple[str, str, str]) -> str:
    """A token of somebody new. `bindings`: kind of role, its name, namespace or `""` for everywhere."""
    make(cluster, "serviceaccount", name, "-n", PEOPLE)
    for kind, role, namespace in bindings:
        where = ["rolebinding", f"{name}-{role}", "-n", namespace] if namespace else ["clusterrolebinding", name]
        make(cluster, *where, f"--{kind}={role}", f"--serviceaccount={PEOPLE}:{name}")
    return cluster.kubectl("create", "token", name, "-n", PEOPLE, "--duration=1h").strip()


def expiring(cluster: Cluster, token: str, at: float) -> str:
    """The same token as the cluster would have signed it, had it been asked for this expiry."""
    head, body, _ = token.split(".")
    claims = json.loads(_decode(body)) | {"exp": int(at), "iat": int(at) - 600, "nbf": int(at) - 600}
    signed = f"{head}.{_encode(json.dumps(claims).encode())}"
    key = load_pem_private_key((cluster.directory / "pki" / "sa.key").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return f"{signed}.{_encode(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def bearer(token: str) -> CIMultiDict[str]:
    return CIMultiDict({"Authorization": f"Bearer {token}"})


@asynccontextmanager
async def office(cluster: Cluster, scratch: Path, now: float) -> AsyncIterator[Office]:
    """An `Access` as the ServiceAccount that the manifests give the API."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    token = cluster.kubectl("create", "token", "bsls-api", "-n", "bsls-system", "--duration=1h").strip()
    for user in config["users"]:
        user["user"] = {"token": token}
    kubeconfig = scratch / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    clock, wall = Clock(0), Clock(now)
    async with await KubeClient.connect(str(kubeconfig)) as client:
        access = Access(client, clock=clock, wall=wall)
        try:
            yield Office(access, client, clock, wall)
        finally:
            await access.close()


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encode(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()
