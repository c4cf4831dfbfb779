"""What the browser fetches of the plugin for its first page, and what that weighs compressed."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Response, expect

from tests.console.tab import Tab

FIRST_PAGE = "/bsls/servers"
BUDGET_KB = 120
_FILES = "/api/plugins/bsls-console-plugin/"


def first_page(tab: Tab, built: Path) -> dict[str, int]:
    """Bytes of each file as gzip packs it: manifest, entry, texts, every script and style that is fetched until the
    list of servers stands. Raises AssertionError when the list does not come.
    """
    fetched: set[str] = set()

    def note(response: Response) -> None:
        path = urlsplit(response.url).path
        if path.startswith(_FILES):
            fetched.add(path.removeprefix(_FILES))

    tab.page.on("response", note)
    page = tab.open(FIRST_PAGE)
    expect(page.locator("[data-test^='server-']").first).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    tab.page.remove_listener("response", note)
    return {name: len(gzip.compress((built / "plugin" / name).read_bytes(), 9)) for name in sorted(fetched)}
