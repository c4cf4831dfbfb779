"""What each version of Kopia logs of a whole story is read for what it is: by the text of each line, and in number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from backend.kopia.log_lines import parse_line
from backend.kopia.log_records import (
    LoginRefused,
    MaintenanceStarted,
    Notification,
    Record,
    RepositoryProblem,
    SessionEnded,
    SessionStarted,
    TLSHandshakeFailed,
)
from tests.cluster.binaries import KOPIA_VERSION, OLDER_KOPIAS
from tests.kopia.log_story import FORGED_NAMES, Story
from tests.kopia.pods import ADMIN
from tests.kopia.tenants import ALICE, BOB
from tests.servers.s3_front import S3Front
from tests.servers.seaweed import Seaweed
from tests.unit.kopia.log_kinds import kind_of

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("version", [*OLDER_KOPIAS, KOPIA_VERSION])
def test_a_story(version: str, kopia_versions: dict[str, Path], seaweed: Seaweed, tmp_path: Path) -> None:
    with S3Front(seaweed.port) as front:
        story = Story(kopia_versions[version], seaweed, front, tmp_path / f"story-{version}")
        story.tell()
    lines = [line.rstrip(b"\n") for line in story.log.lines]
    records = [record for line in lines if (record := parse_line(line)) is not None]
    wrong = [
        line for line in lines if kind_of(line.decode()) != type(parse_line(line)).__name__.replace("NoneType", "None")
    ]
    assert not wrong
    _sessions(records)
    _strangers(records)
    kinds = Counter(type(record).__name__ for record in records)
    assert kinds["ShuttingDown"] == 4  # SIGTERM three times, and by the control API
    assert kinds["ServerStarted"] == 4
    assert kinds["MaintenanceStarted"] == kinds["MaintenanceFinished"] == 2
    assert {record.full for record in records if isinstance(record, MaintenanceStarted)} == {True, False}
    problems = [record.error for record in records if isinstance(record, RepositoryProblem)]
    assert any("Access Denied" in error for error in problems)
    assert any("read-only" in error for error in problems)
    # Kopia tries again without a word: neither a storage that denies nor one that slows down is in its log.
    assert not kinds["StorageFailed"] + kinds["Throttled"]
    told = [record for record in records if isinstance(record, Notification) and record.kind == "error"]
    assert any("Access Denied" in record.error for record in told)


def _sessions(records: list[Record]) -> None:
    """Nobody but those who logged in; the last session of each server that was terminated has no end."""
    started = Counter((one.user, one.address) for one in records if isinstance(one, SessionStarted))
    ended = Counter((one.user, one.address) for one in records if isinstance(one, SessionEnded))
    assert {user for user, _ in started} == {ADMIN, ALICE, BOB}
    assert not ended - started
    assert 0 < (started - ended).total() <= 2


def _strangers(records: list[Record]) -> None:
    """Every refused login over HTTP is told, and none over gRPC."""
    refused = [one for one in records if isinstance(one, LoginRefused)]
    assert len(refused) == len(FORGED_NAMES)
    assert {one.address.partition(":")[0] for one in refused} == {"127.0.0.1"}
    assert not [one for one in refused if "vm-9" in one.user]
    errors = [one.error for one in records if isinstance(one, TLSHandshakeFailed)]
    assert sum("bad certificate" in error for error in errors) == 1
    assert sum("client sent an HTTP request" in error for error in errors) == 1
