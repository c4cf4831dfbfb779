"""The controller's own way of events in a process: followers, journals, publisher, firehose. Ends by a signal.

python -m benchmarks.event_path.ours LOG_SERVER REDIS_URL POD...
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from functools import partial

from kubernetes_asyncio.client import Configuration

from backend.cli.garbage import spare_collector
from backend.controller.event_path import EventPath
from backend.controller.log_batch import LogPod
from backend.controller.log_follow import LogFollower
from backend.controller.log_hints import take_hints
from backend.controller.settings import Settings
from backend.controller.targets import Asked, Target
from backend.controller.watcher import Watcher
from backend.events.connection import connect
from backend.kube.client import KubeClient
from backend.telemetry.endpoint import endpoint
from backend.telemetry.instruments import Watches
from backend.telemetry.metric import Process
from backend.telemetry.settings import from_environment
from backend.telemetry.setup import Telemetry
from benchmarks.telemetry.bare import strip

NAMESPACE = "bench"
TELEMETRY_PORT = "BENCH_TELEMETRY_PORT"  # of its metrics; empty: without any telemetry, not even counting
KEPT = 10_000_000  # events of a server: all are counted afterwards


async def main(log_server: str, redis_url: str, pods: list[str]) -> None:
    spare_collector()
    configuration = Configuration(host=log_server)
    configuration.connection_pool_maxsize = 0
    client = KubeClient(configuration)
    settings = Settings(
        image="none", controller_namespace="none", redis_url=redis_url, stream_length=KEPT, stream_limit=KEPT
    )
    events = EventPath(connect(redis_url), settings, lambda: None)
    tasks: list[asyncio.Task[None]] = []

    def spawn(work, name):  # type: ignore[no-untyped-def]
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    stack = AsyncExitStack()
    await _telemetry(events, stack)
    events.start(spawn)
    for pod in pods:
        journal = events.journal((NAMESPACE, pod))
        watcher = Watcher(pod, target(), lambda: None)
        follower = LogFollower(pod, client, journal, partial(take_hints, watcher))
        journal.reopen = follower.reopen
        follower.aim(LogPod(NAMESPACE, pod, f"uid-{pod}", 0, ended=False, since=""))
        spawn(follower.run(), pod)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _telemetry(events: EventPath, stack: AsyncExitStack) -> None:
    port = os.environ.get(TELEMETRY_PORT)
    if port == "":
        strip()
    if port:
        telemetry = Telemetry(Process.CONTROLLER, from_environment(os.environ))
        await stack.enter_async_context(endpoint(int(port), lambda: "", telemetry))
        events.watch(Watches())


def target() -> Target:
    """Nothing to watch but the log."""
    return Target(
        storage=None, storage_version="", pinned_id="", login=None, log=None, asked=Asked(None), asked_version="",
        ledger={}, probe_user="bsls-probe@none", probe_interval_s=60,
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
