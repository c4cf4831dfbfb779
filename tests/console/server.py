"""`bsls api --ui` as a process that can be stopped and started again at the same address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from tests.cluster.node import Cluster
from tests.servers.ports import free_ports, wait_until

ROOT = Path(__file__).resolve().parents[2]


class UiServer:
    """On this machine, with the rights of its manifests. `log`: what all its runs wrote."""

    def __init__(self, cluster: Cluster, redis_url: str, built: Path, scratch: Path, *, key: bool = True) -> None:
        self._port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = scratch / "api.log"
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        token = cluster.kubectl("create", "token", "bsls-api", "-n", "bsls-system", "--duration=2h").strip()
        for user in config["users"]:
            user["user"] = {"token": token}
        kubeconfig = scratch / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
        secret = scratch / "session-key"
        secret.write_text("0123456789abcdef" * 4)
        self._command = [
            sys.executable, "-m", "backend.cli.main", "api", "--kubeconfig", str(kubeconfig),
            "--port", str(self._port), "--redis-url", redis_url, "--ui", "--ui-dir", str(built),
            *(["--session-key", str(secret)] if key else []),
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        seen = self.text().count("serves on")
        with self.log.open("ab") as output:
            self._process = process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        wait_until(lambda: self.text().count("serves on") > seen or process.poll() is not None, "the API", 30)
        assert process.poll() is None, self.text()[-4000:]

    def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            code = process.wait(20)
        finally:
            process.kill()
            process.wait()
        assert code == 0, self.text()[-4000:]

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""
