"""The built plugin's files as they are served, and the names that plugin, manifests and host have to agree on."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.test_utils import TestClient

from backend.api.http.files import FilesMissing
from backend.api.plugin import make_app, read_plugin
from backend.cli.plugin import DIRECTORY
from tests.cluster.image import UI

ROOT = Path(__file__).resolve().parent.parent.parent.parent
ENTRY = "plugin-entry.0123456789abcdef0123.min.js"
SCRIPT = b"window.entry = 1;\n" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "locales/en").mkdir(parents=True)
    (tmp_path / "plugin-manifest.json").write_text('{"name": "bsls-console-plugin"}')
    (tmp_path / ENTRY).write_bytes(SCRIPT)
    (tmp_path / "locales/en/plugin__bsls-console-plugin.json").write_text("{}")
    (tmp_path / "secret.pem").write_text("not one of the plugin's kinds")
    return tmp_path


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, built: Path) -> TestClient[Any, Any]:
    return await aiohttp_client(make_app(read_plugin(built)), auto_decompress=False)


async def test_a_hashed_name_is_kept_and_the_manifest_asked_for_again(client: TestClient[Any, Any]) -> None:
    script = await client.get(f"/{ENTRY}", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(await script.read()) == SCRIPT
    assert "immutable" in script.headers["Cache-Control"]
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    manifest = await client.get("/plugin-manifest.json", headers={"Accept-Encoding": "identity"})
    assert (await manifest.json())["name"] == "bsls-console-plugin"
    assert manifest.headers["Cache-Control"] == "no-cache"
    again = await client.get("/plugin-manifest.json", headers={"If-None-Match": manifest.headers["ETag"]})
    assert again.status == 304


async def test_texts_lie_in_folders(client: TestClient[Any, Any]) -> None:
    assert (await client.get("/locales/en/plugin__bsls-console-plugin.json")).status == 200


@pytest.mark.parametrize("path", ["/", "/nothing.js", "/secret.pem", "/../plugin.py", "/%2e%2e/%2e%2e/etc/passwd"])
async def test_nothing_else_is_there(client: TestClient[Any, Any], path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_it_is_read_only(client: TestClient[Any, Any]) -> None:
    assert (await client.post("/plugin-manifest.json", data=b"x")).status == 405


def test_an_empty_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FilesMissing, match="make plugin"):
        read_plugin(tmp_path)


def test_plugin_manifests_and_image_agree_on_names() -> None:
    folder = ROOT / "manifests/console-plugin"
    resource = yaml.safe_load((folder / "console_plugin.yaml").read_text())
    package = json.loads((ROOT / "console-plugin/package.json").read_text())["consolePlugin"]
    base = (ROOT / "console-plugin/src/api/base.ts").read_text()
    name = resource["metadata"]["name"]
    assert name == package["name"]
    assert f"PLUGIN = '{name}'" in base
    (proxy,) = resource["spec"]["proxy"]
    assert f"PROXY_ALIAS = '{proxy['alias']}'" in base
    assert proxy["authorization"] == "UserToken"
    backend = resource["spec"]["backend"]["service"]
    assert _service(folder) == (backend["namespace"], backend["name"], backend["port"])
    api = proxy["endpoint"]["service"]
    assert _service(ROOT / "manifests/api") == (api["namespace"], api["name"], api["port"])
    assert str(DIRECTORY) == f"{UI}/plugin"


def _service(folder: Path) -> tuple[str, str, int]:
    service = yaml.safe_load((folder / "service.yaml").read_text())
    return service["metadata"]["namespace"], service["metadata"]["name"], service["spec"]["ports"][0]["port"]
