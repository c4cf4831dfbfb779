"""Every line of the samples and of the captures becomes the kind of record that its text says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from backend.kopia.log_lines import parse_line
from tests.kopia.capture import expected
from tests.unit.kopia.log_kinds import kind_of

HERE = Path(__file__).parent
LOGS = sorted([*(HERE / "samples").glob("*.jsonl"), *HERE.glob("*/*.log")])


@pytest.mark.parametrize("log", LOGS, ids=lambda path: path.name)
def test_every_line(log: Path) -> None:
    lines = log.read_bytes().split(b"\n")
    wrong = [
        (number, kind, expected, line[:200])
        for number, line in enumerate(lines, 1)
        if (kind := type(parse_line(line)).__name__.replace("NoneType", "None")) != (expected := kind_of(line.decode()))
    ]
    assert not wrong


@pytest.mark.parametrize("log", sorted((HERE / "captures").glob("*.log")), ids=lambda path: path.name)
def test_every_field_is_as_it_was_looked_at(log: Path) -> None:
    """`python -m tests.kopia.capture --expected` writes them anew after a change: read the difference."""
    assert expected(log) == log.with_suffix(".jsonl").read_text()


def test_the_samples_hold_what_they_are_for() -> None:
    seen = Counter(type(parse_line(line)).__name__ for log in LOGS for line in log.read_bytes().split(b"\n"))
    assert {
        "SessionStarted", "SessionEnded", "LoginRefused", "MaintenanceStarted", "MaintenanceFinished", "StorageFailed",
        "CacheFailed", "RepositoryProblem", "ServerStarted", "ShuttingDown", "TLSHandshakeFailed", "Notification",
        "LogMessage", "NoneType",
    } <= seen.keys()  # fmt: skip
