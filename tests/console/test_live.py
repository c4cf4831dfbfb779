"""What changes is seen without loading the page again; what breaks is told, and comes back."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, expect

from backend.kopia.snapshots import Snapshot
from tests.console.conftest import Open, Site, in_thread
from tests.console.story import snapshot, tell

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180, func_only=True)]
MORE = ("backup-b", "more")
AWAY = [r"ERR_CONNECTION_REFUSED", r"ERR_INCOMPLETE_CHUNKED_ENCODING", r"WebSocket", r"ERR_EMPTY_RESPONSE"]


def tenants_of(page: Page) -> Locator:
    return page.get_by_test_id("server-backup-b/more").locator('[data-label="Tenants"]')


def with_tenants(count: int) -> list[Snapshot]:
    return [snapshot(f"s{number}", f"tenant-{number}@vm.team-b", time.time()) for number in range(count)]


def test_a_snapshot_of_a_new_tenant_appears(console: Open, site: Site) -> None:
    tab = console("viewer")
    page = tab.open("/bsls/servers")
    expect(page.get_by_test_id("live-open")).to_be_visible()
    expect(tenants_of(page)).to_have_text("0")
    in_thread(tell(site.redis, MORE, {}, with_tenants(1)))
    expect(tenants_of(page)).to_have_text("1", timeout=2_000)
    assert len([one for one in tab.requests if one.endswith("/auth/session")]) == 1  # it was not loaded again


def test_the_page_survives_the_api(console: Open, site: Site) -> None:
    """What happened while it was away is there when it has come back, and nobody has to log in again."""
    tab = console("viewer")
    tab.expected = AWAY
    page = tab.open("/bsls/servers")
    expect(page.get_by_test_id("live-open")).to_be_visible()
    expect(page.get_by_test_id("server-backup-a/vms").locator('[data-label="Sessions now"]')).to_have_text("0")
    site.server.stop()
    try:
        expect(page.get_by_test_id("live-reconnecting")).to_be_visible(timeout=20_000)
        expect(page.get_by_role("link", name="vms", exact=True)).to_be_visible()
        page.get_by_test_id("filter-text").fill("vms")  # other rows are asked for, in vain
        expect(page.get_by_test_id("as-of")).to_contain_text("Loaded")
        tab.shot("reconnecting")
        page.get_by_test_id("filter-text").fill("")
        in_thread(tell(site.redis, MORE, {}, with_tenants(3)))
    finally:
        site.server.start()
    expect(page.get_by_test_id("live-open")).to_be_visible(timeout=40_000)
    expect(tenants_of(page)).to_have_text("3")
    expect(page.get_by_test_id("as-of")).to_have_count(0)


def test_a_log_in_that_ended_asks_for_another(console: Open, site: Site) -> None:
    tab = console("viewer")
    tab.expected = ["401"]
    page = tab.open("/bsls/servers")
    expect(page.get_by_role("link", name="vms", exact=True)).to_be_visible()
    tab.context.clear_cookies()
    for item in ("nav-bsls-activity", "nav-bsls-servers"):  # gone already, where a request was refused meanwhile
        page.evaluate("item => document.querySelector(`[data-test=${item}]`)?.click()", item)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_test_id("login-token").fill(site.tokens["viewer"])
    page.get_by_test_id("login-button").click()
    expect(page.get_by_role("link", name="vms", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("persona", "seen"), [("namespace-viewer", {"vms"}), ("viewer", {"vms", "more"}), ("nobody", set())]
)
def test_everyone_sees_what_they_may(console: Open, persona: str, seen: set[str]) -> None:
    tab = console(persona)
    page = tab.open("/bsls/servers")
    expect(page.get_by_test_id("live-open")).to_be_visible()
    for name in ("vms", "more"):
        expect(page.get_by_role("link", name=name, exact=True)).to_have_count(int(name in seen))
    if not seen:
        tab.shot("servers-nobody")
