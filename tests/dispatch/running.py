"""A dispatcher for a while: settings with short waits, in this process or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from backend.dispatch.dispatcher import Dispatcher
from backend.dispatch.settings import Settings, Subscription
from backend.events.connection import connect
from backend.events.push.status import Status, Subscriptions
from tests.cluster.cache import tied
from tests.events.helpers import until

ROOT = Path(__file__).resolve().parents[2]
NAME = "siem"
Json = dict[str, Any]


def target(sink: str, **changed: Any) -> Json:
    scheme, _, rest = sink.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    return {"scheme": scheme, "host": host, "port": int(port), "networks": ["127.0.0.0/8"]} | changed


def subscription(sink: str, **changed: Any) -> Json:
    """Waits of milliseconds, so that no test waits for long."""
    return {"name": NAME, "sink": sink, "start": "earliest", "timeout": "5s"} | changed


def settings_of(*subscriptions: Json, targets: list[Json] | None = None, first_wait_ms: int = 20) -> Settings:
    all_targets = [target(one["sink"]) for one in subscriptions] if targets is None else targets
    made = Settings.model_validate({"targets": all_targets, "subscriptions": list(subscriptions)})
    quick = [_with_first_wait(one, first_wait_ms) for one in made.subscriptions]
    return made.model_copy(update={"subscriptions": tuple(quick)})


def _with_first_wait(one: Subscription, milliseconds: int) -> Subscription:
    retry = one.retry.model_copy(update={"first_wait": timedelta(milliseconds=milliseconds)})
    return one.model_copy(update={"retry": retry})


@contextlib.asynccontextmanager
async def dispatching(settings: Settings, url: str, who: str = "pod-1") -> AsyncIterator[Dispatcher]:
    """Ends as on SIGTERM."""
    client, stop = connect(url), asyncio.Event()
    dispatcher = Dispatcher(settings, client, who)
    task = asyncio.create_task(dispatcher.run(stop))
    try:
        yield dispatcher
    finally:
        stop.set()
        try:
            async with asyncio.timeout(20):
                await task
        finally:
            await client.close()


async def status(url: str, name: str = NAME) -> Status:
    client = connect(url)
    try:
        return await Subscriptions(client).status(name)
    finally:
        await client.close()


async def settled(url: str, name: str = NAME) -> Status:
    """Once it has begun and nothing waits any more."""
    found: list[Status] = []
    client = connect(url)
    all_of_them = Subscriptions(client)

    async def done() -> bool:
        found[:] = [await all_of_them.status(name)]
        (one,) = found
        return name in await all_of_them.names() and one.waiting == one.redelivering == 0 and not one.held

    try:
        await until(done, "the end of all deliveries", timeout=60)
    finally:
        await client.close()
    return found[0]


def write(path: Path, *subscriptions: Json, targets: list[Json] | None = None) -> Path:
    all_targets = [target(one["sink"]) for one in subscriptions] if targets is None else targets
    path.write_text(yaml.safe_dump({"targets": all_targets, "subscriptions": list(subscriptions)}))
    return path


def bsls(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    """The command line, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "backend.cli.main", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=60, env={**os.environ, "BSLS_REDIS_URL": url},
    )  # fmt: skip


@contextlib.contextmanager
def process(
    config: Path, url: str, port: int, log: Path, *, around: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """`bsls dispatcher`; killed at the end, unless it ended before. `around`: a command that runs it."""
    command = [*around, sys.executable, "-m", "backend.cli.main", "dispatcher", "--config", str(config),
               "--probe-port", str(port)]  # fmt: skip
    with log.open("ab") as output:
        child = subprocess.Popen(
            tied(command), cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, "BSLS_REDIS_URL": url},
        )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()
