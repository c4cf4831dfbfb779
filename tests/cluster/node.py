"""A real Kubernetes in namespaces of its own: apiserver-only (`api`) or a whole node (`node`), several side by side.

Everything runs under one PID 1 in its own network, mount, pid, ipc and uts namespaces: killing it ends all of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.cluster.binaries import binary
from tests.cluster.cache import cache_dir, tied

HERE = Path(__file__).resolve().parent
SLOTS = 16
START_TIMEOUT_S = 120.0
_SYSCTLS = ("kernel/panic", "kernel/panic_on_oops", "vm/overcommit_memory")


class ClusterError(Exception):
    """The cluster could not be brought up; the text names its logs."""


class Cluster:
    """One running cluster. `tier` is `api` (etcd, kube-apiserver) or `node` (all of it, one node)."""

    def __init__(self, tier: str = "node", images: tuple[Path, ...] = (), apiserver_args: tuple[str, ...] = ()) -> None:
        self.tier = tier
        self._images = images
        self._apiserver_args = apiserver_args
        self._slot: int = -1
        self._lock: IO[str] | None = None
        self._sandbox: subprocess.Popen[bytes] | None = None
        self._sysctls: dict[str, str] = {}
        self._enforcer: subprocess.Popen[bytes] | None = None

    @property
    def directory(self) -> Path:
        return cache_dir() / "run" / f"node{self._slot}"

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "pki" / "admin.kubeconfig"

    @property
    def logs(self) -> Path:
        return self.directory / "log"

    @property
    def host_ip(self) -> str:
        """This machine, as pods and node see it."""
        return f"10.250.{self._slot}.1"

    @property
    def node_ip(self) -> str:
        return f"10.250.{self._slot}.2"

    @property
    def cgroup(self) -> str:
        """Name of the cgroup that holds everything of this cluster."""
        return f"kt{self._slot}"

    @property
    def node_name(self) -> str:
        return f"node{self._slot}"

    @property
    def server(self) -> str:
        return f"https://{self.node_ip}:6443"

    @property
    def pid(self) -> int:
        """PID 1 of the sandbox, for nsenter."""
        if self._sandbox is None:
            raise ClusterError("the cluster is not running")
        children = Path(f"/proc/{self._sandbox.pid}/task/{self._sandbox.pid}/children").read_text().split()
        if not children:
            raise ClusterError(f"the sandbox ended; see {self.logs}")
        return int(children[0])

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> None:
        self._take_slot()
        try:
            self._sweep()
            self._start()
        except BaseException:
            self._show_logs()
            self.stop()
            raise

    def stop(self) -> None:
        """End it and put everything back; safe to call twice."""
        if self._enforcer is not None:
            self._enforcer.kill()
            self._enforcer.wait()
            self._enforcer = None
        if self._sandbox is not None:
            with contextlib.suppress(ClusterError, FileNotFoundError, ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._sandbox.wait()
            self._sandbox = None
        if self._slot >= 0:
            self._sweep()
            for name, value in self._sysctls.items():
                Path("/proc/sys", name).write_text(value)
            self._sysctls = {}
        if self._lock is not None:
            self._lock.close()
            self._lock, self._slot = None, -1

    def kubectl(self, *args: str, input: str | None = None, check: bool = True, timeout: float = 60) -> str:
        """Standard output of kubectl; a failure is an AssertionError with its standard error."""
        return run_kubectl(self.kubeconfig, *args, input=input, check=check, timeout=timeout)

    def run_in_node(self, *command: str, input: str | None = None) -> str:
        """A command in the node's network namespace."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", *command], input=input, capture_output=True, text=True, check=True
        )
        return done.stdout

    @contextlib.contextmanager
    def without_api(self) -> Iterator[None]:
        """The apiserver is killed, and started again at the end; pods go on."""
        pid = (self.directory / "pid.apiserver").read_text().strip()
        subprocess.run(["nsenter", "-t", str(self.pid), "-p", "-m", "kill", "-KILL", pid], check=True)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGUSR1)
            deadline = time.monotonic() + 60
            while self.kubectl("get", "--raw=/readyz", check=False).strip() != "ok":
                if time.monotonic() > deadline:
                    raise ClusterError(f"the apiserver did not come back; see {self.logs}")
                time.sleep(0.2)

    def _take_slot(self) -> None:
        """The first slot nobody holds; the kernel frees the lock of a killed run."""
        runs = cache_dir() / "run"
        runs.mkdir(exist_ok=True)
        for slot in range(SLOTS):
            handle = (runs / f"slot{slot}.lock").open("w")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                continue
            self._slot, self._lock = slot, handle
            return
        raise ClusterError(f"all {SLOTS} slots for clusters are taken; stop one of them")

    def _sweep(self) -> None:
        """Remove what this run, or a killed one before it, left in the slot."""
        link = f"kt{self._slot}"
        if Path(f"/sys/class/net/{link}").exists():
            subprocess.run(["ip", "link", "del", link], check=False, stderr=subprocess.DEVNULL)
        for group in Path("/sys/fs/cgroup").glob(f"*/{link}"):
            for path in sorted(group.rglob("*"), reverse=True):
                if path.is_dir():
                    with contextlib.suppress(OSError):
                        path.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _start(self) -> None:
        self.logs.mkdir(parents=True)
        node = (str(self.directory / "pki"), self.node_ip, self.node_name, self.server)
        subprocess.run(["bash", str(HERE / "pki.sh"), *node], check=True)
        if self.tier == "node":  # the kubelet sets these for the whole machine
            self._sysctls = {name: Path("/proc/sys", name).read_text() for name in _SYSCTLS}
        env = {
            **os.environ,
            "DIR": str(self.directory), "BIN": str(binary("kubelet").parent), "COREDNS": str(binary("coredns")),
            "NODE": self.node_name, "NODE_IP": self.node_ip, "HOST_IP": self.host_ip, "TIER": self.tier,
            "CG": f"kt{self._slot}", "POD_CIDR": f"10.244.{self._slot}.0/24",
            "APISERVER_ARGS": " ".join(self._apiserver_args),
            "IMAGES": " ".join(str(image) for image in self._images),
        }  # fmt: skip
        with (self.logs / "init.log").open("wb") as log:
            self._sandbox = subprocess.Popen(
                tied(["unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
                      "--mount-proc", "--propagation", "private", "bash", str(HERE / "init.sh")]),
                env=env, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_TIMEOUT_S
        self._connect_network(deadline)
        while not (self.directory / "ready").exists():
            self._check_alive(deadline)
            time.sleep(0.05)
        if self.tier == "node":
            self._enforce_network_policies()

    def _enforce_network_policies(self) -> None:
        """Nothing else on this node does; without it our policies would prove nothing."""
        command = [sys.executable, "-m", "tests.cluster.netpol", f"--kubeconfig={self.kubeconfig}", f"--pid={self.pid}"]
        with (self.logs / "netpol.log").open("wb") as log:
            self._enforcer = subprocess.Popen(
                command, cwd=HERE.parent.parent, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def _connect_network(self, deadline: float) -> None:
        """A veth pair between this machine and the sandbox, and routes to its pods."""
        own = os.readlink("/proc/self/ns/net")
        while True:
            self._check_alive(deadline)
            with contextlib.suppress(ClusterError, FileNotFoundError):
                if os.readlink(f"/proc/{self.pid}/ns/net") != own:
                    break
            time.sleep(0.01)
        link = f"kt{self._slot}"
        _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(self.pid))
        _ip("addr", "add", f"{self.host_ip}/30", "dev", link)
        _ip("link", "set", link, "up")
        _ip("route", "replace", f"10.244.{self._slot}.0/24", "via", self.node_ip)

    def _check_alive(self, deadline: float) -> None:
        if self._sandbox is None or self._sandbox.poll() is not None:
            raise ClusterError("the sandbox ended at once")
        if time.monotonic() > deadline:
            raise ClusterError(f"the cluster was not ready after {START_TIMEOUT_S:.0f} s")

    def _show_logs(self) -> None:
        if self._slot < 0 or not self.logs.exists():
            return
        for log in sorted(self.logs.glob("*")):
            tail = log.read_text(errors="replace").splitlines()[-8:]
            print(f"--- {log.name}\n" + "\n".join(tail), flush=True)


def run_kubectl(kubeconfig: Path, *args: str, input: str | None = None, check: bool = True, timeout: float = 60) -> str:
    """kubectl as a child process, with its cache beside ours."""
    command = [str(binary("kubectl")), f"--kubeconfig={kubeconfig}", f"--cache-dir={cache_dir() / 'kubectl'}", *args]
    done = subprocess.run(command, input=input, capture_output=True, text=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise AssertionError(f"kubectl {' '.join(args)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def _ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True)
