"""A new server, made on its page."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.cluster.node import Cluster
from tests.console.conftest import Open

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(300)]


def test_a_server_is_made_and_what_is_wrong_is_said(console: Open, api_cluster: Cluster) -> None:
    tab = console("admin")
    tab.expected = ["422"]
    page = tab.open("/bsls/servers/~new")
    editor = page.get_by_test_id("yaml-editor")
    tab.shot("create")
    whole = (
        editor.input_value().replace("openshift-adp", "backup-b").replace("name: file-backup\n", "name: made-here\n")
    )
    editor.fill(whole.replace("prefix: vms", "prefix: ../vms"))
    page.get_by_test_id("save-changes").click()
    expect(page.get_by_text("It was not saved")).to_be_visible()
    expect(page.get_by_text("prefix", exact=False).last).to_be_visible()
    editor.fill(whole)
    page.get_by_test_id("save-changes").click()
    expect(page.get_by_text("made-here").first).to_be_visible()
    made = json.loads(api_cluster.kubectl("get", "bsls", "-n", "backup-b", "made-here", "-o", "json"))
    assert made["spec"]["prefix"] == "vms"
    api_cluster.kubectl("delete", "bsls", "-n", "backup-b", "made-here")
