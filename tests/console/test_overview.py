"""The items of the file backup servers on the overview of the cluster."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import STATUS, Open, Site
from tests.console.tab import NARROW, SHOTS, WIDE

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180)]
AT = {"lastTransitionTime": "2026-11-25T10:00:00Z", "observedGeneration": 1}


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, object]:
    return {"type": kind, "status": status, "reason": reason, "message": message, **AT}


def report(site: Site, *conditions: dict[str, object], **more: object) -> None:
    """As the controller would write it for `backup-b/more`."""
    patch = json.dumps({"status": {"conditions": list(conditions), **more}})
    site.cluster.kubectl("patch", "bsls", "-n", "backup-b", "more", "--subresource=status", "--type=merge", "-p", patch)


def test_health_inventory_and_activity_follow_the_servers(console: Open, site: Site) -> None:
    tab = console("admin")
    page = tab.open("/dashboards")
    health = page.get_by_test_id("health-File backup servers")
    inventory, activity = page.get_by_test_id("inventory-card"), page.get_by_test_id("activity-card")
    expect(inventory).to_contain_text("2 File backup servers")
    down = "The storage does not answer. Check that the bucket can be reached."
    report(site, condition("Available", "False", "StorageUnreachable", down),
           condition("Degraded", "True", "StorageUnreachable", down), tenants={"total": 4, "overdue": 3})  # fmt: skip
    try:
        expect(health).to_have_attribute("data-state", "ERROR")
        expect(health).to_contain_text("1 unavailable, 3 tenants overdue")
        expect(activity).to_contain_text("Nothing happens at the moment.")
        tab.shot("overview-health")
        page.set_viewport_size(NARROW)  # type: ignore[arg-type]
        expect(page.locator(".pf-v6-c-page__sidebar.pf-m-expanded")).to_have_count(0)
        health.get_by_role("button").click()
        popup = page.get_by_test_id("bsls-health")
        expect(popup).to_contain_text(down)
        expect(page.locator(".pf-v6-c-popover")).to_be_in_viewport(ratio=1)
        expect(page.locator(".pf-v6-c-popover")).to_have_css("opacity", "1")  # it fades in: half of it has no contrast
        tab.check_accessible("the popup of the health")
        page.screenshot(path=SHOTS / "overview-health-popup.png", animations="disabled")
        page.get_by_role("button", name="Close").click()
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        at_work = ("PodStarting", "The pod starts.")
        starts = [condition("Available", "False", *at_work), condition("Progressing", "True", *at_work)]
        report(site, *starts, tenants={"total": 4, "overdue": 0})
        expect(activity.get_by_test_id("bsls-at-work")).to_contain_text("backup-b/more The pod starts.")
        expect(health).to_have_attribute("data-state", "PROGRESS")
        tab.shot("overview-activity")
        report(site, *STATUS["conditions"])  # type: ignore[misc]
        expect(health).to_have_attribute("data-state", "OK")
        expect(activity).to_contain_text("Nothing happens at the moment.")
        inventory.get_by_role("link", name="2 File backup servers").click()
        expect(page).to_have_url(re.compile("/bsls/servers$"))
    finally:
        report(site, tenants=None)


@pytest.mark.parametrize("persona", ["namespace-viewer", "tenant", "nobody"])
def test_who_may_not_list_all_servers_is_told_so(console: Open, persona: str) -> None:
    tab = console(persona)
    tab.expected = ["403"]
    page = tab.open("/dashboards")
    expect(page.get_by_test_id("health-File backup servers")).to_contain_text("You may not list them.")
    expect(page.get_by_test_id("inventory-card")).to_contain_text("Not available")
    expect(page.get_by_test_id("activity-card")).to_contain_text("Not available")
    if persona == "nobody":
        tab.shot("overview-nobody")


def test_the_consoles_own_links_lead_to_our_pages(console: Open) -> None:
    tab = console("admin")
    kind = "oadp.openshift.io~v1alpha1~BackupStorageLocationServer"
    page = tab.open(f"/k8s/all-namespaces/{kind}")
    expect(page).to_have_url(re.compile("/bsls/servers$"))
    page.goto(f"{tab.url}/k8s/ns/backup-a/{kind}/vms")
    expect(page).to_have_url(re.compile("/bsls/servers/backup-a/vms$"))
    expect(page.get_by_test_id("figure-tenants")).to_be_visible()
