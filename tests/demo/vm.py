"""What a VM owner does with the stock kopia client: connect, snapshot, list, restore, disconnect (flow 6.3)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

Kubectl = Callable[..., str]

_WITH_PASSWORD = 'IFS= read -r KOPIA_PASSWORD; export KOPIA_PASSWORD; exec "$@"'


@dataclass(frozen=True)
class Vm:
    """One pod that plays a VM. `user` is `name@host` as in the user list."""

    kubectl: Kubectl
    namespace: str
    pod: str
    user: str
    password: str

    def run(self, *command: str, stdin: str | None = None, timeout: float = 60) -> str:
        flags = ["-i"] if stdin is not None else []
        return self.kubectl(
            "exec", *flags, "-n", self.namespace, self.pod, "--", *command, input=stdin, timeout=timeout
        )

    def reaches(self, url: str) -> bool:
        """Whether a TCP connection to host:port opens; a name that does not resolve is an error, not a no."""
        host, port = url.split(":")
        self.run("nslookup", f"{host}.cluster.local")
        script = f"nc -w 3 {host} {port} </dev/null >/dev/null 2>&1 && echo yes || echo no"
        return self.run("/bin/sh", "-c", script).strip() == "yes"

    def connect(self, url: str, fingerprint: str, *, timeout: float = 60) -> None:
        """The password goes by standard input, never by an argument."""
        name, host = self.user.split("@")
        self.run(
            "/bin/sh", "-c", _WITH_PASSWORD, "connect",
            "kopia", "repository", "connect", "server", f"--url=https://{url}",
            f"--server-cert-fingerprint={fingerprint}", f"--override-username={name}", f"--override-hostname={host}",
            "--no-check-for-updates", stdin=self.password + "\n", timeout=timeout,
        )  # fmt: skip

    def make_data(self, path: str, megabytes: int = 4) -> None:
        script = (
            f"mkdir -p {path}/etc && echo 'answer = 42' > {path}/etc/app.conf && "
            f"dd if=/dev/urandom of={path}/blob.bin bs=1M count={megabytes} 2>/dev/null"
        )
        self.run("/bin/sh", "-c", script)

    def snapshot(self, path: str) -> str:
        """Id of the new snapshot."""
        answer = json.loads(self.run("kopia", "snapshot", "create", path, "--json", timeout=180).splitlines()[-1])
        return str(answer["id"])

    def snapshot_without(self, file: str, path: str) -> None:
        """A snapshot of `path` that misses a new `file` of it, which its user may not read: the client fails."""
        self.run("/bin/sh", "-c", f"echo private > {path}/{file} && chmod 000 {path}/{file}")
        try:
            snapshot = self.snapshot(path)
        except AssertionError as error:
            if "permission denied" not in str(error):
                raise
        else:
            raise AssertionError(f"{self.user}: the snapshot {snapshot} should miss {file}")

    def snapshots(self, *flags: str) -> list[dict[str, object]]:
        return list(json.loads(self.run("kopia", "snapshot", "list", *flags, "--json")))

    def restore(self, snapshot: str, target: str) -> None:
        self.run("kopia", "snapshot", "restore", snapshot, target, timeout=180)

    def checksums(self, path: str) -> str:
        return self.run("/bin/sh", "-c", f"cd {path} && find . -type f | sort | xargs sha256sum")

    def disconnect(self) -> None:
        self.run("kopia", "repository", "disconnect")
