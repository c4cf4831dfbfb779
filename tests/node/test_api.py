"""The API by its manifests: behind its certificate, at work on what the controller told."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, Request, build_opener

import pytest

from backend.controller.certificates import KeyPair, mint_ca, mint_leaf
from tests import objects
from tests.demo import site
from tests.demo.vm import Vm
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME, ALICE = "api", "alice@vm-1"


class Api:
    """One replica, trusted by its CA alone. From this machine the pods are reached by their addresses."""

    def __init__(self, product: Site, ca: bytes, token: str) -> None:
        self._product = product
        self._ca = ca
        self._token = token

    def get(self, path: str) -> tuple[int, bytes]:
        context = ssl.create_default_context(cadata=self._ca.decode())
        pods = self._product.get("pods", "-n", "bsls-system", "-l", "app.kubernetes.io/name=bsls-api")["items"]
        context.check_hostname = False  # the certificate is for the Service's name
        request = Request(
            f"https://{pods[0]['status']['podIP']}:8443{path}", headers={"Authorization": f"Bearer {self._token}"}
        )
        try:
            with build_opener(HTTPSHandler(context=context)).open(request, timeout=20) as response:
                return response.status, response.read()
        except HTTPError as error:
            return error.code, error.read()


def serve(product: Site, ca: KeyPair) -> None:
    now = datetime.now(UTC)
    leaf = mint_leaf(ca, ["bsls-api.bsls-system.svc"], now)
    pair = {"tls.crt": leaf.certificate, "tls.key": leaf.key}
    product.apply(objects.secret("bsls-system", "bsls-api-tls", pair, "kubernetes.io/tls"))


@pytest.fixture(scope="module")
def api(product: Site, vm: Callable[..., Vm]) -> Api:
    ca = mint_ca("api", datetime.now(UTC))
    serve(product, ca)
    product.kubectl("apply", "-k", str(Path(site.MANIFESTS) / "api"))
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-api", "--timeout=90s", timeout=100)
    product.kubectl("create", "serviceaccount", "viewer", "-n", "elsewhere")
    product.kubectl("create", "clusterrole", "bsls-viewer", "--verb=get,list",
                    "--resource=backupstoragelocationservers.oadp.openshift.io")  # fmt: skip
    product.kubectl("create", "clusterrolebinding", "bsls-viewer", "--clusterrole=bsls-viewer",
                    "--serviceaccount=elsewhere:viewer")  # fmt: skip
    token = product.kubectl("create", "token", "viewer", "-n", "elsewhere", "--duration=1h").strip()
    product.new_server(NAME, product.user_line(ALICE))
    product.wait(NAME, "UsersSynced", status="True")
    url = product.wait(NAME, "Available", status="True")["status"]["serviceURL"]
    client = vm(ALICE)
    client.connect(url, product.get("bsls", "-n", NAME, NAME)["status"]["tlsFingerprint"])
    client.make_data("/home/vm/api", megabytes=1)
    return Api(product, ca.certificate, token)


def test_a_snapshot_is_listed(product: Site, vm: Callable[..., Vm], api: Api) -> None:
    snapshot = vm(ALICE).snapshot("/home/vm/api")
    deadline = time.monotonic() + 30
    while True:
        status, body = api.get(f"/api/v1/servers/{NAME}/{NAME}/snapshots")
        assert status == 200, body
        if snapshot in [one["snapshot"] for one in json.loads(body)["items"]]:
            break
        assert time.monotonic() < deadline, body
        time.sleep(0.2)
    status, body = api.get(f"/api/v1/servers/{NAME}/{NAME}/traces")
    traces = json.loads(body)["items"]
    (trace,) = [one for one in traces if one["spans"][0]["kind"] == "session" and len(one["spans"]) > 1]
    assert [span["kind"] for span in trace["spans"]] == ["session", "snapshot"]
    synced = [one for one in traces if "sync" in {span["kind"] for span in one["spans"]}]
    assert synced, "the controller's own work has traces, too"
    assert {one["subject"] for one in synced} == {NAME}


def test_its_connect_command_works_as_given(product: Site, vm: Callable[..., Vm], api: Api) -> None:
    status, body = api.get(f"/api/v1/servers/{NAME}/{NAME}/tenants/{ALICE}/connect")
    assert status == 200, body
    client = vm(ALICE)
    client.disconnect()
    client.run("/bin/sh", "-c", f"IFS= read -r KOPIA_PASSWORD; export KOPIA_PASSWORD; {json.loads(body)['command']}",
               stdin=client.password + "\n")  # fmt: skip
    assert client.snapshots()


def test_who_may_see_nothing_is_told_nothing(product: Site, api: Api) -> None:
    token = product.kubectl("create", "token", "default", "-n", "elsewhere").strip()
    status, body = Api(product, api._ca, token).get(f"/api/v1/servers/{NAME}/{NAME}")
    assert status == 404, body
