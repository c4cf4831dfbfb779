"""The flow of `ensure` with a scripted binary, for the ends a real Kopia cannot be brought to on purpose."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from backend.repository.ensure import ensure_safely, main
from backend.repository.kopia_cli import KopiaCli, run_to_end
from backend.repository.result import EnsureResult, Outcome, Reason, parse_result
from backend.repository.settings import Paths

STATUS = json.dumps({"uniqueIDHex": "abcd", "contentFormat": {"version": 3}})
MISSING = "unable to read format blob: error getting kopia.repository blob: BLOB not found"
SCRIPT = """#!{python}
import json, pathlib, sys
home = pathlib.Path({home!r})
name = " ".join(word for word in sys.argv[1:4] if not word.startswith("--") or word == "--version")
with (home / "calls").open("a") as calls:
    calls.write(name + chr(10))
answers = json.loads((home / "answers.json").read_text())
mine = [value for key, value in answers.items() if name.startswith(key)]
turn = (home / "calls").read_text().splitlines().count(name) - 1
out, err, code = mine[0][min(turn, len(mine[0]) - 1)] if mine else ("", "", 0)
print(out)
print(err, file=sys.stderr)
sys.exit(code)
"""

Answers = dict[str, list[tuple[str, str, int]]]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "storage.json").write_text(json.dumps({"type": "s3", "config": {"secretAccessKey": "topsecret"}}))
    (secrets / "repository.json").write_text(json.dumps({"hostname": "h", "username": "u", "adminUser": "a@b"}))
    (secrets / "repository-password").write_text("repository-pw")
    (secrets / "admin-password").write_text("admin-pw")
    binary = tmp_path / "kopia"
    binary.write_text(SCRIPT.format(python=sys.executable, home=str(tmp_path)))
    binary.chmod(0o755)
    return Paths(secrets, tmp_path / "run", tmp_path / "cache", tmp_path, tmp_path / "termination", str(binary))


async def run(paths: Paths, answers: Answers) -> EnsureResult:
    common: Answers = {
        "--version": [("v0.23.1 build: x", "", 0)],
        "server user info": [("", "error getting user profile: a@b: user not found", 1)],
        "server acl list": [("[]", "", 0)],
    }
    (paths.secrets.parent / "answers.json").write_text(json.dumps({**common, **answers}))
    return await ensure_safely(paths)


def calls(paths: Paths) -> list[str]:
    return (paths.secrets.parent / "calls").read_text().splitlines()


async def test_another_pod_created_it_first(paths: Paths) -> None:
    answers: Answers = {
        "repository status": [("", MISSING, 1), (STATUS, "", 0)],
        "repository create": [("", "found existing data in storage location", 1)],
    }
    result = await run(paths, answers)
    assert result.result is Outcome.CONNECTED
    assert (result.unique_id, result.kopia_version, result.format_version) == ("abcd", "0.23.1", "3")


async def test_debris_without_a_format_blob_is_corrupt(paths: Paths) -> None:
    answers: Answers = {
        "repository status": [("", MISSING, 1)],
        "repository create": [("", "found existing data in storage location", 1)],
    }
    assert (await run(paths, answers)).result is Reason.CORRUPT


async def test_a_vanished_repository_is_never_created(paths: Paths) -> None:
    (paths.secrets / "expected-unique-id").write_text("abcd")
    result = await run(paths, {"repository status": [("", MISSING, 1)]})
    assert result.result is Reason.VANISHED
    assert "repository create from-config" not in calls(paths)


async def test_a_stranger_is_not_written_to(paths: Paths) -> None:
    (paths.secrets / "expected-unique-id").write_text("ffff")
    result = await run(paths, {"repository status": [(STATUS, "", 0)]})
    assert result.result is Reason.IDENTITY_MISMATCH
    assert not [call for call in calls(paths) if "add" in call or "set" in call or "enable" in call]


async def test_a_failing_bootstrap_is_told_without_secrets(paths: Paths) -> None:
    answers: Answers = {
        "repository status": [(STATUS, "", 0)],
        "server acl enable": [("", "odd: topsecret admin-pw repository-pw", 1)],
    }
    result = await run(paths, answers)
    assert result.result is Reason.UNAVAILABLE
    assert "odd: *** *** ***" in result.message


@pytest.mark.parametrize("output", ["", "[]", "{}"])
async def test_a_status_without_an_id_is_a_failure(paths: Paths, output: str) -> None:
    assert (await run(paths, {"repository status": [(output, "", 0)]})).result is Reason.UNAVAILABLE


def test_the_result_and_the_exit_code(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    env = {
        "BSLS_REPOSITORY_DIR": str(paths.secrets / "nowhere"),
        "BSLS_RUN_DIR": str(paths.run),
        "BSLS_TERMINATION_LOG": str(paths.termination_log),
    }
    assert main(env) == 1
    written = parse_result(paths.termination_log.read_text())
    assert written is not None
    assert written.result is Reason.UNAVAILABLE
    assert "storage.json" in written.message
    assert {json.loads(line)["l"] for line in capsys.readouterr().out.splitlines()} == {"ERROR"}


def test_a_result_that_cannot_be_written_is_logged(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"BSLS_REPOSITORY_DIR": "/nowhere", "BSLS_TERMINATION_LOG": "/nowhere/log"}) == 1
    assert "cannot be written" in capsys.readouterr().out


async def test_an_unwritable_run_directory_is_told(paths: Paths) -> None:
    paths.run.write_text("a file in the way")
    result = await run(paths, {})
    assert result.result is Reason.UNAVAILABLE


async def test_a_missing_binary_is_told(paths: Paths) -> None:
    missing = Paths(paths.secrets, paths.run, paths.cache, paths.tls, paths.termination_log, "/nowhere/kopia")
    assert "kopia binary" in (await ensure_safely(missing)).message


def test_a_call_is_stopped_by_its_time_limit() -> None:
    answer = run_to_end(["sleep", "30"], {"PATH": "/usr/bin:/bin"}, "", 0.1)
    assert (answer.code, answer.ok) == (None, False)
    assert "did not finish" in answer.stderr


async def test_held_back_calls_do_not_run(paths: Paths) -> None:
    cli = KopiaCli("true", paths.config, "pw")
    async with cli.held_back():
        assert (await cli.run("x")).stderr == "not run"
    assert (await cli.run("x")).ok
