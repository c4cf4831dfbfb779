"""Every page in German, whose words are longer: nothing is cut off, nothing was left in English."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Open
from tests.console.story import ALICE, BOB
from tests.console.tab import NARROW, ROOT, SHOTS, WIDE, Tab

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(240)]
LOCALES = ROOT / "console-plugin/locales"
SERVER = "/bsls/servers/backup-a/vms"
PAGES = {
    "overview": "/dashboards", "servers": "/bsls/servers", "create": "/bsls/servers/~new", "server": SERVER,
    **{f"server-{tab}": f"{SERVER}/{tab}" for tab in ("tenants", "snapshots", "events", "logs", "yaml")},
    "server-fresh": "/bsls/servers/backup-b/more", "tenant": f"/bsls/tenants/backup-a/vms/{BOB}",
    "tenant-unseen": "/bsls/tenants/backup-a/vms/new@vm-9.team-a", "activity": "/bsls/activity",
    "trace-gone": f"/bsls/activity/backup-a/vms/{'0' * 32}", "subscriptions": "/bsls/subscriptions",
}  # fmt: skip
# What the page says, but for texts of Kopia, of the API and of the CRD.
_TEXTS = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) found.push(texts.currentNode.data.trim());
  for (const name of ['aria-label', 'placeholder', 'title'])
    for (const element of document.querySelectorAll(`[${name}]`)) found.push(element.getAttribute(name));
  return found;
}"""


def english() -> set[str]:
    """Texts that are others in German; but PatternFly gives the cross of a dialog no other name."""
    of = {one: json.loads(next((LOCALES / one).glob("*.json")).read_text()) for one in ("en", "de")}
    host = json.loads((ROOT / "console-plugin/host/locales/de.json").read_text())
    pairs = [(text, of["de"][key]) for key, text in of["en"].items() if key in of["de"]] + list(host.items())
    german = {text for _, text in pairs}
    return {text for text, translated in pairs if text != translated} - german - {"Close"}


def look(tab: Tab, name: str, unwanted: set[str]) -> None:
    page = tab.page
    expect(page.locator(".pf-v6-c-skeleton, .pf-v6-c-spinner")).to_have_count(0)
    for look, size in (("wide", WIDE), ("narrow", NARROW)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        expect(page.locator(".pf-v6-c-page__sidebar.pf-m-expanded")).to_have_count(int(size is WIDE))
        page.screenshot(path=SHOTS / f"german-{name}-{look}.png", animations="disabled")
        tab.check_readable(f"{name}, {look}")
    left = unwanted & set(page.evaluate(_TEXTS))
    assert not left, f"{name}: not in German: {left}"
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def test_every_page(console: Open) -> None:
    tab = console("admin")
    tab.expected = ["404", "422"]
    tab.context.add_init_script("localStorage.setItem('bridge/language', 'de')")
    unwanted = english()
    assert {"Tenants", "Actions", "Overview"} <= unwanted
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        page = tab.open(path)
        expect(page.locator("h1")).to_be_visible()
        look(tab, name, unwanted)
    page.get_by_test_id("create-subscription").last.click()
    look(tab, "subscription-create", unwanted)
    tab.open("/bsls/activity").get_by_test_id("open-trace").first.click()
    expect(page.get_by_test_id("span-snapshot").first).to_be_visible()
    look(tab, "trace", unwanted)
    tab.open(SERVER).get_by_test_id("server-actions").click()
    look(tab, "server-actions", unwanted)
    for action in ("connect-vm", "refresh-users", "delete-server"):
        if not page.get_by_test_id(action).is_visible():
            page.get_by_test_id("server-actions").click()
        page.get_by_test_id(action).click()
        dialog = page.get_by_role("dialog")
        if action == "connect-vm":
            dialog.get_by_test_id("filter-tenant").fill(ALICE)
            expect(dialog.get_by_test_id("connect")).to_contain_text("kopia")
        look(tab, action, unwanted)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
