"""Metrics of what is published of each server, and of who reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from backend.controller.cache import Key
from backend.controller.journal import Journal
from backend.controller.tally import Totals
from backend.telemetry import catalogue
from backend.telemetry.instruments import Figures, Watches

MOST_GROUPS = 100  # consumer groups with a series of their own
OTHER = "other"
Journals = Callable[[], list[tuple[Key, Journal]]]


def watch_journals(watches: Watches, journals: Journals) -> None:
    def totals(read: Callable[[Totals], int]) -> Callable[[], Figures]:
        return lambda: [(key, read(one.totals)) for key, one in journals()]

    watches.add(catalogue.SESSIONS, lambda: [(key, one.open_sessions) for key, one in journals()])
    watches.add(catalogue.SNAPSHOT_BYTES, totals(lambda one: one.size))
    watches.add(catalogue.SNAPSHOT_FILES, totals(lambda one: one.files))
    watches.add(catalogue.SNAPSHOT_ERRORS, totals(lambda one: one.errors))
    watches.add(catalogue.SNAPSHOTS_FAILED, totals(lambda one: one.failed))
    watches.add(catalogue.SNAPSHOTS_CREATED, lambda: _created(journals))


def _created(journals: Journals) -> Figures:
    for key, one in journals():
        yield (*key, "complete"), one.totals.complete
        yield (*key, "incomplete"), one.totals.incomplete


def bounded(groups: Mapping[str, int]) -> dict[str, int]:
    """By name; past MOST_GROUPS the rest together."""
    names = sorted(groups)
    found = {name: groups[name] for name in names[:MOST_GROUPS]}
    rest = names[MOST_GROUPS:]
    return found | {OTHER: sum(groups[name] for name in rest)} if rest else found
