"""Pictures for the documentation of what the demo did: graphs in Prometheus, and traces in the console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.console.tab import Tab, chromium
from tests.demo.api import Api
from tests.servers.prometheus import Prometheus

Json = dict[str, Any]
GRAPHS = (
    "sum by (bsls_snapshot_state) (bsls_snapshots_created_total)",
    "rate(kopia_blob_upload_bytes_total[5s])",
)
SPAN = "1m"
_SIZE, _TALL = {"width": 1200, "height": 900}, {"width": 1200, "height": 1530}
_REPLACED = {"kopia put_manifest", "kopia delete_manifest"}
_MOST_BYTES = 200_000


def take(folder: Path, prometheus: Prometheus, api: Api, at: str, tenant: str) -> list[Path]:
    """Into `folder`: `graphs.png`; of the server `at` (a path of the API), `trace-session.png`, the tenant's session
    with a snapshot, and `trace-change.png`, what a new password in the user list brought about.
    """
    folder.mkdir(parents=True, exist_ok=True)
    traces = api.get(f"{at}/traces?limit=200")["items"]
    session = next(one for one in traces if one["subject"] == tenant and _has(one, "snapshot"))
    change = next(one for one in traces if _has(one, "change") and _names(one) >= _REPLACED)
    with chromium() as browser:
        made = [_graphs(browser, prometheus, folder / "graphs.png")]
        context = browser.new_context(viewport=_SIZE, locale="en-US", timezone_id="UTC", ignore_https_errors=True)  # type: ignore[arg-type]
        tab = Tab(context, api.console.rstrip("/"))
        tab.log_in(api.token("looker"))
        for name, trace, size in (("trace-session", session, _SIZE), ("trace-change", change, _TALL)):
            tab.page.set_viewport_size(size)  # type: ignore[arg-type]
            page = tab.open(f"/bsls/activity/{at.removeprefix('/servers/')}/{trace['traceId']}")
            expect(page.get_by_role("heading", name="Time line")).to_be_visible()
            expect(page.locator(".pf-v6-c-skeleton, .pf-v6-c-spinner")).to_have_count(0)
            made.append(_picture(page, folder / f"{name}.png"))
        tab.check_clean()
    return made


def _graphs(browser: Browser, prometheus: Prometheus, path: Path) -> Path:
    page = browser.new_context(viewport=_TALL, locale="en-US", timezone_id="UTC").new_page()  # type: ignore[arg-type]
    page.goto(prometheus.graphs(*GRAPHS, span=SPAN))
    expect(page.locator(".legend .label")).not_to_have_count(0)
    expect(page.locator(".graph_container:has(svg path)")).to_have_count(len(GRAPHS))
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    return _picture(page, path)


def _picture(page: Page, path: Path) -> Path:
    page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    assert size < _MOST_BYTES, f"{path.name} has {size} bytes: make it smaller"
    return path


def _has(trace: Json, kind: str) -> bool:
    return any(one["kind"] == kind for one in trace["spans"])


def _names(trace: Json) -> set[str]:
    return {one["name"] for one in trace["spans"]}
