"""One system through one load: it is up and has written what there is, then the logs grow, until all is in Redis.

What a start takes is not counted, for nobody: these are services.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from redis import Redis

from backend.events.keys import MARKS, ServerKeys
from benchmarks.event_path.ours import NAMESPACE
from benchmarks.event_path.peers import STREAM, Peer
from tests.cluster.cache import tied
from tests.servers.redis import RedisServer

_TICKS = os.sysconf("SC_CLK_TCK")
_STALLED_S = 60.0


@dataclass(frozen=True)
class Run:
    """Seconds of the wall clock and of its own CPU, from the growth of the logs on; memory in MB at most."""

    seconds: float
    cpu_s: float
    peak_mb: float


def run_peer(peer: Peer, log: Path) -> Run:
    """The whole of a log, in one file."""
    with log.open("rb") as file, RedisServer() as server, Redis.from_url(server.url) as client:
        first, rest = file.readline(), file.read()
        wanted = 1 + rest.count(b"\n")
        process = peer.start(first, server.port)
        with _killed(process):
            count = partial(client.execute_command, peer.count, STREAM)
            _wait(count, 1, peer.name, process)
            with _measured(process) as done, peer.log.open("ab") as grown:
                grown.write(rest)
                grown.flush()
                _wait(count, wanted, peer.name, process)
            return done()


def run_ours(directory: Path, wanted: int, server: RedisServer) -> Run:
    """All logs of a directory, each as a server; `wanted` events in their streams, and all of them in the firehose."""
    pods = sorted(path.stem for path in directory.glob("*.log"))
    logs = _python("log_server", str(directory), stdout=subprocess.PIPE)
    with _killed(logs), Redis.from_url(server.url) as client:
        assert logs.stdout is not None
        process = _python("ours", f"http://127.0.0.1:{int(logs.stdout.readline())}", server.url, *pods)
        with _killed(process):
            _wait(lambda: _written(client, pods), len(pods), "bsls", process)
            with _measured(process) as done:
                logs.send_signal(signal.SIGUSR1)
                _wait(lambda: _written(client, pods), wanted, "bsls", process)
                _wait(lambda: _relayed(client, pods), len(pods), "bsls (firehose)", process)
            return done()


def run_live(directory: Path, rate: float, seconds: float, server: RedisServer) -> None:
    """Each log a server that writes `rate` lines a second, each an event."""
    pods = sorted(path.stem for path in directory.glob("*.log"))
    logs = _python("log_server", str(directory), str(rate), str(seconds), stdout=subprocess.PIPE)
    with _killed(logs), Redis.from_url(server.url) as client:
        assert logs.stdout is not None
        process = _python("ours", f"http://127.0.0.1:{int(logs.stdout.readline())}", server.url, *pods)
        with _killed(process):
            wanted = len(pods) * int(rate * seconds)
            _wait(lambda: _written(client, pods), wanted, "bsls", process, every_s=1.0)


def _python(module: str, *args: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"benchmarks.event_path.{module}", *args]
    return subprocess.Popen(tied(command), stdout=stdout)


def _written(client: Redis, pods: list[str]) -> int:
    pipe = client.pipeline(transaction=False)
    for pod in pods:
        pipe.xlen(ServerKeys(NAMESPACE, pod).stream)
    return sum(pipe.execute())


def _relayed(client: Redis, pods: list[str]) -> int:
    """How many servers' events are all in the firehose."""
    pipe = client.pipeline(transaction=False)
    for pod in pods:
        pipe.hget(ServerKeys(NAMESPACE, pod).meta, "last")
    marks = client.hgetall(MARKS)
    return sum(marks.get(f"{NAMESPACE}/{pod}".encode()) == last for pod, last in zip(pods, pipe.execute(), strict=True))


def _wait(
    count: Callable[[], int], wanted: int, name: str, process: subprocess.Popen[bytes], *, every_s: float = 0.02
) -> None:
    best, since = -1, time.monotonic()
    while (found := count()) != wanted:
        if found > wanted:
            raise AssertionError(f"{name} wrote {found} events of {wanted}")
        if found > best:
            best, since = found, time.monotonic()
        if process.poll() is not None or time.monotonic() - since > _STALLED_S:
            raise AssertionError(f"{name} stopped at {found} of {wanted}")
        time.sleep(every_s)


@contextmanager
def _measured(process: subprocess.Popen[bytes]) -> Iterator[Callable[[], Run]]:
    began, cpu = time.monotonic(), cpu_s(process.pid)
    taken: list[Run] = []
    yield lambda: taken[0]
    taken.append(Run(time.monotonic() - began, cpu_s(process.pid) - cpu, _peak_mb(process.pid)))


def cpu_s(pid: int) -> float:
    """Of all its threads, since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


@contextmanager
def _killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
