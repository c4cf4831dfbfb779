"""`bsls events` as a process, and real events of the catalogue in Redis to show."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.events.catalogue import ALL, Payload, session
from backend.events.commit import Committed
from backend.events.connection import Client
from backend.events.envelope import Source, encode
from backend.events.firehose import Firehose
from backend.events.keys import ServerKeys
from backend.events.store import EventStore
from tests.events.helpers import KEYS, commit

PATIENCE_S = 30.0


def real(name: str, kind: type[Payload] = session.SessionStarted, *, keys: ServerKeys = KEYS, ago_s: float = 0,
         **fields: Any) -> bytes:  # fmt: skip
    """An event of the catalogue with that id."""
    time = (datetime.now(UTC) - timedelta(seconds=ago_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    payload = kind.model_validate(dict(ALL[kind].example) | fields)
    return encode(Source(keys.namespace, keys.name), payload, id=name, time=time)


async def publish(client: Client, *events: bytes, keys: ServerKeys = KEYS) -> None:
    """One commit to the server's stream, and to the firehose."""
    store = EventStore(client)
    step = commit([], (await store.load(keys)).token, keys=keys)
    (done,) = await store.commit([type(step)(keys, step.expected, step.token, events, [], None)])
    assert isinstance(done, Committed)
    await Firehose(client).catch_up(keys)


async def publish_named(client: Client, names: Iterable[str], keys: ServerKeys = KEYS) -> None:
    await publish(client, *(real(name, keys=keys) for name in names), keys=keys)


class Command:
    """A running `bsls events`; leaving kills it. `env`: added to a clean environment."""

    def __init__(self, url: str, *args: str, env: dict[str, str] | None = None, stdout: int | None = None) -> None:
        """`stdout`: a file descriptor instead of a pipe that we read."""
        self._argv = [sys.executable, "-m", "backend.cli.main", "events", *args]
        self._stdout = asyncio.subprocess.PIPE if stdout is None else stdout
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BSLS_", "NO_COLOR"))}
        self._env = kept | ({"BSLS_REDIS_URL": url} if url else {}) | (env or {})

    def run_code(self, code: str) -> None:
        """Python code instead of `-m backend.cli.main`, with the same arguments."""
        self._argv[1:3] = ["-c", code]

    def within_a_terminal(self) -> None:
        self._argv = ["script", "-qec", shlex.join(self._argv), "/dev/null"]

    async def __aenter__(self) -> Command:
        self.process = await asyncio.create_subprocess_exec(
            *self._argv, env=self._env, stdout=self._stdout, stderr=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL, limit=1 << 26,
        )  # fmt: skip
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()

    async def line(self) -> str:
        """The next one of standard output."""
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_S)).decode()

    async def ids(self, count: int) -> list[str]:
        """Ids of the next events, with --output json."""
        return [str(json.loads(await self.line())["id"]) for _ in range(count)]

    async def notice(self) -> str:
        """The next line of standard error."""
        assert self.process.stderr is not None
        return (await asyncio.wait_for(self.process.stderr.readline(), PATIENCE_S)).decode()

    async def end(self, number: signal.Signals | None = None) -> tuple[int, str, str]:
        """Send a signal, if any; exit code, rest of standard output and error."""
        if number is not None:
            self.process.send_signal(number)
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        assert self.process.returncode is not None
        return self.process.returncode, (out or b"").decode(), err.decode()


async def events(url: str, *args: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """`bsls events` to its end: exit code, standard output, standard error."""
    async with Command(url, *args, env=env) as command:
        return await command.end()


async def ids(url: str, *args: str) -> list[str]:
    """Ids of what it lists, when all is well."""
    code, out, err = await events(url, "-o", "json", *args)
    assert (code, err) == (0, "")
    return [str(json.loads(line)["id"]) for line in out.splitlines()]
