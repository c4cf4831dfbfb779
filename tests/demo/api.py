"""The API on the demo's cluster: installed by its manifests, reached from this machine, asked, and followed live."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.controller.certificates import facts_of, mint_ca, mint_leaf
from backend.crd.constants import CRD_NAME
from tests import objects
from tests.cluster.binaries import binary
from tests.cluster.cache import cache_dir, tied
from tests.demo import site
from tests.demo.vm import Kubectl

Json = dict[str, Any]
NAMESPACE, SECRET, SERVICE = "bsls-system", "bsls-api-tls", "bsls-api.bsls-system.svc"
SESSION = "bsls-api-session"
LIMIT_S = 60.0
TOKEN_LIFE = "8h"


def install(kubectl: Kubectl, image: str) -> None:
    """Certificate and key of log-ins, where none were made before, and `kubectl apply -k manifests/api-ui`."""
    if not site.exists(kubectl, "secret", "-n", NAMESPACE, SECRET):
        now = datetime.now(UTC)
        ca = mint_ca("bsls demo", now)
        leaf = mint_leaf(ca, [SERVICE, "localhost"], now)
        pair = {"tls.crt": leaf.certificate, "tls.key": leaf.key, "ca.crt": ca.certificate}
        _make(kubectl, objects.secret(NAMESPACE, SECRET, dict(pair), "kubernetes.io/tls"))
    if not site.exists(kubectl, "secret", "-n", NAMESPACE, SESSION):
        _make(kubectl, objects.secret(NAMESPACE, SESSION, {"key": secrets.token_hex(32)}))
    site.apply_with_image(kubectl, "api-ui", image)


def _make(kubectl: Kubectl, made: Json) -> None:
    kubectl("apply", "-f", "-", input=json.dumps(made))


class Api:
    """Reached through `kubectl port-forward` while the `with` block lasts, and asked by curl.

    `looker` sees the servers in `servers`, `owner` the tenants whose VMs are in `vms`; both are ServiceAccounts there.
    """

    def __init__(self, kubectl: Kubectl, kubeconfig: Path, servers: str, vms: str) -> None:
        self._kubectl = kubectl
        self._kubeconfig = kubeconfig
        self._homes = {"looker": servers, "owner": vms}
        self._scratch = tempfile.TemporaryDirectory(prefix="bsls-demo-api-")
        self._folder = Path(self._scratch.name)
        self.url = ""

    def __enter__(self) -> Api:
        self._kubectl("rollout", "status", "-n", NAMESPACE, "deployment/bsls-api", "--timeout=90s", timeout=100)
        self._make_people()
        command = [str(binary("kubectl")), f"--kubeconfig={self._kubeconfig}", f"--cache-dir={cache_dir() / 'kubectl'}",
                   "port-forward", "-n", NAMESPACE, "service/bsls-api", ":8443"]  # fmt: skip
        self._forward = subprocess.Popen(
            tied(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            self._local = self._port()
            self._write_options(self._local)
        except BaseException:
            self.__exit__()
            raise
        threading.Thread(target=self._drain, name="port-forward", daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._forward.kill()
        self._forward.wait()
        self._scratch.cleanup()

    def get(self, path: str, who: str = "looker") -> Json:
        """The JSON at a path below /api/v1."""
        command = [*self.curl(who), "--fail-with-body", "--max-time", "30", self.url + path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)} failed: {done.stderr.strip()} {done.stdout.strip()}")
        return dict(json.loads(done.stdout))

    def follow(self, path: str, who: str = "looker") -> Live:
        """The live events at a path, from now on."""
        return Live([*self.curl(who), "-N", "-H", "Accept: text/event-stream", self.url + path])

    def curl(self, who: str) -> list[str]:
        """With the caller's token and the certificate to trust, both in a file."""
        return ["curl", "-K", str(self._folder / who)]

    @property
    def console(self) -> str:
        """Where a browser finds the pages."""
        return self.url.removesuffix("/api/v1") + "/"

    def get_page(self) -> str:
        """What a browser gets there, without a log-in."""
        certificate = ["--cacert", str(self._folder / "ca.crt"), "--connect-to", f"::localhost:{self._local}"]
        command = ["curl", "-sS", "--fail-with-body", "--max-time", "30", *certificate, self.console]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def token(self, who: str) -> str:
        """A new one."""
        return self._kubectl("create", "token", who, "-n", self._homes[who], f"--duration={TOKEN_LIFE}").strip()

    def token_commands(self, kubectl: str) -> list[str]:
        """Commands that print tokens to log in with, and what they show."""
        looker, owner = self._homes.values()
        return [
            f"{kubectl} create token looker -n {looker} --duration={TOKEN_LIFE}   # sees the servers in {looker}",
            f"{kubectl} create token owner -n {owner} --duration={TOKEN_LIFE}   # sees what the VMs in {owner} back up",
        ]

    def lines(self, server: str) -> list[str]:
        """Commands to look around with."""
        looker, owner = (" ".join(self.curl(who)) for who in self._homes)
        at = f"{self.url}/servers/{self._homes['looker']}/{server}"
        return [
            f"{looker} {self.url}/servers",
            f"{looker} '{at}/snapshots?limit=5'",
            f"{looker} -N -H 'Accept: text/event-stream' {self.url}/events   # live",
            f"{owner} {at}/tenants   # what the owner of the VMs in {self._homes['owner']} is shown",
        ]

    def _make_people(self) -> None:
        servers, vms = self._homes.values()
        make = [
            ("serviceaccount", "looker", "-n", servers),
            ("role", "servers-viewer", "-n", servers, "--verb=get,list", f"--resource={CRD_NAME}"),
            ("rolebinding", "looker", "-n", servers, "--role=servers-viewer", f"--serviceaccount={servers}:looker"),
            ("serviceaccount", "owner", "-n", vms),
            ("rolebinding", "owner", "-n", vms, "--clusterrole=bsls-tenant-viewer", f"--serviceaccount={vms}:owner"),
        ]
        made = [json.loads(self._kubectl("create", *one, "--dry-run=client", "-o", "json")) for one in make]
        self._kubectl("apply", "-f", "-", input=objects.to_list(*made))

    def _port(self) -> int:
        assert self._forward.stdout is not None
        told = self._forward.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", told)
        if found is None:
            raise AssertionError(f"kubectl port-forward: {told.strip()}")
        return int(found[1])

    def _drain(self) -> None:
        assert self._forward.stdout is not None
        for _ in self._forward.stdout:
            pass

    def _write_options(self, port: int) -> None:
        """Options of curl, in a folder that nobody else may enter: so that no token is on a command line."""
        secret = json.loads(self._kubectl("get", "secret", "-n", NAMESPACE, SECRET, "-o", "json"))["data"]
        given = {name: base64.b64decode(secret[name]) for name in ("ca.crt", "tls.crt") if name in secret}
        host = "localhost" if "localhost" in facts_of(given["tls.crt"]).dns_names else SERVICE
        self.url = f"https://{host}:{port}/api/v1"
        (self._folder / "ca.crt").write_bytes(given.get("ca.crt") or given["tls.crt"])
        for name in self._homes:
            token = self.token(name)
            file = self._folder / name
            file.write_text(
                f'silent\nshow-error\ncacert = "{self._folder}/ca.crt"\nconnect-to = "::localhost:{port}"\n'
                f'header = "Authorization: Bearer {token}"\n'
            )


class Live:
    """A stream of the API, read as it comes; ends with the `with` block."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._events: list[Json] = []
        self._more = threading.Condition()

    def __enter__(self) -> Live:
        self._process = subprocess.Popen(
            tied(self._command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._read, name="live events of the API", daemon=True)
        self._thread.start()
        if not self._began.wait(LIMIT_S):
            raise AssertionError("the stream of the API did not begin")
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def wait_for(self, kind: str, subject: str) -> Json:
        """The first event of this kind (as `snapshot.created`) and subject."""
        deadline = time.monotonic() + LIMIT_S
        with self._more:
            while True:
                for event in self._events:
                    if f".{kind}.v" in event.get("type", "") and event.get("subject") == subject:
                        return event
                left = deadline - time.monotonic()
                if self._process.poll() is not None or left <= 0:
                    raise AssertionError(
                        f"the stream of the API told no {kind} of {subject} in {LIMIT_S:.0f} s, or ended"
                    )
                self._more.wait(min(left, 1.0))

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._began.set()
                if line.startswith("data: {"):
                    with self._more:
                        self._events.append(json.loads(line[6:]))
                        self._more.notify_all()
        self._began.set()
