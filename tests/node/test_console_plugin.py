"""The console plugin by its manifests: the built files come from the image, over TLS."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import HTTPSHandler, build_opener

import pytest
import yaml

from backend.controller.certificates import mint_ca, mint_leaf
from tests import objects
from tests.demo import site
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME = "bsls-console-plugin"


def test_the_console_gets_manifest_entry_and_texts(product: Site) -> None:
    now = datetime.now(UTC)
    ca = mint_ca("plugin", now)
    leaf = mint_leaf(ca, [f"{NAME}.bsls-system.svc"], now)
    pair = {"tls.crt": leaf.certificate, "tls.key": leaf.key}
    product.apply(objects.secret("bsls-system", f"{NAME}-tls", pair, "kubernetes.io/tls"))
    rendered = product.kubectl("kustomize", str(Path(site.MANIFESTS) / "console-plugin"))
    product.apply(*(one for one in yaml.safe_load_all(rendered) if one["kind"] != "ConsolePlugin"))  # OpenShift's alone
    product.kubectl("rollout", "status", "-n", "bsls-system", f"deployment/{NAME}", "--timeout=90s", timeout=100)
    pods = product.get("pods", "-n", "bsls-system", "-l", f"app.kubernetes.io/name={NAME}")["items"]
    context = ssl.create_default_context(cadata=ca.certificate.decode())
    context.check_hostname = False  # the certificate is for the Service's name
    opener = build_opener(HTTPSHandler(context=context))

    def get(path: str) -> bytes:
        with opener.open(f"https://{pods[0]['status']['podIP']}:8443/{path}", timeout=20) as response:
            body: bytes = response.read()
            return body

    manifest = json.loads(get("plugin-manifest.json"))
    assert manifest["name"] == NAME
    for script in manifest["loadScripts"]:
        assert b"__load_plugin_entry__" in get(script)
    assert json.loads(get(f"locales/de/plugin__{NAME}.json"))["Try again"] == "Erneut versuchen"
