"""What a page costs its reader: frames that came late, the main thread's work, the time to the first content."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from playwright.sync_api import CDPSession, Page

FRAME_MS = 1000 / 60
_RECORD = """() => {
  const times = [];
  window.bslsFrames = times;
  const step = (now) => { if (window.bslsFrames === times) { times.push(now); requestAnimationFrame(step); } };
  requestAnimationFrame(step);
}"""
_STOP = "() => { const times = window.bslsFrames; window.bslsFrames = undefined; return times; }"
FIRST_CONTENT = """
window.bslsFirstContent = new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector("[data-test^='server-']")) return requestAnimationFrame(look);
    requestAnimationFrame(() => resolve(performance.now()));
  };
  requestAnimationFrame(look);
});
"""
"""Before the page: when, after the navigation began, the frame with the first row was drawn, in milliseconds."""


@dataclass(frozen=True)
class Frames:
    """`missed`: frames that a screen of 60 Hz would have shown and did not get; `longest_ms` between two."""

    shown: int
    missed: int
    longest_ms: float

    @property
    def late(self) -> float:
        """Share of all, in percent."""
        return 100 * self.missed / max(1, self.shown + self.missed)

    def __str__(self) -> str:
        return f"{self.late:5.2f} % of {self.shown + self.missed} frames late, the longest {self.longest_ms:.0f} ms"


def frames_of(times: list[float]) -> Frames:
    """Of moments in milliseconds. Pure."""
    gaps = [after - before for before, after in pairwise(times)]
    missed = sum(max(0, round(gap / FRAME_MS) - 1) for gap in gaps)
    return Frames(len(gaps), missed, max(gaps, default=0.0))


def frames_during(page: Page, work: Callable[[], None]) -> Frames:
    page.evaluate(_RECORD)
    work()
    found = frames_of(page.evaluate(_STOP))
    assert found.shown > 30, "the browser drew nothing"
    return found


@dataclass(frozen=True)
class Busy:
    """Shares of the time, of the main thread, in percent. `all` holds the others."""

    all: float
    script: float
    layout: float

    def __str__(self) -> str:
        return f"{self.all:.1f} % busy (script {self.script:.1f}, style and layout {self.layout:.1f})"


def busy_for(page: Page, seconds: float) -> Busy:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    before, begun = _metrics(session), time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    after, took = _metrics(session), time.monotonic() - begun
    session.detach()

    def share(*names: str) -> float:
        return 100 * sum(after[name] - before[name] for name in names) / took

    return Busy(share("TaskDuration"), share("ScriptDuration"), share("RecalcStyleDuration", "LayoutDuration"))


def _metrics(session: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
