"""A new server, made on its page: by the form, and as YAML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import objects
from tests.cluster.node import Cluster
from tests.console.conftest import Open

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(300)]
SECRET = "pa55-that-no-browser-sees"


def _made(cluster: Cluster, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cluster.kubectl("get", "bsls", "-n", "backup-b", name, "-o", "json"))
    cluster.kubectl("delete", "bsls", "-n", "backup-b", name)
    return found


@pytest.fixture
def furnished(api_cluster: Cluster) -> Iterator[Cluster]:
    """`backup-b` has a location that is available, and a Secret."""
    location = objects.bsl("backup-b", "s3", "bucket", "http://s3.example") | {"status": {"phase": "Available"}}
    api_cluster.kubectl("apply", "-f", "-", input=objects.to_list(location))
    api_cluster.kubectl("create", "secret", "generic", "vault", "-n", "backup-b", f"--from-literal=password={SECRET}")
    yield api_cluster
    api_cluster.kubectl("delete", "secret/vault", "bsl/s3", "-n", "backup-b")


def _begin(page: Page) -> None:
    page.get_by_test_id("field-metadata.name").fill("made-here")
    page.get_by_test_id("field-metadata.namespace").fill("backup-b")
    expect(page.get_by_test_id("field-spec.backupStorageLocation.namespace")).to_have_value("backup-b")


def test_the_form_says_what_is_wrong_and_makes_what_is_right(console: Open, furnished: Cluster) -> None:
    tab = console("admin")
    tab.expected = ["404", "409"]
    bodies: list[str] = []
    tab.page.on("response", lambda one: bodies.append(one.text()) if "/secrets?" in one.url else None)
    page = tab.open("/bsls/servers/~new")
    _begin(page)
    page.get_by_test_id("pick-spec.backupStorageLocation.name").click()
    page.get_by_role("option", name="s3").click()
    expect(page.get_by_text("Phase: Available")).to_be_visible()
    page.get_by_test_id("pick-spec.repositoryPasswordSecret.name").click()
    page.get_by_role("option", name="vault").click()
    expect(page.get_by_text("Not found in backup-b")).to_have_count(1)  # the users are not there yet
    tab.shot("create")
    page.get_by_test_id("field-spec.prefix").fill("../vms")
    expect(page.get_by_test_id("wrong-spec.prefix")).to_contain_text("must not contain '..'")
    page.get_by_test_id("create").click()
    expect(page.get_by_test_id("create-wrong")).to_contain_text("spec.prefix: must not contain '..'")
    tab.shot("create-wrong")
    page.get_by_test_id("field-spec.prefix").fill("vms")
    expect(page.get_by_test_id("create-wrong")).to_have_count(0)
    page.get_by_test_id("field-metadata.name").fill("more")  # the API server knows one
    expect(page.get_by_test_id("wrong-metadata.name")).to_contain_text("already exists")
    page.get_by_test_id("field-metadata.name").fill("made-here")
    page.get_by_role("button", name=re.compile("^Retention")).click()
    page.get_by_test_id("field-spec.policy.retention.keepDaily").fill("7")
    page.get_by_test_id("create").click()
    expect(page.get_by_role("heading", name="made-here")).to_be_visible()
    assert page.url.endswith("/bsls/servers/backup-b/made-here")
    spec = _made(furnished, "made-here")["spec"]
    assert spec["backupStorageLocation"] == {"name": "s3", "namespace": "backup-b"}
    assert spec["repositoryPasswordSecret"] == {"name": "vault", "key": "password"}
    assert spec["policy"]["retention"] == {"keepDaily": 7}
    assert bodies
    assert not [one for one in bodies if SECRET in one or '"data"' in one], "a Secret's data came to the browser"


def test_what_is_typed_as_yaml_is_in_the_form_and_back(console: Open, api_cluster: Cluster) -> None:
    tab = console("admin")
    tab.expected = ["404", "422"]
    page = tab.open("/bsls/servers/~new")
    _begin(page)
    page.get_by_test_id("view-yaml").get_by_role("button").click()
    editor = page.get_by_test_id("yaml-editor")
    expect(editor).to_contain_text("name: made-here")
    tab.shot("create-yaml")
    whole = editor.input_value()
    editor.fill(whole.replace("prefix: vms", "prefix: ../vms"))
    page.get_by_test_id("save-changes").click()
    expect(page.get_by_text("It was not saved")).to_be_visible()
    editor.fill(whole + "  networkPolicy: {allowedNamespaces: {matchLabels: {team: blue}}}\n")
    page.get_by_test_id("view-form").get_by_role("button").click()
    page.get_by_test_id("field-spec.prefix").fill("blue")
    page.get_by_test_id("create").click()
    expect(page.get_by_role("heading", name="made-here")).to_be_visible()
    spec = _made(api_cluster, "made-here")["spec"]
    assert spec["prefix"] == "blue"
    assert spec["networkPolicy"] == {"allowedNamespaces": {"matchLabels": {"team": "blue"}}}


def test_who_may_list_nothing_types_and_who_may_not_create_is_told(console: Open, api_cluster: Cluster) -> None:
    tab = console("namespace-viewer")
    page = tab.open("/bsls/servers/~new?location=backup-a/default")
    expect(page.get_by_text("You may not create file backup servers in backup-a.")).to_be_visible()
    expect(page.get_by_test_id("create")).to_be_disabled()
    expect(page.get_by_test_id("pick-spec.repositoryPasswordSecret.name")).to_have_count(0)
