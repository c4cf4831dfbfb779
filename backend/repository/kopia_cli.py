"""Run the `kopia` binary: passwords by environment, storage by file or stdin, every call with a time limit."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
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

    async def run(
        self, *arguments: str, stdin: str | None = None, config: Path | None = None, timeout: float | None = None
    ) -> Answer:
        """Run `kopia <arguments>` to its end."""
        flags = () if arguments == ("--version",) else (f"--config-file={config or self._config}", *GLOBAL_FLAGS)
        started = time.monotonic()
        try:
            process = await asyncio.create_subprocess_exec(
                self._binary,
                *arguments,
                *flags,
                stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment,
            )
        except OSError as error:
            return Answer(127, "", f"kopia cannot be started: {error.strerror}", 0.0)
        code, output, errors = await _finish(process, stdin, self._timeout if timeout is None else timeout)
        return Answer(code, output, errors, time.monotonic() - started)


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


async def _finish(
    process: asyncio.subprocess.Process, stdin: str | None, timeout: float
) -> tuple[int | None, str, str]:
    text = None if stdin is None else stdin.encode()
    try:
        async with asyncio.timeout(timeout):
            output, errors = await process.communicate(text)
    except TimeoutError:
        return None, "", f"kopia did not finish within {timeout:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode(errors="replace"), errors.decode(errors="replace")
