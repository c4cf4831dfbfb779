"""The examples of docs/examples as processes, and what they stored."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.events.helpers import until

PYTHON = Path(__file__).resolve().parents[2] / "docs/examples/python"
CLAIM_AFTER_MS = 400


@dataclass(frozen=True)
class Language:
    """`programs`: the commands of `consume` and `resume`."""

    name: str
    programs: dict[str, list[str]]

    def sink(self, folder: Path) -> Sink:
        return Sink(self.name, folder)


def python() -> Language:
    run = [sys.executable, "-W", "error"]
    return Language("python", {name: [*run, str(PYTHON / f"{name}.py")] for name in ("consume", "resume")})


def go(binaries: dict[str, Path]) -> Language:
    return Language("go", {name: [str(path)] for name, path in binaries.items()})


class Sink:
    """Where `consume` puts events: a database in Python, a folder in Go."""

    def __init__(self, language: str, folder: Path) -> None:
        self._python = language == "python"
        self.path = folder / ("events.db" if self._python else "events")
        if not self._python:
            self.path.mkdir()

    def ids(self) -> list[str]:
        if not self._python:
            return [json.loads(path.read_bytes())["id"] for path in self.path.glob("*.json")]
        if not self.path.exists():
            return []
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            return [one for (one,) in connection.execute("SELECT id FROM events")]
        except sqlite3.OperationalError:  # the table is not made yet
            return []
        finally:
            connection.close()


class Program:
    """A running example; leaving kills it. `lines` and `errors`: what it printed so far."""

    def __init__(self, language: Language, name: str, url: str, *args: str, env: dict[str, str] | None = None) -> None:
        self._command = [*language.programs[name], *args]
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("REDIS_", "BSLS_"))},
            "REDIS_URL": url,
            "CLAIM_AFTER_MS": str(CLAIM_AFTER_MS),
            "CLAIM_AFTER": f"{CLAIM_AFTER_MS}ms",
            **(env or {}),
        }
        self.lines: list[str] = []
        self.errors: list[str] = []

    async def __aenter__(self) -> Program:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self._command, env=self._env, stdout=pipe, stderr=pipe, stdin=asyncio.subprocess.DEVNULL
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._reading = [
            asyncio.create_task(_collect(self.process.stdout, self.lines)),
            asyncio.create_task(_collect(self.process.stderr, self.errors)),
        ]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.kill()

    async def kill(self) -> None:
        """By SIGKILL; afterwards all that it printed is known."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self._reading)

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    @property
    def told(self) -> list[str]:
        """Ids in the order in which they were printed."""
        return [line.split()[1] for line in self.lines]

    async def tells(self, text: str) -> None:
        """Until standard error has it."""

        async def there() -> bool:
            return any(text in line for line in self.errors)

        await until(there, f"{text!r} in {self.errors}", 60)


async def _collect(stream: asyncio.StreamReader, lines: list[str]) -> None:
    async for line in stream:
        if line.endswith(b"\n"):  # else the program was killed while it wrote
            lines.append(line.decode())
