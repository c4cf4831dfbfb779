"""Run the `kopia` binary: passwords by environment, storage by file or stdin, every call with a time limit."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CALL_TIMEOUT = 90.0
GLOBAL_FLAGS = (
    "--disable-file-logging",
    "--no-progress",
    "--no-auto-maintenance",
    "--upgrade-no-block",
)
PARALLEL = 2  # each call derives a key with 64 MB of memory
DROPPED_PREFIXES = ("KOPIA_", "AWS_")


@dataclass(frozen=True)
class Answer:
    """How one call ended; code is None when it was stopped by its time limit."""

    code: int | None
    stdout: str = field(repr=False)
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0

    def json(self) -> Any:
        """The JSON the command printed, None when it printed none."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return None


class KopiaCli:
    """One binary with one configuration file and one repository password."""

    def __init__(self, binary: str, config: Path, password: str, *, timeout: float = CALL_TIMEOUT) -> None:
        self._binary = binary
        self._config = config
        self._timeout = timeout
        self._environment = kopia_environment(os.environ, password)
        self._slots = asyncio.Semaphore(PARALLEL)
        self._holding_back = False

    async def run(
        self, *arguments: str, stdin: str | None = None, config: Path | None = None, timeout: float | None = None
    ) -> Answer:
        """Run `kopia <arguments>` to its end; more than a few at a time wait for each other."""
        flags = (f"--config-file={config or self._config}", *GLOBAL_FLAGS)
        async with self._slots:
            if self._holding_back:
                return Answer(None, "", "not run", 0.0)
            return await self._run((*arguments, *flags), stdin, self._timeout if timeout is None else timeout)

    @asynccontextmanager
    async def held_back(self) -> AsyncIterator[None]:
        """Meanwhile calls that have not started answer "not run"; those that have, finish."""
        self._holding_back = True
        try:
            yield
        finally:
            self._holding_back = False

    async def version(self) -> str:
        """Of the binary, like 0.23.1; empty when it does not run."""
        answer = await self._run(("--version",), None, self._timeout)
        return answer.stdout.partition(" ")[0].strip().removeprefix("v")

    async def _run(self, arguments: tuple[str, ...], stdin: str | None, timeout: float) -> Answer:
        command = [self._binary, *arguments]
        # A thread each: asyncio's own subprocesses leave orphans when a sibling fails first.
        return await asyncio.to_thread(run_to_end, command, self._environment, stdin or "", timeout)


def run_to_end(command: list[str], environment: Mapping[str, str], stdin: str, timeout: float) -> Answer:
    """Run one process; it is killed when its time is up."""
    started = time.monotonic()
    try:
        done = subprocess.run(  # the caller judges the exit code
            command,
            input=stdin,
            env=environment,
            timeout=timeout,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, "", f"kopia did not finish within {timeout:g} s", time.monotonic() - started)
    except OSError as error:
        return Answer(127, "", f"kopia cannot be started: {error.strerror}", 0.0)
    return Answer(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def kopia_environment(inherited: Mapping[str, str], password: str) -> dict[str, str]:
    """Our own environment without anything that would change Kopia's mind; proxies and CA files pass."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(DROPPED_PREFIXES)}
    return {
        **kept,
        "KOPIA_PASSWORD": password,
        "KOPIA_CHECK_FOR_UPDATES": "false",
        "KOPIA_PERSIST_CREDENTIALS_ON_CONNECT": "false",
        "KOPIA_DISABLE_COLOR": "true",
    }
