"""The page of a server in a real browser: its tabs, live events, filters, deletion, and a viewer with fewer rights."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.console.conftest import STATUS, Open, Site, in_thread
from tests.console.story import ALICE, BOB, history, snapshot, tell

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(240)]
SERVER = "/bsls/servers/backup-a/vms"


def test_the_tabs(console: Open) -> None:
    """Each tells what it should, in light, dark and narrow, and axe finds nothing."""
    tab = console("admin")
    page = tab.open(SERVER)
    expect(page.get_by_text("Tenants can connect")).to_be_visible()
    expect(page.get_by_test_id("figure-tenants")).to_contain_text("2")
    expect(page.get_by_role("img", name="Backed up per day")).to_be_visible()
    tab.shot("server-overview")
    page.get_by_test_id("tab-tenants").click()
    expect(page.get_by_test_id(f"tenant-{ALICE}").get_by_test_id("tenant-fine")).to_have_text("Backed up")
    expect(page.get_by_test_id(f"tenant-{BOB}").get_by_test_id("tenant-unread")).to_have_text(
        "Backed up, 12 files not read"
    )
    tab.shot("server-tenants")
    page.get_by_test_id("tab-snapshots").click()
    expect(page.get_by_test_id("snapshot-b00")).to_contain_text("Incomplete")
    missed = page.get_by_test_id("snapshot-b01")
    expect(missed).to_contain_text("12 files not readetc/keys/00 permission denied")
    missed.get_by_test_id("unread-more").click()
    expect(missed).to_contain_text("2 more that Kopia does not name")
    tab.shot("server-snapshots")
    page.get_by_test_id("tab-events").click()
    page.get_by_test_id("event").first.get_by_role("button").click()
    tab.shot("server-events")
    page.get_by_test_id("tab-logs").click()
    expect(page.get_by_text("No pod of this server runs.")).to_be_visible()
    tab.shot("server-logs")
    page.get_by_test_id("tab-yaml").click()
    expect(page.locator("textarea")).to_contain_text("BackupStorageLocationServer")
    tab.shot("server-yaml")


def test_snapshots_are_filtered_by_the_api_and_open_their_trace(console: Open) -> None:
    tab = console("viewer")
    page = tab.open(f"{SERVER}/snapshots?state=incomplete")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_test_id("filter-state").click()
    page.get_by_role("option", name="Any state").click()
    expect(page.get_by_test_id("snapshot-a00")).to_be_visible()
    page.get_by_test_id("filter-tenant").locator("input").or_(page.get_by_label("Tenant (user@host)")).first.fill(ALICE)
    expect(page).to_have_url(re.compile("tenant=alice"))
    expect(page.locator("tbody tr")).to_have_count(30)
    page.get_by_test_id("snapshot-a00").get_by_test_id("open-trace").click()
    expect(page).to_have_url(re.compile("/bsls/activity/backup-a/vms/[0-9a-f]{32}"))


def test_a_snapshot_appears_while_one_looks(console: Open, site: Site) -> None:
    tab = console("viewer")
    page = tab.open(f"{SERVER}/snapshots")
    expect(page.get_by_test_id("snapshot-a00")).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    made = [*history(), snapshot("new1", ALICE, time.time(), path="/new")]
    in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, made))
    expect(page.get_by_test_id("snapshot-new1")).to_be_visible(timeout=5_000)
    # Under the pointer, the list stands still, and says what waits.
    page.get_by_test_id("snapshot-a00").hover()
    in_thread(
        tell(site.redis, ("backup-a", "vms"), STATUS, [*made, snapshot("new2", ALICE, time.time() + 1, path="/new")])
    )
    expect(page.get_by_test_id("show-new")).to_have_text("Show 1 new")
    expect(page.get_by_test_id("snapshot-new2")).to_have_count(0)
    page.get_by_test_id("show-new").click()
    expect(page.get_by_test_id("snapshot-new2")).to_be_visible()
    page.get_by_test_id("tab-events").click()
    expect(page.get_by_text(f"{ALICE} backed up /new").first).to_be_visible()


def test_a_viewer_cannot_delete_and_an_admin_can(console: Open, site: Site) -> None:
    viewer = console("viewer")
    page = viewer.open("/bsls/servers/backup-b/more")
    expect(page.get_by_role("heading", name="more")).to_be_visible()
    expect(page.get_by_text("The controller has not reported yet.")).to_be_visible()
    page.get_by_test_id("server-actions").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Connect a VM"])
    site.cluster.kubectl("create", "-f", "-", input=site.cluster.kubectl(
        "get", "bsls", "-n", "backup-b", "more", "-o", "json").replace('"more"', '"gone"'))  # fmt: skip
    tab = console("admin")
    page = tab.open("/bsls/servers/backup-b/gone")
    page.get_by_test_id("server-actions").click()
    page.get_by_role("menuitem", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The backup data in the storage stays.")
    expect(dialog.get_by_test_id("confirm-delete")).to_be_disabled()
    tab.shot("server-delete")
    dialog.get_by_test_id("delete-name").fill("gone")
    dialog.get_by_test_id("confirm-delete").click()
    expect(page.get_by_role("heading", name="File backup servers")).to_be_visible()
    found = site.cluster.kubectl("get", "bsls", "-n", "backup-b", "-o", "name")
    assert "gone" not in found


def test_a_vm_is_connected_from_the_page_of_the_server(console: Open) -> None:
    """For who made snapshots, and for who never did."""
    tab = console("viewer")
    page = tab.open(SERVER)
    page.get_by_test_id("server-actions").click()
    page.get_by_role("menuitem", name="Connect a VM").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("how-to-add")).to_contain_text("bsls user hash")
    for user in (ALICE, "new@vm-9.team-a"):
        dialog.get_by_label("Tenant (user@host)").fill(user)
        expect(dialog.get_by_test_id("connect")).to_contain_text(f"--override-username={user.partition('@')[0]}")
    tab.shot("server-connect")


def test_users_are_refreshed_by_who_may(console: Open, site: Site) -> None:
    """The controller's part is played here: its status has the request that the page made."""
    tab = console("admin")
    page = tab.open(SERVER)
    page.get_by_test_id("server-actions").click()
    page.get_by_role("menuitem", name="Refresh users").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_test_id("confirm-refresh").click()
    expect(dialog.get_by_test_id("refresh-waits")).to_be_visible()
    kubectl = site.cluster.kubectl
    found = json.loads(kubectl("get", "bsls", "-n", "backup-a", "vms", "-o", "json"))["metadata"]["annotations"]
    done = {"request": found["oadp.openshift.io/refresh-users"], "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    patch = json.dumps({"status": {"usersRefresh": done}})
    kubectl("patch", "bsls", "-n", "backup-a", "vms", "--subresource=status", "--type=merge", "-p", patch)
    made = [*history(), snapshot("refreshed", ALICE, time.time())]  # whose arrival tells that all is told
    in_thread(tell(site.redis, ("backup-a", "vms"), STATUS | {"usersRefresh": done}, made))
    expect(dialog.get_by_test_id("refresh-done")).to_contain_text("Done: 2 of 2 users", timeout=5_000)
    tab.shot("server-refresh")


def test_the_rest_stays_while_redis_is_away(console: Open, site: Site) -> None:
    tab = console("viewer")
    tab.expected = ["50[0-9]", "ERR_"]
    page = tab.open(SERVER)
    expect(page.get_by_test_id("figure-sessions")).to_contain_text("0")
    site.redis.stop()
    try:
        page.reload()
        expect(page.get_by_test_id("store-away")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Tenants can connect")).to_be_visible()
        tab.shot("server-redis-away")
    finally:
        site.redis.start()
        in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, history()))  # it keeps nothing; others look at this
    expect(page.get_by_test_id("store-away")).to_have_count(0, timeout=60_000)
