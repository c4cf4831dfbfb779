"""`make bench-controller`: the demo's time, the time to Available with our own share of it, and the idle controller.

python -m benchmarks.controller [--idle-seconds 60]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.figures import Figure, report
from tests import objects
from tests.cluster.cache import cache_dir
from tests.cluster.node import Cluster, run_kubectl
from tests.demo import site
from tests.servers.seaweed import Seaweed

SERVERS = 100
NAMESPACE = "many"
USER = "system:serviceaccount:bsls-system:bsls-controller"
AVAILABLE = "BackupStorageLocationServer applied -> Available"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    options = parser.parse_args()
    figures = [*measure_demo(), *measure_idle(options.idle_seconds)]
    return report("bench-controller", figures)


def measure_demo() -> list[Figure]:
    """A warm `make demo ONCE=1` (its own process), and what it reports."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "tests.demo", "--once"], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(f"the demo failed:\n{done.stdout}\n{done.stderr}")
    report = json.loads((cache_dir() / "demo-report.json").read_text())
    steps = {step["step"]: step["seconds"] for step in report["steps"]}
    return [
        Figure("warm demo", seconds, 90, "s"),
        Figure("applied to Available", steps[AVAILABLE], 15, "s"),
        Figure("of which the controller's own passes", report["facts"]["controllerSeconds"], 1, "s"),
    ]


def measure_idle(seconds: float) -> list[Figure]:
    """Requests of a settled controller with 100 servers, counted by the apiserver's own audit log."""
    with tempfile.TemporaryDirectory() as scratch:
        audit, policy = Path(scratch) / "audit.log", Path(scratch) / "policy.yaml"
        rule = {"level": "Metadata", "users": [USER], "omitStages": ["ResponseStarted", "ResponseComplete", "Panic"]}
        body = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [rule, {"level": "None"}]}
        policy.write_text(json.dumps(body))
        flags = (f"--audit-log-path={audit}", f"--audit-policy-file={policy}", "--audit-log-mode=blocking")
        with Cluster("api", apiserver_args=flags) as cluster, Seaweed() as s3:
            kubeconfig = _populate(cluster, s3, Path(scratch))
            controller = _start_controller(kubeconfig, Path(scratch) / "controller.log")
            try:
                _settle(cluster, audit.read_text)
                before = _requests(audit.read_text())
                if sum(before[verb] for verb in _WRITES) < SERVERS:
                    raise SystemExit(f"the audit log misses the controller's writes, so it proves nothing: {before}")
                time.sleep(seconds)
                requests = _requests(audit.read_text()) - before
            finally:
                controller.terminate()
                controller.wait(20)
    writes = sum(count for verb, count in requests.items() if verb in _WRITES)
    return [
        Figure(f"writes of an idle controller with {SERVERS} servers", writes, 0.5, "requests"),
        Figure("requests of it", sum(requests.values()) / seconds, 1, "a second"),
    ]


def _populate(cluster: Cluster, s3: Seaweed, scratch: Path) -> Path:
    """100 servers on one location; a kubeconfig with the controller's own permissions."""
    site.install(cluster.kubectl, wait=False)
    site.admit(cluster.kubectl, NAMESPACE)
    s3.create_bucket("many")
    shared = {"repositoryPasswordSecret": {"name": "password", "key": "password"},
              "userManagement": {"source": {"secret": {"name": "users", "key": "users"}}}}  # fmt: skip
    items = [
        objects.secret(NAMESPACE, "b-credentials", {"cloud": objects.aws_credentials(s3.access_key, s3.secret_key)}),
        objects.bsl(NAMESPACE, "b", "many", s3.url),
        objects.secret(NAMESPACE, "password", {"password": "x" * 20}),
        objects.secret(NAMESPACE, "users", {"users": "# no users\n"}),
        *(objects.server(NAMESPACE, f"s{n:03}", "b", prefix=f"p{n:03}", **shared) for n in range(SERVERS)),
    ]
    cluster.kubectl("apply", "-f", "-", input=objects.to_list(*items), timeout=120)
    token = cluster.kubectl("create", "token", "bsls-controller", "-n", "bsls-system", "--duration=1h").strip()
    kubeconfig = scratch / "controller.kubeconfig"
    ca = str(cluster.kubeconfig.parent / "ca.crt")
    run_kubectl(kubeconfig, "config", "set-cluster", "c", f"--server={cluster.server}", f"--certificate-authority={ca}")
    run_kubectl(kubeconfig, "config", "set-credentials", "u", f"--token={token}")
    run_kubectl(kubeconfig, "config", "set-context", "c", "--cluster=c", "--user=u")
    run_kubectl(kubeconfig, "config", "use-context", "c")
    return kubeconfig


def _start_controller(kubeconfig: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "backend.cli.main", "controller", "--kubeconfig", str(kubeconfig),
               "--image", "bsls:dev", "--namespace", "bsls-system"]  # fmt: skip
    with log.open("wb") as sink:
        return subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)


def _settle(cluster: Cluster, audit: Callable[[], str]) -> None:
    """All 100 deployments made, then no request for five seconds."""
    deadline = time.monotonic() + 180
    while len(cluster.kubectl("get", "deployment", "-n", NAMESPACE, "-o", "name").split()) < SERVERS:
        if time.monotonic() > deadline:
            raise SystemExit("the servers' deployments were not made within 180 s")
        time.sleep(0.5)
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 5:
        count = sum(_requests(audit()).values())
        if count != last:
            last, since = count, time.monotonic()
        if time.monotonic() > deadline:
            raise SystemExit("the controller never came to rest")
        time.sleep(0.25)


def _requests(audit: str) -> Counter[str]:
    lines = (json.loads(line) for line in audit.splitlines() if line.endswith("}"))
    return Counter(line["verb"] for line in lines if line["user"]["username"] == USER)


if __name__ == "__main__":
    sys.exit(main())
