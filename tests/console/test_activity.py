"""The activity of the servers, its traces, and the page of a tenant."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.console.conftest import STATUS, Open, Site, in_thread
from tests.console.story import ALICE, BOB, history, snapshot, tell

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(900)]
TENANTS = "/bsls/tenants/backup-a/vms"


def test_who_backed_up_and_the_trace_of_it(console: Open) -> None:
    tab = console("viewer")
    page = tab.open("/bsls/activity")
    table = page.get_by_role("grid", name="Snapshot activity")
    expect(table.get_by_role("link", name=ALICE).first).to_be_visible()
    tab.shot("activity")
    page.get_by_test_id("filter-text").get_by_role("textbox").or_(
        page.get_by_role("textbox", name="Search by tenant, server or folder")
    ).first.fill(BOB)
    expect(table.get_by_role("link", name=ALICE)).to_have_count(0)
    page.reload()
    expect(table.get_by_role("link", name=BOB).first).to_be_visible()
    expect(table.get_by_role("link", name=ALICE)).to_have_count(0)
    page.get_by_test_id("open-trace").first.click()
    expect(page.get_by_role("region", name="Time line")).to_be_visible()
    expect(page.get_by_test_id("span-snapshot").first).to_contain_text("/srv")
    expect(page.get_by_test_id("trace-reason")).to_contain_text("cancelled")
    expect(page.get_by_test_id("event-own").first).to_be_visible()
    tab.shot("trace")


def test_a_trace_that_is_gone_says_so(console: Open) -> None:
    tab = console("viewer")
    page = tab.open(f"/bsls/activity/backup-a/vms/{'0' * 32}")
    expect(page.get_by_role("heading", name="This trace is no longer kept")).to_be_visible()


def test_a_tenant_and_how_to_connect(console: Open) -> None:
    tab = console("viewer")
    page = tab.open(f"{TENANTS}/{ALICE}")
    expect(page.get_by_test_id("figure-snapshots")).to_contain_text("30")
    expect(page.get_by_role("img", name="Snapshots of the last 30 days")).to_be_visible()
    expect(page.get_by_test_id("connect")).to_contain_text("kopia repository connect server")
    expect(page.get_by_test_id("access")).to_contain_text("Own snapshots and policies")
    tab.shot("tenant")
    page.get_by_role("button", name="New VM (cloud-init)").click()
    expect(page.get_by_test_id("connect")).to_contain_text("#cloud-config")
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_test_id("copy-connect").click()
    expect(page.get_by_test_id("connect").get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("#cloud-config")


def test_why_a_snapshot_failed_is_on_the_page_of_the_tenant(console: Open) -> None:
    tab = console("viewer")
    page = tab.open(f"{TENANTS}/{BOB}")
    expect(page.get_by_test_id("tenant-unread")).to_have_text("Backed up, 12 files not read")
    expect(page.get_by_test_id("problems")).to_contain_text("incomplete")
    missed = "etc/keys/00 (permission denied) and 11 more"
    expect(page.get_by_test_id("problems")).to_contain_text(f"12 files not read: {missed}")
    row = page.get_by_test_id("recent").get_by_role("row", name=re.compile("12 files not read"))
    expect(row).to_contain_text(missed)
    tab.shot("tenant-with-problems")
    row.get_by_test_id("open-trace").click()
    reason = page.get_by_test_id("trace-reason")
    expect(reason).to_contain_text("12 files not read")
    expect(reason).to_contain_text("etc/keys/00 permission denied")
    tab.shot("trace-of-unread")


def test_the_owner_of_a_vm_sees_their_own_tenant_only(console: Open) -> None:
    tab = console("tenant")
    tab.expected = ["403", "404"]
    page = tab.open(f"{TENANTS}/{ALICE}")
    expect(page.get_by_test_id("connect")).to_contain_text(re.compile("--override-username=.?alice"))
    page.goto(f"{tab.url}{TENANTS}/{BOB}")
    expect(page.get_by_test_id("error")).to_be_visible()


def test_the_owner_of_a_vm_is_told_where_nothing_of_theirs_was_seen_yet(console: Open) -> None:
    """Of a server, and of a tenant; and with the namespace of their VMs, nothing is refused any more."""
    tab = console("tenant")
    tab.expected = ["404", "409"]
    page = tab.open("/bsls/servers/backup-b/more")
    expect(page.get_by_test_id("error")).to_contain_text("There is no server backup-b/more, or you may not see it")
    expect(page.get_by_test_id("choose-namespace")).to_be_visible()
    tab.shot("server-hidden")
    tab.requests.clear()
    tab.choose("team-a")
    expect(page.get_by_test_id("none-of-yours")).to_contain_text("This server has seen none of your tenants yet")
    expect(page.get_by_text("Nobody is connected")).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    tab.shot("server-none-of-yours")
    for part in ("tenants", "snapshots", "events"):
        page.get_by_test_id(f"tab-{part}").click()
        expect(page.get_by_test_id("empty")).to_be_visible()
        expect(page.get_by_test_id("none-of-yours")).to_be_visible()
    assert not [one for one in tab.requests if not one.startswith(("2", "304"))]
    page.goto(f"{tab.url}/bsls/tenants/backup-b/more/root@vm-9.team-a")
    expect(page.get_by_role("heading", name="This server has seen nothing of this tenant yet")).to_be_visible()
    tab.shot("tenant-unseen")


@pytest.mark.parametrize(
    ("persona", "namespace", "seen"),
    [
        ("admin", "", {ALICE, BOB}),
        ("admin", "team-b", {BOB}),
        ("namespace-viewer", "", {ALICE, BOB}),
        ("namespace-viewer", "backup-a", {ALICE, BOB}),
        ("tenant", "team-a", {ALICE}),
    ],
)
def test_everyone_sees_the_activity_that_is_theirs(console: Open, persona: str, namespace: str, seen: set[str]) -> None:
    """Without a single request that is refused."""
    tab = console(persona)
    page = tab.open("/bsls/activity")
    if namespace:
        tab.choose(namespace)
    table = page.get_by_role("grid", name="Snapshot activity")
    for tenant in (ALICE, BOB):
        if tenant in seen:
            expect(table.get_by_role("link", name=tenant).first).to_be_visible()
    for tenant in {ALICE, BOB} - seen:
        expect(table.get_by_role("link", name=tenant)).to_have_count(0)
    expect(page.get_by_test_id("live-open")).to_be_visible()
    assert not [one for one in tab.requests if not one.startswith(("2", "304"))]
    if persona != "tenant":
        return
    tab.shot("activity-tenant")
    table.get_by_role("row").filter(has_text="/home").first.get_by_test_id("open-trace").click()
    expect(page.get_by_test_id("span-snapshot").first).to_contain_text("/home")
    expect(page.get_by_test_id("live-open")).to_be_visible()
    assert not [one for one in tab.requests if not one.startswith(("2", "304"))]


def test_the_owner_of_a_vm_follows_their_snapshots_live(console: Open, site: Site) -> None:
    """Theirs only: what another tenant did at the same server, before, is not even told."""
    tab = console("tenant")
    page = tab.open("/bsls/activity")
    tab.choose("team-a")
    table = page.get_by_role("grid", name="Snapshot activity")
    expect(table.get_by_role("link", name=ALICE).first).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    now = datetime.now(UTC).timestamp()
    made = [*history(), snapshot("live-b", BOB, now - 1, path="/of-bob"), snapshot("live-a", ALICE, now, path="/live")]
    in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, made))
    expect(table.get_by_text("/live")).to_be_visible(timeout=5_000)
    expect(table.get_by_text("/of-bob")).to_have_count(0)
    in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, history()))


def test_who_may_see_nothing_is_told_what_to_do(console: Open) -> None:
    tab = console("nobody")
    page = tab.open("/bsls/activity")
    expect(page.get_by_role("heading", name="Choose a namespace")).to_be_visible()
    tab.shot("activity-nobody")
    tab.choose("team-a")
    expect(page.get_by_role("heading", name="No file backup servers")).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    assert not [one for one in tab.requests if not one.startswith(("2", "304"))]
