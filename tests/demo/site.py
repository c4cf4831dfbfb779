"""Install the product by its manifests on a cluster, and wait for what it promises. Used by demo and tests alike."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import objects

ROOT = Path(__file__).resolve().parent.parent.parent
MANIFESTS = ROOT / "manifests"
LOCAL_IMAGE = "bsls:dev"
_SHARE = re.compile(r"became Available; \d+ passes of ours took ([0-9.]+) s")
Kubectl = Callable[..., str]
Json = dict[str, Any]


def install(kubectl: Kubectl, image: str = LOCAL_IMAGE, *, wait: bool = True) -> None:
    """`kubectl apply -k manifests/default`, with the image that this cluster has."""
    apply_with_image(kubectl, "default", image)
    if not exists(kubectl, "crd", "backupstoragelocations.velero.io"):
        kubectl("apply", "-f", "-", input=json.dumps(objects.BSL_CRD))
    for crd in ("backupstoragelocations.velero.io", "backupstoragelocationservers.oadp.openshift.io"):
        kubectl("wait", "--for=condition=Established", f"crd/{crd}", "--timeout=30s")
    if wait:
        kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s", timeout=100)


def apply_with_image(kubectl: Kubectl, folder: str, image: str) -> None:
    """`kubectl apply -k manifests/<folder>`, with this image in the stead of ours."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "manifests"
        shutil.copytree(MANIFESTS, copy)
        _set_image(copy / folder / "kustomization.yaml", image)
        kubectl("apply", "--server-side", "--force-conflicts", "-k", str(copy / folder))


_NO_VOLUME = """
patches:
  - target: {kind: Deployment, name: bsls-redis}
    patch: |
      - op: replace
        path: /spec/template/spec/volumes/0
        value: {name: data, emptyDir: {}}
"""


def install_redis(kubectl: Kubectl, image: str = "") -> None:
    """`kubectl apply -k manifests/redis`, without a volume; `image` where the manifest's own cannot be pulled."""
    if not exists(kubectl, "namespace", "bsls-system"):
        kubectl("create", "namespace", "bsls-system")
    if not exists(kubectl, "secret", "-n", "bsls-system", "bsls-redis"):
        given = {"password": secrets.token_hex(24), "url": "redis://bsls-redis.bsls-system.svc:6379/0"}
        kubectl("apply", "-f", "-", input=json.dumps(objects.secret("bsls-system", "bsls-redis", dict(given))))
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "redis"
        shutil.copytree(MANIFESTS / "redis", copy)
        file = copy / "kustomization.yaml"
        text = file.read_text().replace(", volume.yaml", "") + _NO_VOLUME
        if image:
            name, _, tag = image.rpartition(":")
            text = text.replace("docker.io/library/redis", name).replace('"7.4"', f'"{tag}"')
        file.write_text(text)
        kubectl("apply", "--server-side", "--force-conflicts", "-k", str(copy))
    kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-redis", "--timeout=90s", timeout=100)


def admit(kubectl: Kubectl, namespace: str) -> None:
    """Make the namespace when there is none, and let the controller work in it."""
    if not exists(kubectl, "namespace", namespace):
        kubectl("create", "namespace", namespace)
    kubectl("apply", "-n", namespace, "-k", str(MANIFESTS / "namespace"))


def controller_seconds(log: str) -> float:
    """Our own share of the time to Available, as the controller logged it."""
    found = _SHARE.search(log)
    if found is None:
        raise AssertionError("the controller did not log that the server became Available")
    return float(found.group(1))


def _set_image(kustomization: Path, image: str) -> None:
    name, _, tag = image.rpartition(":")
    text = kustomization.read_text()
    changed = text.replace("newName: bsls", f"newName: {name}").replace("newTag: dev", f"newTag: {tag}")
    kustomization.write_text(changed)


def exists(kubectl: Kubectl, *what: str) -> bool:
    return bool(kubectl("get", *what, "--ignore-not-found", "-o", "name").strip())


def get_server(kubectl: Kubectl, namespace: str, name: str) -> Json:
    return json.loads(kubectl("get", "bsls", "-n", namespace, name, "-o", "json"))


def condition(server: Json, kind: str) -> Json:
    """A condition, or an empty one while it has not been written."""
    found = (server.get("status") or {}).get("conditions") or []
    return next((item for item in found if item["type"] == kind), {"status": "", "reason": "", "message": ""})


def wait_for(
    kubectl: Kubectl, namespace: str, name: str, kind: str, *, status: str = "", reason: str = "", timeout: float = 90
) -> Json:
    """Poll until a condition has this status and reason; the server as it was then."""
    deadline = time.monotonic() + timeout
    while True:
        server = get_server(kubectl, namespace, name)
        found = condition(server, kind)
        current = (server.get("status") or {}).get("observedGeneration") == server["metadata"]["generation"]
        if (
            current
            and found["status"] == (status or found["status"])
            and found["reason"] == (reason or found["reason"])
        ):
            return server
        if time.monotonic() > deadline:
            conditions = json.dumps((server.get("status") or {}).get("conditions"), indent=1)
            raise AssertionError(
                f"{namespace}/{name}: {kind} did not become {status} {reason} within {timeout} s: {conditions}"
            )
        time.sleep(0.1)


def process_of(pod: Json, pattern: str) -> int:
    """The id of a process of a pod as this machine sees it, once it runs."""
    deadline = time.monotonic() + 60
    while True:
        found = subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True, check=False)
        for pid in found.stdout.split():
            with suppress(FileNotFoundError):  # ended meanwhile
                if f"pod{pod['metadata']['uid']}" in Path(f"/proc/{pid}/cgroup").read_text():
                    return int(pid)
        assert time.monotonic() < deadline, f"{pattern} never came back"
        time.sleep(0.2)
