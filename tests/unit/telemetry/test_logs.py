"""Log lines as JSON and as text, with levels that can be changed while the process runs."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider

from backend.telemetry import logs
from backend.telemetry.logs import InvalidLevels, parse_levels
from backend.telemetry.spans import record_with, story


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logs.apply({})
    root.handlers[:] = handlers
    root.setLevel(level)
    record_with(None)


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_levels() -> None:
    assert parse_levels("info") == {"": "info"}
    assert parse_levels("warning, backend.kopia=debug") == {"": "warning", "backend.kopia": "debug"}
    assert parse_levels("") == {}
    for wrong in ("loud", "backend=", "=debug", "info,debug", "backend=INFO"):
        with pytest.raises(InvalidLevels, match="debug, info, warning, error"):
            parse_levels(wrong)


def test_a_module_has_its_own_level_until_it_is_taken_back() -> None:
    stream = io.StringIO()
    logs.set_up("warning,backend.kopia=debug", stream, {})
    logging.getLogger("backend.kopia.session").debug("seen")
    logging.getLogger("backend.kube").info("not seen")
    logs.apply(parse_levels("info"))
    logging.getLogger("backend.kopia.session").debug("not seen any more")
    logging.getLogger("backend.kube").info("seen, too")
    assert [one["message"] for one in lines(stream)] == ["seen", "seen, too"]


def test_lines_within_a_span_carry_its_ids() -> None:
    stream = io.StringIO()
    logs.set_up("info", stream, {})
    record_with(TracerProvider(shutdown_on_exit=False))
    with story("reconcile") as step:
        logging.getLogger("backend.test").info("in it")
    logging.getLogger("backend.test").info("after it\nwith a second line")
    inside, after = lines(stream)
    assert step.ref
    assert (inside["trace_id"], inside["span_id"]) == (step.ref.trace_id, step.ref.span_id)
    assert "trace_id" not in after
    assert after["message"] == "after it\nwith a second line"


def test_text_for_people_cannot_be_forged() -> None:
    stream = io.StringIO()
    logs.set_up("info", stream, {"BSLS_LOG_FORMAT": "text"})
    logging.getLogger("backend.kube").warning("user %s", "a\n12:00:00 ERROR \x1b[2J")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("WARNING kube  user a\\n12:00:00 ERROR \\x1b[2J")


def test_the_sdk_complains_once_a_minute() -> None:
    stream = io.StringIO()
    logs.set_up("info", stream, {})
    for _ in range(3):
        logging.getLogger("opentelemetry.exporter").warning("cannot reach %s", "collector")
        logging.getLogger("backend.kube").info("ours")
    assert [one["message"] for one in lines(stream)].count("cannot reach collector") == 1
    assert len(lines(stream)) == 4


CHILD = """
import logging, signal, sys
from backend.telemetry import logs
logs.set_up("info", sys.stdout, {})
signal.signal(signal.SIGHUP, lambda *_: logs.reload())
log = logging.getLogger("backend.kopia")
print("begun", flush=True)
for line in sys.stdin:
    log.debug(line.strip())
    log.info("asked")
"""


def test_bsls_log_level_changes_a_running_process(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "begun\n"

        def ask(levels: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-m", "backend.cli.main", "log-level", levels, "--pid", str(child.pid)]
            return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

        assert ask("loud").returncode == 2
        assert ask("backend.kopia=debug").returncode == 0
        told = json.loads(child.stdout.readline())
        assert told["message"] == "log levels from now on: backend.kopia=debug"
        child.stdin.write("now\n")
        child.stdin.flush()
        assert [json.loads(child.stdout.readline())["message"] for _ in range(2)] == ["now", "asked"]
        logs_file = tmp_path / f"bsls-log-level.{child.pid}"
        logs_file.unlink()
        logs_file.symlink_to("/etc/passwd")
        child.send_signal(signal.SIGHUP)
        assert "the log levels stay as they are" in json.loads(child.stdout.readline())["message"]
        child.stdin.close()
        assert child.wait(20) == 0
    gone = subprocess.run(
        [sys.executable, "-m", "backend.cli.main", "log-level", "info", "--pid", str(child.pid)],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert gone.returncode == 1
    assert "No such process" in gone.stderr
