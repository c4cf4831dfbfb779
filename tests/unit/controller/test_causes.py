"""Which of several causes a pass belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import TracerProvider

from backend.controller.causes import Causes
from backend.telemetry.spans import Kept, record_with, story

KEY = ("backup", "vms")
SECRET = "Secret backup/vms-users"


@pytest.fixture(autouse=True)
def recording() -> Iterator[None]:
    record_with(TracerProvider(shutdown_on_exit=False))
    yield
    record_with(None)


def passed(*causes: tuple[str, bool], work: bool) -> list[str]:
    """The names of a pass's spans after these causes, and at the end work of ours where there was some."""
    kept: list[Sequence[Kept]] = []
    found = Causes(lambda _key, spans: kept.append(spans))
    for what, echo in causes:
        found.note(KEY, what, echo=echo)
    if work:
        with story("sync"):
            found.note(KEY)
    with found.reconcile(KEY) as made:
        made.notable = True
    return [one.name for spans in kept for one in spans]


def test_a_change_from_outside_begins_a_trace() -> None:
    assert "change" in passed((SECRET, False), work=False)
    assert "change" in passed((SECRET, False), work=True)


def test_an_echo_of_our_own_writing_gives_way_to_the_work_that_it_came_from() -> None:
    assert "change" in passed(("BackupStorageLocationServer backup/vms", True), work=False)
    assert "change" not in passed(("BackupStorageLocationServer backup/vms", True), work=True)
