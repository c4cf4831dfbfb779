"""A tab of a real browser in which somebody is logged in: it remembers what went wrong, and looks from all sides."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "console-plugin/node_modules/axe-core/axe.min.js"
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_VIOLATIONS = """
window.bslsViolations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.bslsViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
# What cannot be read: a word of a heading or of something to click that goes on in the next line, a text that is cut
# off (the name of the user may be), and a page that is wider than the screen, in a box that scrolls.
_UNREADABLE = """() => {
  const seen = (element) => element.checkVisibility() && element.getClientRects().length > 0;
  const found = [];
  for (const element of document.querySelectorAll('h1, h2, h3, button, [role=tab], .pf-v6-c-label')) {
    const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (seen(element) && texts.nextNode()) {
      for (const { index, 0: word } of texts.currentNode.data.matchAll(/[^\\s/@.:-]+/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, index);
        range.setEnd(texts.currentNode, index + word.length);
        const lines = new Set([...range.getClientRects()].map((one) => Math.round(one.top)));
        if (lines.size > 1) found.push(`the word ${word} is broken`);
      }
    }
  }
  for (const element of document.querySelectorAll('body *')) {
    const { overflowX, textOverflow } = getComputedStyle(element);
    const wider = seen(element) && element.scrollWidth > element.clientWidth + 1;
    if (wider && overflowX !== 'visible' && textOverflow === 'ellipsis' && !element.matches('.bsls-host-user, input'))
      found.push(`cut: ${element.textContent}`);
    if (wider && overflowX !== 'visible' && element.matches('main, main > *, .pf-v6-c-page__main-container'))
      found.push(`wider than the screen: ${element.className}`);
  }
  return found;
}"""
CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
Json = dict[str, Any]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own. Without one a test skips, or fails where everything has to be there."""
    if CHROMIUM is None:
        message = "Chromium is missing: run `make setup`"
        strict = os.environ.get("CI") == "true" or os.environ.get("BSLS_REQUIRE_REAL") == "1"
        pytest.fail(message) if strict else pytest.skip(message)
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield found
        finally:
            found.close()


class Tab:
    """`expected`: patterns of errors in the browser's console that belong to the test."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.context = context
        context.add_init_script(_VIOLATIONS)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.expected: list[str] = []
        self._errors: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self._errors.append(f"page error: {error}"))
        self.page.on("response", self._response)
        self.requests: list[str] = []

    def log_in(self, token: str) -> None:
        """Without the form: that has its own test."""
        answer = self.context.request.post(
            f"{self.url}/auth/session", data={"token": token}, headers={"Origin": self.url}
        )
        assert answer.ok, answer.text()

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def choose(self, namespace: str) -> None:
        """In the namespace bar, by typing: not everybody may list namespaces."""
        self.page.get_by_test_id("namespace-toggle").click()
        self.page.get_by_role("textbox", name="Find or enter a name").fill(namespace)
        self.page.get_by_role("menuitem", name=namespace, exact=True).click()

    def shot(self, name: str, *, accessible: bool = True, exclude: tuple[str, ...] = ()) -> None:
        """Pictures in light, dark and narrow, below build/screenshots; each is checked by axe as well."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        expect(self.page.locator(".pf-v6-c-skeleton, .pf-v6-c-spinner")).to_have_count(0)
        for look, scheme, size in (("light", "light", WIDE), ("dark", "dark", WIDE), ("narrow", "light", NARROW)):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            self.page.evaluate("document.fonts.ready")
            if size is NARROW:  # the sidebar makes room, a little after the screen became narrow
                expect(self.page.locator(".pf-v6-c-page__sidebar.pf-m-expanded")).to_have_count(0)
            self.page.screenshot(path=SHOTS / f"{name}-{look}.png", animations="disabled")
            self.check_readable(f"{name}, {look}")
            if accessible:
                self.check_accessible(f"{name}, {look}", exclude)
        self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")

    def check_readable(self, what: str = "") -> None:
        """Nothing is wider than the screen, no text is cut off, no heading or button breaks within a word."""
        assert not self._overflows(), f"{what}: the page is wider than the screen"
        found = self.page.evaluate(_UNREADABLE)
        assert not found, f"{what}: {found}"

    def check_accessible(self, what: str = "", exclude: tuple[str, ...] = ()) -> None:
        """No violation that axe finds."""
        self.page.evaluate(AXE.read_text())  # past the page's policy, which allows no script of ours
        context = {"include": [["html"]], "exclude": [[one] for one in exclude]}
        found = self.page.evaluate(
            "([context, tags]) => axe.run(context, {runOnly: {type: 'tag', values: tags}})", [context, WCAG]
        )
        told = [
            f"{one['id']}: {one['help']}: {'; '.join(str(node['target']) for node in one['nodes'][:5])}"
            for one in found["violations"]
        ]
        assert not told, f"{what}: {json.dumps(told, indent=1)}"

    def check_clean(self) -> None:
        """No error in the browser's console, no exception, nothing that the policy of the page had to stop."""
        violations = [] if self.page.is_closed() else self.page.evaluate("window.bslsViolations ?? []")
        unexpected = [one for one in self._errors if not any(re.search(known, one) for known in self.expected)]
        assert not violations, violations
        assert not unexpected, unexpected

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            place = message.location
            self._errors.append(f"{message.type}: {message.text} ({place.get('url')}:{place.get('lineNumber')})")

    def _response(self, response: Response) -> None:
        self.requests.append(f"{response.status} {urlsplit(response.url).path}")

    def _overflows(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
