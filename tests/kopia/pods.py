"""One Kopia pod's files and processes without Kubernetes: the mounted Secret, `ensure`, the server, a stock client."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.controller.certificates import mint_ca
from backend.repository.command import SERVER_ENVIRONMENT, server_command
from backend.repository.ensure import ensure_safely
from backend.repository.result import EnsureResult
from backend.repository.settings import Paths
from tests.servers.ports import free_ports, listens, wait_until
from tests.servers.seaweed import Seaweed
from tests.servers.tls import leaf_for

ADMIN, ADMIN_PASSWORD = "bsls-admin@one.ns", "admin-password-of-tests"
CONTROL_PASSWORD = "control-password-of-tests"
REPOSITORY_PASSWORD = "repository-password-of-tests"


@dataclass
class Pod:
    """`storage` is the config of the S3 storage; change it, or the passwords, between calls of ensure."""

    home: Path
    binary: Path
    storage: dict[str, Any]
    repository_password: str = REPOSITORY_PASSWORD
    admin_password: str = ADMIN_PASSWORD
    expected: str = ""
    repository: dict[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> Paths:
        home = self.home
        return Paths(
            home / "secret", home / "run", home / "cache", home / "tls", home / "termination-log", str(self.binary)
        )

    def mount(self) -> None:
        """Write the Secret as it is now."""
        identity = {"hostname": "one.ns", "username": "bsls", "adminUser": ADMIN}
        self.paths.secrets.mkdir(parents=True, exist_ok=True)
        for name, text in {
            "storage.json": json.dumps({"type": "s3", "config": self.storage}),
            "repository.json": json.dumps(
                {**identity, "cache": {"contentMB": 200, "metadataMB": 100}, **self.repository}
            ),
            "expected-unique-id": self.expected,
            "repository-password": self.repository_password,
            "admin-password": self.admin_password,
        }.items():
            (self.paths.secrets / name).write_text(text)

    async def ensure(self) -> EnsureResult:
        self.mount()
        return await ensure_safely(self.paths)

    def kopia(self, *arguments: str, check: bool = True) -> str:
        """The stock command line on the repository itself."""
        command = [str(self.binary), *arguments, f"--config-file={self.paths.config}", "--disable-file-logging"]
        done = subprocess.run(
            [*command, "--no-auto-maintenance"], env=self._environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout if done.returncode == 0 else done.stderr

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "KOPIA_PASSWORD": self.repository_password,
            "KOPIA_SERVER_CONTROL_PASSWORD": CONTROL_PASSWORD,
            **SERVER_ENVIRONMENT,
        }

    def other(self, name: str, **changes: Any) -> Pod:
        """Another pod on the same storage, with empty volumes."""
        return replace(self, home=self.home.with_name(name), storage=dict(self.storage), **changes)


def pod_on(seaweed: Seaweed, binary: Path, home: Path, prefix: str) -> Pod:
    storage = {
        "bucket": seaweed.create_bucket("kopia-tests"),
        "prefix": f"oadp-bsls/{prefix}/",
        "endpoint": seaweed.endpoint,
        "doNotUseTLS": True,
        "accessKeyID": seaweed.access_key,
        "secretAccessKey": seaweed.secret_key,
    }
    return Pod(home, binary, storage)


@dataclass
class Server:
    """A running `kopia server start`, as the main container runs it."""

    pod: Pod
    port: int
    certificate: bytes
    process: subprocess.Popen[str]

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Stop every thread of the server, as if it hung; kill() or SIGCONT end that."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        wait_until(lambda: all(_is_stopped(task) for task in tasks.iterdir()), "the server's stop")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def client(
        self, home: Path, user: str, password: str, *arguments: str, through: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """The stock client as a tenant: own home, own configuration, nothing of the server's. `through`: a command
        that runs it.
        """
        home.mkdir(exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KOPIA_PASSWORD": password, **SERVER_ENVIRONMENT}
        command = [
            *through,
            str(self.pod.binary),
            *arguments,
            f"--config-file={home / 'client.config'}",
            "--disable-file-logging",
        ]
        if arguments[:2] == ("repository", "connect"):
            name, _, host = user.partition("@")
            command += [f"--override-username={name}", f"--override-hostname={host}"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def connect_arguments(self) -> tuple[str, ...]:
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256

        fingerprint = x509.load_pem_x509_certificate(self.certificate).fingerprint(SHA256()).hex()
        return (
            "repository",
            "connect",
            "server",
            f"--url=https://{self.target}",
            f"--server-cert-fingerprint={fingerprint}",
        )


def _is_stopped(task: Path) -> bool:
    return (task / "stat").read_text().rpartition(")")[2].split()[0] == "T"


def start(pod: Pod) -> Server:
    """Start the server of a pod that `ensure` made ready; whether it comes up is the caller's to see."""
    pod.paths.tls.mkdir(exist_ok=True)
    leaf = leaf_for(mint_ca("test tenants", datetime.now(UTC)), ["one.ns.svc"])
    (pod.paths.tls / "tls.crt").write_bytes(leaf.certificate)
    (pod.paths.tls / "tls.key").write_bytes(leaf.key)
    port, metrics = free_ports(2)
    command = server_command(pod.paths, port=port, metrics_port=metrics, host="127.0.0.1")
    if "0.21" in pod.binary.name:  # it does not know the flag; our image holds a newer one
        command[command.index("--disable-content-log")] = f"--log-dir={pod.home / 'logs'}"
    process = subprocess.Popen(
        command,
        env=pod._environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Server(pod, port, leaf.certificate, process)


@contextlib.contextmanager
def running(pod: Pod) -> Iterator[Server]:
    """Start the server, wait until it listens; stop it at the end."""
    server = start(pod)
    try:
        wait_until(lambda: listens("127.0.0.1", server.port), f"Kopia on port {server.port}", 30)
        yield server
    finally:
        server.process.kill()
        server.process.communicate()
