"""The real `bsls api` for the benchmarks: a process with the rights of its manifests, on a real apiserver and Redis."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests import objects
from tests.apiserver import api_people as people
from tests.cluster.cache import tied
from tests.cluster.node import Cluster
from tests.servers.ports import wait_until

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE, NAME = "backup-a", "vms"
UNLIMITED = ("--rate", "1e9", "--burst", "1000000000")


@dataclass(frozen=True)
class Place:
    """`kubeconfig`: of the API's own account; `tokens`: a user each, who may see every server."""

    kubeconfig: Path
    tokens: Sequence[str]
    scratch: Path


@contextmanager
def place(scratch: Path, users: int) -> Iterator[Place]:
    """An apiserver that holds one server, the rights of the API, and so many users."""
    with Cluster("api") as cluster:
        people.prepare(cluster)
        cluster.kubectl("apply", "-f", "-", input=objects.to_list(objects.server(NAMESPACE, NAME, "default")))
        people.make(cluster, "clusterrolebinding", "benchmark", "--clusterrole=servers-viewer",
                    f"--group=system:serviceaccounts:{people.PEOPLE}")  # fmt: skip
        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(lambda number: people.person(cluster, f"user-{number}"), range(users)))
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        token = cluster.kubectl("create", "token", "bsls-api", "-n", "bsls-system", "--duration=1h").strip()
        for user in config["users"]:
            user["user"] = {"token": token}
        kubeconfig = scratch / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        yield Place(kubeconfig, tokens, scratch)


@contextmanager
def api(
    where: Place, redis: str, *flags: str, program: Sequence[str] = ("-m", "backend.cli.main")
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`bsls api`, and its port; what it logs goes to a file, as the audit log does elsewhere."""
    log = where.scratch / "api.log"
    command = [sys.executable, *program, "api", "--kubeconfig", str(where.kubeconfig), "--port", "0",
               "--redis-url", redis, *UNLIMITED, *flags]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            tied(command), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        wait_until(lambda: b"serves on" in log.read_bytes()[:4000] or process.poll() is not None, "the API", 30)
        found = re.search(r"serves on \S+ port (\d+)", log.read_bytes()[:4000].decode())
        assert found, log.read_text()[-4000:]
        yield int(found[1]), process
        assert process.poll() is None, "the API ended"
    finally:
        process.kill()
        process.wait()
