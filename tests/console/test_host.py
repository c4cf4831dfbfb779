"""The page itself: log-in, navigation, policies, the ways to the API and to Kubernetes."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Open, Site
from tests.console.story import ALICE, BOB

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180, func_only=True)]


def test_log_in_by_the_form_and_out_again(console: Open, site: Site) -> None:
    tab = console("")
    tab.expected = ["401"]
    page = tab.open("/bsls/servers")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    tab.shot("login")
    page.get_by_test_id("login-token").fill("not-a-token")
    page.get_by_test_id("login-button").click()
    expect(page.get_by_test_id("login-error")).to_contain_text("The cluster does not know this token")
    page.get_by_test_id("login-token").fill(site.tokens["viewer"])
    page.get_by_test_id("login-button").click()
    expect(page.get_by_role("heading", name="File backup servers")).to_be_visible()
    kept = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])")
    assert site.tokens["viewer"] not in kept
    assert "bsls-session" not in kept
    (cookie,) = [one for one in tab.context.cookies() if "session" in one["name"]]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert site.tokens["viewer"] not in cookie["value"]
    page.get_by_test_id("user-menu").click()
    page.get_by_test_id("log-out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert not [one for one in tab.context.cookies() if "session" in one["name"]]


def test_overview_and_navigation(console: Open) -> None:
    tab = console("admin")
    page = tab.open("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    tab.shot("overview")
    page.get_by_test_id("nav-bsls-servers").click()
    expect(page.get_by_role("heading", name="File backup servers")).to_be_visible()
    expect(page).to_have_title(re.compile("File backup servers"))
    page.goto(tab.url + "/nothing/here")
    expect(page.get_by_text("There is nothing at this address.")).to_be_visible()
    tab.shot("missing")


def test_the_list_shows_the_servers(console: Open) -> None:
    tab = console("viewer")
    page = tab.open("/bsls/servers")
    expect(page.get_by_role("link", name="vms", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="more", exact=True)).to_be_visible()
    tab.shot("servers")


def test_the_owner_of_a_vm_sees_the_servers_that_it_may_use(console: Open) -> None:
    """By the namespace of their VMs, without a single request that is refused; from there to what is theirs."""
    tab = console("tenant")
    page = tab.open("/bsls/servers")
    expect(page.get_by_role("heading", name="Choose a namespace")).to_be_visible()
    expect(page.get_by_test_id("create-server")).to_have_count(0)
    tab.shot("servers-tenant-choose")
    tab.choose("team-a")
    for name in ("vms", "more"):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    counted = page.get_by_test_id("server-backup-a/vms").locator("[data-label=Tenants]")
    expect(counted).to_have_text("1")  # Alice, and not Bob
    expect(page.get_by_test_id("server-backup-b/more").locator("[data-label=Tenants]")).to_have_text("0")
    tab.shot("servers-tenant")
    page.get_by_role("link", name="vms", exact=True).click()
    expect(page.get_by_test_id("figure-snapshots")).to_contain_text("30")
    page.get_by_test_id("tab-tenants").click()
    expect(page.get_by_role("link", name=ALICE)).to_be_visible()
    expect(page.get_by_role("link", name=BOB)).to_have_count(0)
    assert not [one for one in tab.requests if not one.startswith(("2", "304"))]
    page.goto(f"{tab.url}/bsls/servers")
    tab.choose("team-b")
    expect(page.get_by_text("ask for the role bsls-tenant-viewer in the namespace team-b")).to_be_visible()
    tab.shot("servers-tenant-elsewhere")


def test_the_theme_is_kept(console: Open) -> None:
    tab = console("viewer")
    page = tab.open("/dashboards")
    page.get_by_test_id("theme-toggle").click()
    page.get_by_role("menuitem", name="Dark").click()
    expect(page.locator("html")).to_have_class(re.compile("pf-v6-theme-dark"))
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile("pf-v6-theme-dark"))


def test_the_second_language(console: Open) -> None:
    tab = console("viewer")
    page = tab.open("/dashboards")
    page.get_by_test_id("user-menu").click()
    page.get_by_role("menuitem", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Übersicht")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_objects_come_live_through_the_proxy(console: Open, site: Site) -> None:
    """List, WebSocket, and what Kubernetes allows to whom."""
    kubectl = site.cluster.kubectl
    kubectl("create", "configmap", "seen-before", "-n", "people")
    tab = console("admin")
    page = tab.open("/k8s/ns/people/core~v1~ConfigMap")
    expect(page.get_by_role("link", name="seen-before")).to_be_visible()
    kubectl("create", "configmap", "seen-live", "-n", "people")
    expect(page.get_by_role("link", name="seen-live")).to_be_visible(timeout=5_000)
    kubectl("delete", "configmap", "seen-live", "-n", "people")
    expect(page.get_by_role("link", name="seen-live")).to_have_count(0, timeout=5_000)
    tab.shot("objects")
    page.get_by_role("link", name="seen-before").click()
    page.get_by_role("link", name="YAML").click()
    editor = page.get_by_test_id("yaml-editor")
    expect(editor).to_contain_text("kind: ConfigMap")
    tab.shot("yaml")
    editor.fill(editor.input_value() + "data: {written: here}\n")
    page.get_by_test_id("save-changes").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    assert kubectl("get", "configmap", "seen-before", "-n", "people", "-o", "jsonpath={.data.written}") == "here"
    editor.fill("kind: [")
    page.get_by_test_id("save-changes").click()
    expect(page.get_by_text("It was not saved")).to_be_visible()
    kubectl("delete", "configmap", "seen-before", "-n", "people")
    other = console("viewer")
    other.expected = ["403"]
    page = other.open("/k8s/ns/people/core~v1~ConfigMap")
    expect(page.get_by_text("cannot list resource")).to_be_visible()


def test_what_is_sent_without_the_header_changes_nothing(console: Open) -> None:
    tab = console("admin")
    tab.expected = ["403"]
    tab.open("/dashboards")
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "forged"}})
    status = tab.page.evaluate(
        """body => fetch('/api/kubernetes/api/v1/namespaces/people/configmaps',
        {method: 'POST', headers: {'Content-Type': 'application/json'}, body}).then(found => found.status)""",
        body,
    )
    assert status == 403
