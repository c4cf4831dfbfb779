"""Lines of Kopia 0.23.1 as captured, and lines that only look like them."""

from __future__ import annotations

import json

import pytest

from backend.kopia.log_lines import MaintenanceLine, SessionLine, parse_maintenance, parse_session


def line(message: object, name: object = "kopia/server") -> str:
    return json.dumps({"l": "INFO", "t": "2026-11-23T09:42:18.475562Z", "n": name, "m": message})


def test_sessions() -> None:
    started = line('starting session for user "alice@vm-1" from 127.0.0.1:48418')
    assert parse_session(started) == SessionLine("alice@vm-1", "127.0.0.1:48418", started=True)
    ended = line('session ended for user "alice@vm-1" from [fd00::1]:48418')
    assert parse_session(ended) == SessionLine("alice@vm-1", "[fd00::1]:48418", started=False)


def test_maintenance() -> None:
    at = 1795426938.475562
    assert parse_maintenance(line("Running full maintenance...", "maintenance")) == MaintenanceLine(
        full=True, finished=False, time=at
    )
    assert parse_maintenance(line("Finished quick maintenance.", "maintenance")) == MaintenanceLine(
        full=False, finished=True, time=at
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SERVER ADDRESS: https://[::]:51515",
        'starting session for user "alice@vm-1" from 127.0.0.1:48418',
        '{"n":"kopia/server","m":"session ended for user',
        '["session ended for user \\"a@b\\" from x"]',
        line('session ended for user "alice@vm-1" from 127.0.0.1:1', "content"),
        line('session ended for user "a b@vm" from 127.0.0.1:1'),
        line('note: session ended for user "a@b" from 127.0.0.1:1'),
        line(["session", " maintenance."]),
        line("no maintenance. today"),
        "{" * 100_000 + " session maintenance.",
    ],
)
def test_lines_that_say_nothing(text: str) -> None:
    assert parse_session(text) is None
    assert parse_maintenance(text) is None
