"""The hints of a log: whose sessions ended, and when maintenance ran; never of what only looks like a line."""

from __future__ import annotations

import json

import pytest

from backend.controller.log_hints import take_hints
from backend.controller.targets import Asked, Target
from backend.controller.watcher import Watcher
from backend.kopia.snapshots import seconds

AT = "2026-11-23T09:42:18.475562Z"
PROBE = "bsls-probe@vms"


def line(message: str, logger: str = "kopia/server") -> bytes:
    body = {"l": "INFO", "t": AT, "n": logger, "m": message}
    return f"2026-11-23T09:42:18.475562123Z {json.dumps(body, separators=(',', ':'))}\n".encode()


def ended(user: str) -> bytes:
    return line(f'session ended for user "{user}" from 10.0.0.7:1')


@pytest.fixture
def watcher() -> Watcher:
    target = Target(
        storage=None, storage_version="", pinned_id="", login=None, log=None, asked=Asked(None), asked_version="",
        ledger={}, probe_user=PROBE, probe_interval_s=60,
    )  # fmt: skip
    return Watcher("vms", target, lambda: None)


def test_who_ended_their_sessions(watcher: Watcher) -> None:
    take_hints(watcher, ended("alice@vm-1") + line("odd") + ended("bob@vm-2") * 3 + ended(PROBE))
    assert watcher.ended == {"alice@vm-1", "bob@vm-2"}
    assert watcher.server_changed.is_set()


def test_of_very_many_lines_nobody_is_picked_out(watcher: Watcher) -> None:
    take_hints(watcher, ended("alice@vm-1") * 400 + line("Finished full maintenance.", "maintenance"))
    assert watcher.much_ended
    assert not watcher.ended
    assert watcher.facts.maintenance.full == seconds(AT)


def test_our_own_login_is_no_hint(watcher: Watcher) -> None:
    take_hints(watcher, ended(PROBE))
    assert not watcher.ended
    assert not watcher.server_changed.is_set()


@pytest.mark.parametrize("logger", ["maintenance", "-"])
def test_when_maintenance_ran(watcher: Watcher, logger: str) -> None:
    take_hints(watcher, line("Finished full maintenance.", logger) + line("odd"))
    assert (watcher.facts.maintenance.full, watcher.facts.maintenance.quick) == (seconds(AT), 0)
    take_hints(watcher, line("odd") + line("Finished quick maintenance.", logger))
    assert (watcher.facts.maintenance.full, watcher.facts.maintenance.quick) == (seconds(AT), seconds(AT))


@pytest.mark.parametrize(
    "text",
    [
        line("failed login attempt by client 10.0.0.9:1 for user " + ended("alice@vm-1").decode()),
        line('x","m":"session ended for user "alice@vm-1" from'),
        line("Finished full maintenance.", "kopia/other"),
        line('x","m":"Finished full maintenance."'),
        b"2026-11-23T09:42:18.475562123Z Finished full maintenance.\n",
        b'2026-11-23T09:42:18.475562123Z NOTIFICATION: {"m":"Finished full maintenance."}\n',
        b'2026-11-23T09:42:18.475562123Z {"m":"session ended for user \\"' + b"x" * 1000 + b"\n",
        b"\xff\xfe\n",
        b"\n",
    ],
)
def test_what_only_looks_like_one(watcher: Watcher, text: bytes) -> None:
    take_hints(watcher, text)
    assert not watcher.ended
    assert (watcher.facts.maintenance.full, watcher.facts.maintenance.quick) == (0, 0)
