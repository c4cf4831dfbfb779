"""`make bench-tenants`: users by our session against the `kopia` command line, the time from a changed Secret to a
login, the view of a large repository, and the CPU of an idle server; one cluster, one server, one run.

python -m benchmarks.tenants [--rounds 100] [--idle-seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.crd.constants import CLIENT_LABEL, CLIENT_LABEL_VALUE
from backend.kopia.users import PasswordHash, make_hash
from backend.kube.client import MERGE_PATCH, KubeClient
from backend.kube.resources import SECRETS
from benchmarks.figures import Figure, report
from tests import objects
from tests.cluster import image
from tests.cluster.binaries import binary
from tests.cluster.cache import cache_dir
from tests.cluster.node import Cluster
from tests.demo import site
from tests.servers.seaweed import Seaweed

Json = dict[str, Any]
NS = VMS = "bench"
SERVER = "bench"
USERS, SNAPSHOTS_EACH = 1000, 10
CLI_CALLS = 20
CHANGED = "changed@vm"
VISITOR, VISITOR_PASSWORD = "visitor@vm", secrets.token_urlsafe(12)
IMAGE_PATH = "/opt/bsls"  # where the local image has our packages
CALM_S = 12.0
FIRST_TRY_S = 0.4  # after the change: when the tenant first tries the new password
APART_S = 1.0  # between two changes: the controller's own proof of the first is over
SECOND_NS = 1_000_000_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=100, help="changes of one user's password")
    parser.add_argument("--snapshots", type=int, default=20, help="snapshots made by the stock client")
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    options = parser.parse_args()
    images = tuple(image.build_all())
    with Seaweed() as s3, Cluster("node", images) as cluster, contextlib.ExitStack() as stack:
        place = Place(cluster, s3, stack)
        figures = [
            *place.users(),
            *place.changes(options.rounds),
            *place.view(options.snapshots),
            *place.idle(options.idle_seconds),
        ]
    return report("bench-tenants", figures)


class Place:
    """One installed product with one server, and a helper inside the cluster."""

    def __init__(self, cluster: Cluster, s3: Seaweed, stack: contextlib.ExitStack) -> None:
        self._cluster = cluster
        self._kubectl = cluster.kubectl
        self._s3 = s3
        self._hashes = {f"tenant-{one}@vm": PasswordHash(1, os.urandom(64)) for one in range(USERS)}
        self._hashes[VISITOR] = make_hash(VISITOR_PASSWORD)
        self._install()
        self._pod = stack.enter_context(self._helper())

    def _install(self) -> None:
        kubectl, s3 = self._kubectl, self._s3
        print("==> the product, one server and a client", flush=True)
        site.install(kubectl)
        patch = {"spec": {"template": {"spec": {"containers": [
            {"name": "controller", "command": ["bsls", "controller", "--log-level=debug"]}]}}}}  # fmt: skip
        kubectl("patch", "deployment", "-n", "bsls-system", "bsls-controller", "-p", json.dumps(patch))
        kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=90s", timeout=100)
        kubectl("apply", "-f", "-", input=objects.to_list(objects.namespace(NS, **{CLIENT_LABEL: CLIENT_LABEL_VALUE})))
        site.admit(kubectl, NS)
        s3.create_bucket(NS)
        kubectl("apply", "-f", "-", input=objects.to_list(
            objects.secret(NS, "b-credentials", {"cloud": objects.aws_credentials(s3.access_key, s3.secret_key)}),
            objects.bsl(NS, "b", NS, s3.url_for(self._cluster.host_ip)),
            objects.secret(NS, f"{SERVER}-password", {"password": "repository of the benchmark"}),
            objects.secret(NS, f"{SERVER}-users", {"users": "# no users\n"}),
            objects.server(NS, SERVER, "b", prefix="vms"),
            objects.client_pod(NS, "vm"),
            _helper_pod(),
        ))  # fmt: skip
        self._server = site.wait_for(kubectl, NS, SERVER, "UsersSynced", status="True", timeout=120)
        site.wait_for(kubectl, NS, SERVER, "Available", status="True", timeout=60)
        kubectl("wait", "-n", NS, "--for=condition=Ready", "pod/vm", "pod/helper", "--timeout=60s", timeout=70)

    def _secret(self, name: str) -> dict[str, bytes]:
        data = json.loads(self._kubectl("get", "secret", "-n", NS, name, "-o", "json"))["data"]
        return {key: base64.b64decode(value) for key, value in data.items()}

    @contextlib.contextmanager
    def _helper(self) -> Iterator[Helper]:
        repository, tls = self._secret(f"{SERVER}-kopia-repository"), self._secret(f"{SERVER}-kopia-tls")
        login = {
            "target": self._server["status"]["serviceURL"],
            "certificate": tls["tls.crt"].decode(),
            "user": f"bsls-admin@{SERVER}.{NS}",
            "password": repository["admin-password"].decode(),
        }
        helper = Helper(self._cluster.kubeconfig, login)
        try:
            yield helper
        finally:
            helper.close()

    # --- users ---------------------------------------------------------------------------------------------------

    def users(self) -> list[Figure]:
        """The same repository: the command line on the storage, a call for each user, against one session."""
        print(f"==> {CLI_CALLS} users by the kopia command line", flush=True)
        each = self._command_line()
        print(f"==> {USERS} users by one session, five times", flush=True)
        taken = statistics.median(self._pod.order("write_users", count=USERS, rounds=5))
        print(f"    command line {each:.3f} s a user; session {taken:.3f} s for {USERS}", flush=True)
        return [Figure(f"{USERS} users against the command line", each * USERS / taken, 1000, "times", at_least=True)]

    def _command_line(self) -> float:
        """Median seconds of `kopia server user add`, given the hash, as our list gives it."""
        s3 = self._s3
        with tempfile.TemporaryDirectory() as home:
            env = {
                "PATH": os.environ["PATH"], "HOME": home, "KOPIA_PASSWORD": "repository of the benchmark",
                "KOPIA_CHECK_FOR_UPDATES": "false", "AWS_ACCESS_KEY_ID": s3.access_key,
                "AWS_SECRET_ACCESS_KEY": s3.secret_key,
            }  # fmt: skip

            def kopia(*arguments: str) -> float:
                started = time.perf_counter()
                command = [str(binary("kopia")), *arguments, "--disable-file-logging"]
                subprocess.run(command, env=env, check=True, capture_output=True)
                return time.perf_counter() - started

            kopia("repository", "connect", "s3", f"--bucket={NS}", "--prefix=oadp-bsls/vms/",
                  f"--endpoint={s3.endpoint}", "--disable-tls")  # fmt: skip
            password_hash = make_hash("x").encoded()
            calls = [
                kopia("server", "user", "add", f"cli-{number}@vm", f"--user-password-hash={password_hash}",
                      "--no-auto-maintenance")
                for number in range(CLI_CALLS)
            ]  # fmt: skip
            for number in range(CLI_CALLS):
                kopia("server", "user", "delete", f"cli-{number}@vm", "--no-auto-maintenance")
        return statistics.median(calls)

    # --- one change --------------------------------------------------------------------------------------------------

    def changes(self, rounds: int) -> list[Figure]:
        """One hash of the list changes; from sending the Secret to a login with the new password."""
        print(f"==> {rounds} changes of one user among {USERS}", flush=True)
        return asyncio.run(self._changes(rounds))

    async def _changes(self, rounds: int) -> list[Figure]:
        async with await KubeClient.connect(str(self._cluster.kubeconfig)) as client:
            await self._put_list(client)
            self._wait_for_users()
            taken = []
            for number in range(rounds):
                password = secrets.token_urlsafe(12)
                self._hashes[CHANGED] = make_hash(password)
                sent = time.time()
                waiting = asyncio.create_task(
                    asyncio.to_thread(self._pod.order, "log_in", user=CHANGED, password=password,
                                      wait_s=FIRST_TRY_S, limit_s=30)
                )  # fmt: skip
                await self._put_list(client)
                taken.append(float(await waiting) - sent)
                await asyncio.sleep(APART_S)
                if number % 20 == 19:
                    print(f"    {number + 1}: median {statistics.median(taken):.3f} s, longest {max(taken):.3f} s",
                          flush=True)  # fmt: skip
        worst = sorted(taken)[max(0, int(len(taken) * 0.99) - 1)]
        return [Figure("Secret changed to login works, p99", worst, 1, "s")]

    async def _put_list(self, client: KubeClient) -> None:
        text = "".join(f"{name}:{password.encoded()}\n" for name, password in self._hashes.items())
        body = {"data": {"users": base64.b64encode(text.encode()).decode()}}
        path = SECRETS.path(NS, f"{SERVER}-users")
        await client.request("PATCH", path, body=body, content_type=MERGE_PATCH)

    def _wait_for_users(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            status = site.get_server(self._kubectl, NS, SERVER)["status"]
            if (status.get("users") or {}).get("applied") == len(self._hashes):
                return
            if time.monotonic() > deadline:
                raise SystemExit(f"the users were not applied within 60 s: {status.get('users')}")
            time.sleep(0.2)

    # --- the view --------------------------------------------------------------------------------------------------

    def view(self, snapshots: int) -> list[Figure]:
        """A controller that starts with 10,000 snapshots of 1,000 tenants; then the stock client makes one more."""
        print(f"==> {USERS * SNAPSHOTS_EACH} snapshots of {USERS} tenants", flush=True)
        count = self._pod.order("make_snapshots", tenants=USERS, each=SNAPSHOTS_EACH)
        if count != USERS * SNAPSHOTS_EACH:
            raise SystemExit(f"the repository lists {count} snapshots")
        self._kubectl("delete", "pod", "-n", "bsls-system", "--all", "--wait=true")
        self._kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=60s")
        read = self._log_line(f"{count} snapshots of {USERS} tenants read in ")
        first = float(read["message"].rsplit(" ", 2)[1])
        print(f"    {read['message']}", flush=True)
        self._settle()
        delays, cpu = [], []
        self._connect_visitor()
        for number in range(snapshots):
            delay, used = self._one_snapshot(number)
            delays.append(delay)
            cpu.append(used)
        print(f"    seen after the client's exit: median {statistics.median(delays) * 1000:.0f} ms, "
              f"longest {max(delays) * 1000:.0f} ms", flush=True)  # fmt: skip
        return [
            Figure("first view", first, 10, "s"),
            Figure("a new snapshot seen after the client's exit", statistics.median(delays) * 1000, 100, "ms"),
            Figure("our CPU for it", statistics.median(cpu) * 1000, 50, "ms"),
            Figure("resident memory of the controller", self._resident() / 2**20, 200, "MiB"),
        ]

    def _connect_visitor(self) -> None:
        status = self._server["status"]
        self._kubectl(
            "exec", "-i", "-n", NS, "vm", "--", "/bin/sh", "-c",
            "IFS= read -r KOPIA_PASSWORD; export KOPIA_PASSWORD; exec kopia repository connect server "
            f"--url=https://{status['serviceURL']} --server-cert-fingerprint={status['tlsFingerprint']} "
            "--override-username=visitor --override-hostname=vm", input=VISITOR_PASSWORD + "\n",
        )  # fmt: skip

    def _one_snapshot(self, number: int) -> tuple[float, float]:
        """Seconds from the client's exit until we knew the snapshot, and our CPU seconds around it."""
        script = (
            f"mkdir -p /home/vm/d && echo {number} >/home/vm/d/f && kopia snapshot create /home/vm/d --json && "
            "read up _ </proc/uptime && echo $up"
        )
        before = self._cpu()
        answer = self._kubectl("exec", "-n", NS, "vm", "--", "/bin/sh", "-c", script)
        *_, body, ended = answer.strip().splitlines()
        booted = time.time() - float(Path("/proc/uptime").read_text().split()[0])
        snapshot = json.loads(body)["id"]
        seen = self._log_line(f"snapshot {snapshot} of {VISITOR} is there")
        used = self._cpu() - before
        return datetime.fromisoformat(seen["time"]).timestamp() - booted - float(ended), used

    def _log_line(self, text: str) -> Json:
        """The controller's log line with this text."""
        deadline = time.monotonic() + 60
        while True:
            log = self._kubectl("logs", "-n", "bsls-system", "deployment/bsls-controller", "--tail=200")
            for line in log.splitlines():
                if text in line:
                    return dict(json.loads(line))
            if time.monotonic() > deadline:
                raise SystemExit(f"the controller did not log {text!r} within 60 s; the end of its log:\n{log[-2000:]}")
            time.sleep(0.05)

    # --- the controller's process ------------------------------------------------------------------------------------

    def idle(self, seconds: float) -> list[Figure]:
        """CPU of the whole controller with its one, large, idle server."""
        print(f"==> {seconds:.0f} s of idleness", flush=True)
        time.sleep(CALM_S)  # the last snapshots reach the status up to 10 s later
        self._settle()
        before, started = self._cpu(), time.monotonic()
        time.sleep(seconds)
        share = (self._cpu() - before) / (time.monotonic() - started)
        return [Figure("CPU of an idle server", share * 100, 0.1, "% of a core")]

    def _settle(self) -> None:
        """Until the controller has used next to nothing for three seconds."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            before = self._cpu()
            time.sleep(3)
            if self._cpu() - before < 0.03:
                return
        raise SystemExit("the controller never came to rest")

    def _process(self) -> Path:
        """The controller's process, as this machine sees it."""
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (path / "cmdline").read_bytes().split(b"\0")
                ours = b"controller" in command and any(word.endswith(b"/bsls") for word in command)
                if ours and _inside(path, self._cluster):
                    return path
        raise SystemExit("the controller's process was not found")

    def _cpu(self) -> float:
        """CPU seconds of user and system, to the nanosecond where the scheduler tells."""
        total = 0
        for task in (self._process() / "task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(task.read_text().split()[0])
        return total / SECOND_NS

    def _resident(self) -> int:
        status = (self._process() / "status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024


def _inside(process: Path, cluster: Cluster) -> bool:
    """A process of this cluster, not of another one on the same machine."""
    return f"/{cluster.cgroup}/" in (process / "cgroup").read_text()


class Helper:
    """benchmarks/in_pod.py, running in the pod `helper`."""

    def __init__(self, kubeconfig: Path, login: Json) -> None:
        source = (Path(__file__).parent / "in_pod.py").read_text()
        kubectl = [str(binary("kubectl")), f"--kubeconfig={kubeconfig}", f"--cache-dir={cache_dir() / 'kubectl'}"]
        python = ["env", f"PYTHONPATH={IMAGE_PATH}", "python3", "-c", source]
        command = [*kubectl, "exec", "-i", "-n", NS, "helper", "--", *python]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._ask(login) != "ready":
            raise SystemExit("the helper in the cluster did not start")

    def order(self, what: str, **arguments: Any) -> Any:
        return self._ask({"do": what, **arguments})

    def _ask(self, order: Json) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the helper has no pipes")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"the helper in the cluster ended ({self._process.wait()})")
        return json.loads(answer)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def _helper_pod() -> Json:
    pod = objects.client_pod(NS, "helper", site.LOCAL_IMAGE)
    container = pod["spec"]["containers"][0]
    container["command"] = ["python3", "-c", "import signal; signal.pause()"]
    return pod


if __name__ == "__main__":
    sys.exit(main())
