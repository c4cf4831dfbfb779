"""`bsls repository ensure`: connect with a cold format cache, create only what never existed, bootstrap, report."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend.kopia.errors import VersionTooOld
from backend.kopia.version import require_supported
from backend.repository import bootstrap
from backend.repository.classify import Problem, classify, is_existing_data, is_not_initialized
from backend.repository.config import render_config, secret_values, storage_token, write_config
from backend.repository.kopia_cli import Answer, KopiaCli
from backend.repository.logs import link_log_to_stdout
from backend.repository.result import EnsureResult, Outcome, Reason
from backend.repository.settings import Paths, RepositorySettings, SettingsError, load_settings

VANISHED = (
    "the repository {expected} is no longer at its path: restore the bucket's data, or, to start anew and give up "
    "the old backups, remove the annotation oadp.openshift.io/repository-unique-id"
)
MESSAGES = {
    Outcome.CREATED: "a new repository was created",
    Outcome.CONNECTED: "the repository is there and opens",
}
MISMATCH = (
    "another repository ({found}) is at the path of {expected}: restore the right one, or, to accept it, "
    "remove the annotation oadp.openshift.io/repository-unique-id"
)


def main(env: Mapping[str, str]) -> int:
    """Run, write the result where the kubelet reads it, and answer the exit code."""
    paths = Paths.from_env(env)
    result = asyncio.run(ensure_safely(paths))
    _log("INFO" if result.ok else "ERROR", f"{result.result}: {result.message}")
    try:
        paths.termination_log.write_text(result.to_json(), encoding="utf-8")
    except OSError as error:
        _log("ERROR", f"the result cannot be written to {paths.termination_log}: {error.strerror}")
    return 0 if result.ok else 1


async def ensure_safely(paths: Paths) -> EnsureResult:
    """Like `ensure`, with every failure as a result; unexpected ones without their text, which may hold secrets."""
    try:
        return await ensure(paths, load_settings(paths.secrets))
    except SettingsError as error:
        return EnsureResult(Reason.UNAVAILABLE, f"the mounted Secret is not usable: {error}")
    except bootstrap.CallFailed as error:
        return _failed(error.problem)
    except VersionTooOld as error:
        return EnsureResult(Reason.UNAVAILABLE, str(error))
    except Exception as error:
        _log("ERROR", "".join(traceback.format_tb(error.__traceback__)))
        detail = error.strerror if isinstance(error, OSError) else ""
        return EnsureResult(Reason.UNAVAILABLE, f"unexpected {type(error).__name__}: {detail or 'see the log'}")


async def ensure(paths: Paths, settings: RepositorySettings) -> EnsureResult:
    """The whole flow; raises bootstrap.CallFailed where a call that must work does not."""
    link_log_to_stdout(paths.logs)
    write_config(paths.config, render_config(settings, paths.cache))
    cli = KopiaCli(paths.kopia, paths.config, settings.repository_password)
    version, status, reading = await _open(cli, settings)
    if not status.ok and is_not_initialized(status.stderr):
        if settings.expected_unique_id:
            return EnsureResult(Reason.VANISHED, VANISHED.format(expected=settings.expected_unique_id))
        if await _create(cli, paths, settings):
            status, calls = await bootstrap.finish_all(
                _status(cli), bootstrap.write_missing(cli, settings, bootstrap.fresh(settings))
            )
            _log("INFO", f"created; bootstrap took {calls} writing calls")
            return replace(_result_of(status, settings, version, Outcome.CREATED), maintenance_owner=settings.identity)
        _, status, reading = await _open(cli, settings)
    result = _result_of(status, settings, version, Outcome.CONNECTED)
    if settings.expected_unique_id and result.unique_id != settings.expected_unique_id:
        await _give_up(cli, reading)
        message = MISMATCH.format(found=result.unique_id, expected=settings.expected_unique_id)
        return EnsureResult(Reason.IDENTITY_MISMATCH, message, result.unique_id, version)
    present = await reading
    calls = await bootstrap.write_missing(cli, settings, present)
    _log("INFO", f"connected; bootstrap took {calls} writing calls")
    return replace(
        result,
        maintenance_owner=settings.identity,
        last_quick_maintenance=present.last_quick,
        last_full_maintenance=present.last_full,
    )


async def _open(cli: KopiaCli, settings: RepositorySettings) -> tuple[str, Answer, asyncio.Task[bootstrap.Present]]:
    """Open the repository, and read what it holds meanwhile: that is thrown away when it does not open."""
    asking = asyncio.create_task(_status(cli))
    reading = asyncio.create_task(bootstrap.read_present(cli, settings))
    version, status = await asyncio.gather(cli.version(), asking)
    try:
        require_supported(version)
    except VersionTooOld:
        await _give_up(cli, reading)
        raise
    if not status.ok:
        await _give_up(cli, reading)
    return version, status, reading


async def _give_up(cli: KopiaCli, reading: asyncio.Task[bootstrap.Present]) -> None:
    """Nobody wants the answers; processes are not killed for that, they end by themselves."""
    async with cli.held_back():
        await asyncio.gather(reading, return_exceptions=True)


async def _create(cli: KopiaCli, paths: Paths, settings: RepositorySettings) -> bool:
    """Make the repository; False when another pod was quicker, which the next status call tells apart from debris."""
    scratch = paths.run / "create"
    scratch.mkdir(mode=0o700, exist_ok=True)
    retention = [f"--retention-mode={settings.retention_mode}"] if settings.retention_mode else []
    if settings.retention_mode and settings.retention_period:
        retention.append(f"--retention-period={settings.retention_period}")
    try:
        answer = await cli.run(
            "repository",
            "create",
            "from-config",
            "--token-stdin",
            f"--override-username={settings.username}",
            f"--override-hostname={settings.hostname}",
            f"--cache-directory={scratch / 'cache'}",
            *retention,
            stdin=storage_token(settings.storage),
            config=scratch / "repository.config",
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if answer.ok:
        return True
    if is_existing_data(answer.stderr) and (await _status(cli)).ok:
        return False
    raise bootstrap.CallFailed(classify(answer.stderr, secret_values(settings)))


async def _status(cli: KopiaCli) -> Answer:
    started = time.monotonic()
    answer = await cli.run("repository", "status", "--json")
    _log("INFO", f"opened the repository: {answer.ok} after {time.monotonic() - started:.2f} s")
    return answer


def _result_of(answer: Answer, settings: RepositorySettings, version: str, outcome: Outcome) -> EnsureResult:
    """Judge `repository status --json`; CallFailed when it failed."""
    bootstrap.require(answer, settings)
    status: Any = answer.json()
    known = status if isinstance(status, dict) else {}
    unique_id = str(known.get("uniqueIDHex", ""))
    if not unique_id:
        raise bootstrap.CallFailed(Problem(Reason.UNAVAILABLE, "kopia repository status told no unique id"))
    return EnsureResult(
        result=outcome,
        message=MESSAGES[outcome],
        unique_id=unique_id,
        kopia_version=version,
        format_version=str((known.get("contentFormat") or {}).get("version", "")),
    )


def _failed(problem: Problem) -> EnsureResult:
    return EnsureResult(problem.reason, problem.message)


def _log(level: str, message: str) -> None:
    """A line like those of the Kopia server in the same pod."""
    line = {"l": level, "t": datetime.now(UTC).isoformat(), "n": "bsls/repository", "m": message}
    print(json.dumps(line), file=sys.stdout, flush=True)
