"""`make bench-console`: the plugin's pages in a real Chromium, served by the real `bsls api --ui`.

- Weight: all that is fetched of the plugin until the list of servers stands (manifest, entry, scripts, styles, texts),
  as gzip packs it. OpenShift's console lends react, react-i18next, react-router, redux and its SDK; these are not in
  the plugin's files at all. It does not lend PatternFly's components: plugins share theirs with each other where
  versions fit. They are counted, as if there were no other plugin. The page of our own host, which stands for the
  console, is not.
- First content: from the beginning of a navigation, with nothing cached, to the frame with the first of 1,000 servers.
  Our host loads itself in that time, too.
- Smoothness: frames while the page is scrolled, filtered, turned and sorted. One is late when the one before was shown
  for more than a sixtieth of a second. An empty page is measured beside, which tells what the machine can do.
- Busy: the main thread's tasks, as Chromium counts them, while 100 events/s concern what is on the page.

python -m benchmarks.console [--rounds 5] [--seconds 10]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.console.site import BUSY, NAMESPACE, SERVERS, SHOWN, Site, site
from benchmarks.console.watch import FIRST_CONTENT, Frames, busy_for, frames_during
from benchmarks.figures import Figure, report
from tests.cluster.cache import tied
from tests.console.tab import WIDE, Tab, chromium
from tests.console.weight import BUDGET_KB, first_page

LIST = "/bsls/servers"
HISTORY = f"/bsls/servers/{NAMESPACE}/{BUSY}/snapshots"
PAGES = (LIST, f"/bsls/servers/{NAMESPACE}/{BUSY}/events", HISTORY, "/bsls/activity")
RATE = 100
STEP_S = 0.016
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5, help="navigations")
    parser.add_argument("--seconds", type=float, default=10.0, help="of events on each page")
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bsls-bench-")))
        print(f"==> an apiserver with {SERVERS} servers, Redis with 100,000 snapshots of one", flush=True)
        where = stack.enter_context(site(scratch))
        browser = stack.enter_context(chromium())
        figures = [
            *_weight(browser, where),
            *_first_content(browser, where, options.rounds),
            *_smoothness(browser, where),
            *_busy(browser, where, options.seconds),
        ]
    return report("bench-console", figures)


@contextmanager
def _tab(browser: Browser, where: Site) -> Iterator[Tab]:
    context = browser.new_context(viewport=WIDE, locale="en-US", timezone_id="UTC")  # type: ignore[arg-type]
    try:
        tab = Tab(context, where.url)
        tab.log_in(where.token)
        yield tab
        tab.check_clean()
    finally:
        context.close()


def _weight(browser: Browser, where: Site) -> list[Figure]:
    with _tab(browser, where) as tab:
        files = first_page(tab, where.built)
    heaviest = ", ".join(f"{name} {size}" for name, size in sorted(files.items(), key=lambda one: -one[1])[:3])
    print(f"==> {len(files)} files of the plugin; the heaviest: {heaviest}", flush=True)
    return [Figure("entry and first page", sum(files.values()) / 1000, BUDGET_KB, "KB")]


def _first_content(browser: Browser, where: Site, rounds: int) -> list[Figure]:
    times = []
    for _ in range(rounds):
        with _tab(browser, where) as tab:
            tab.page.add_init_script(FIRST_CONTENT)
            tab.open(LIST)
            times.append(float(tab.page.evaluate("() => window.bslsFirstContent")))
    print(f"==> first content after {', '.join(f'{one:.0f}' for one in times)} ms", flush=True)
    return [Figure("first content, the slowest", max(times) / 1000, 1, "s")]


def _smoothness(browser: Browser, where: Site) -> list[Figure]:
    print("==> frames", flush=True)
    found: dict[str, Frames] = {}
    with _tab(browser, where) as tab:
        page = tab.page
        page.goto("about:blank")
        still = frames_during(page, lambda: page.wait_for_timeout(2000))
        print(f"    {'an empty page':34} {still}", flush=True)
        tab.open(LIST)
        expect(page.locator("[data-test^='server-']")).to_have_count(50)
        expect(page.locator("[data-label='Sessions now']").first).to_have_text("0")
        _moved(page, "1,000 servers", found, "many-09", ("Health", "Overdue"))
        tab.open(HISTORY)
        expect(page.locator("[data-test^='snapshot-']")).to_have_count(50)
        _moved(page, "100,000 snapshots", found, "/var/lib", ("Size", "Started"))
    return [Figure(f"late frames: {name}", one.late, 5, "%") for name, one in found.items()]


def _moved(page: Page, what: str, found: dict[str, Frames], text: str, columns: Sequence[str]) -> None:
    """Measures the page in all that a reader does with it."""

    def measure(name: str, work: Callable[[], None]) -> None:
        found[f"{what}, {name}"] = one = frames_during(page, work)
        print(f"    {f'{what}, {name}':34} {one}", flush=True)

    measure("scrolled", lambda: _scroll(page))
    measure("filtered", lambda: _filter(page, text))
    measure("turned", lambda: _turn(page))
    measure("sorted", lambda: _sort(page, columns))


def _scroll(page: Page) -> None:
    page.mouse.move(WIDE["width"] / 2, WIDE["height"] * 0.7)
    for step in [60] * 40 + [-60] * 40:
        page.mouse.wheel(0, step)
        time.sleep(STEP_S)


def _filter(page: Page, text: str) -> None:
    field = page.locator("[data-test='filter-text'], [data-test='filter-path']").first
    field.click()
    page.keyboard.type(text, delay=120)
    page.wait_for_timeout(700)
    for _ in text:
        page.keyboard.press("Backspace", delay=120)
    page.wait_for_timeout(700)


def _turn(page: Page) -> None:
    for button in ("next-page",) * 5 + ("previous-page",) * 5:
        page.get_by_test_id(button).click()
        page.wait_for_timeout(200)


def _sort(page: Page, columns: Sequence[str]) -> None:
    for column in [*columns, *columns]:
        page.get_by_role("columnheader", name=column).get_by_role("button").click()
        page.wait_for_timeout(400)


def _busy(browser: Browser, where: Site, seconds: float) -> list[Figure]:
    print(f"==> the main thread, with {RATE} events/s", flush=True)
    figures = []
    for path in PAGES:
        servers = SHOWN if path == LIST else (f"{NAMESPACE}/{BUSY}",)
        with _tab(browser, where) as tab, _events(where, servers):
            tab.open(path)
            expect(tab.page.get_by_test_id("live-open")).to_be_visible()
            tab.page.wait_for_timeout(2000)
            before = int(where.redis.cli("XLEN", "bsls:events"))
            found = busy_for(tab.page, seconds)
            told = (int(where.redis.cli("XLEN", "bsls:events")) - before) / seconds
        print(f"    {path:40} {found}, at {told:.0f} events/s", flush=True)
        assert told > 0.95 * RATE, "there were fewer events"
        figures.append(Figure(f"busy: {path}", found.all, 30, "%"))
    return figures


@contextmanager
def _events(where: Site, servers: Sequence[str]) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.console.publish", where.redis.url, str(RATE), *servers]
    process = subprocess.Popen(tied(command), cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "nothing is told"
        yield
        assert process.poll() is None, "the events ended"
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    raise SystemExit(main())
