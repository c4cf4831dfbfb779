"""Counting running sessions from Kopia's own log lines (version 0.23.1)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.controller.drain import DrainClock, active_sessions


def _line(message: str, module: str = "kopia/server") -> str:
    return json.dumps({"l": "INFO", "t": "2026-11-23T12:00:00Z", "n": module, "m": message})


def _start(user: str, address: str = "10.0.0.1:4000") -> str:
    return _line(f'starting session for user "{user}" from {address}')


def _end(user: str, address: str = "10.0.0.1:4000") -> str:
    return _line(f'session ended for user "{user}" from {address}')


def test_a_snapshot_opens_two_sessions_on_one_address():
    lines = [_start("alice@vm-1"), _start("alice@vm-1"), _end("alice@vm-1")]
    assert active_sessions(lines) == 1


@pytest.mark.parametrize("account", ["bsls-admin@s.ns", "bsls-probe@s.ns"])
def test_sessions_of_controllers_do_not_hold_a_restart_up(account):
    assert active_sessions([_start(account)]) == 0
    assert active_sessions([_start(account), _start("bob@vm-2")]) == 1


def test_plain_and_foreign_lines_are_not_believed():
    lines = [
        'starting session for user "eve@vm-9" from 10.0.0.9:1',
        _line('starting session for user "eve@vm-9" from 10.0.0.9:1', module="kopia/cli"),
        "{broken",
        "[]",
        '{"n": "kopia/server", "m": 7}',
        "SERVER ADDRESS: https://[::]:51515",
    ]
    assert active_sessions(lines) == 0


def test_an_end_without_its_start_hides_nobody_else():
    assert active_sessions([_end("bob@vm-2"), _start("alice@vm-1")]) == 1


def test_the_clock_starts_once_and_is_reset():
    clock = DrainClock(60)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.deadline(("ns", "a"), now) == now + timedelta(seconds=60)
    assert clock.deadline(("ns", "a"), now + timedelta(seconds=59)) == now + timedelta(seconds=60)
    clock.reset(("ns", "a"))
    assert clock.deadline(("ns", "a"), now + timedelta(seconds=59)) == now + timedelta(seconds=119)
