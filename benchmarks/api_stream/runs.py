"""One system under one load: clients open, events come at a rate, what arrives is counted by the load client."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.api_stream.systems import HOST, System, event
from tests.cluster.binaries import binary
from tests.cluster.cache import tied

RATE = 100.0
WARM_S = 3.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """`delivered`: events a second, of all clients together; `missing`: events that never came; times in milliseconds;
    `kb`: memory of the server for each client; `cpu`: how much of a core.
    """

    delivered: float
    offered: float
    missing: int
    p50_ms: float
    p99_ms: float
    kb: float
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.delivered:9.0f} of {self.offered:7.0f} events/s  p50 {self.p50_ms:6.1f}  p99 {self.p99_ms:6.1f} ms"
            f"  {self.kb:5.1f} KB a client  {self.cpu:4.0%} CPU  {self.missing} missing"
        )


async def run(system: AbstractAsyncContextManager[System], clients: int, seconds: float) -> Run:
    async with system as served:
        before = _kb(served.process.pid)
        load = await _Load.start(served, clients)
        try:
            number = await _publish(served, 0, WARM_S)
            await load.tell(f"begin {number}")
            cpu = _cpu_s(served.process.pid)
            last = await _publish(served, number, seconds)
            found = await load.ask("end")
            cpu = _cpu_s(served.process.pid) - cpu
            rest = await load.ask(f"rest {last - 1}")
            kb = (_kb(served.process.pid) - before) / clients
        finally:
            await load.stop()
    return Run(
        delivered=found["arrived"] / found["seconds"], offered=clients * RATE,
        missing=rest["missing"] + rest["behind"] + rest["closed"], p50_ms=found["p50_ms"], p99_ms=found["p99_ms"],
        kb=kb, cpu=cpu / found["seconds"],
    )  # fmt: skip


async def _publish(system: System, number: int, seconds: float) -> int:
    """At the rate, or as fast as the system takes them; the next number."""
    loop = asyncio.get_running_loop()
    began, first = loop.time(), number
    while (now := loop.time()) < began + seconds:
        due = began + (number - first) / RATE
        if due > now:
            await asyncio.sleep(due - now)
        await system.publish(event(number))
        number += 1
    return number


class _Load:
    """The load client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, system: System, clients: int) -> _Load:
        tokens = ["-tokens", str(system.tokens)] if system.tokens else []
        command = tied([str(binary("stream-load")), *tokens, f"{HOST}:{system.port}", str(clients), *system.paths])
        pipe = asyncio.subprocess.PIPE
        made = cls(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe))
        assert await made._line() == b"ready\n", "the load client could not open its streams"
        return made

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    async def tell(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        await self._process.stdin.drain()

    async def ask(self, order: str) -> dict[str, Any]:
        await self.tell(order)
        found: dict[str, Any] = json.loads(await self._line())
        return found

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()


def _family(pid: int) -> list[int]:
    """The process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _kb(pid: int) -> float:
    """Of memory, what is shared counted once."""
    lines = [line for one in _family(pid) for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()]
    return float(sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")))


def _cpu_s(pid: int) -> float:
    total = 0
    for one in _family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS
