"""Figures of the process itself, from the kernel."""

from __future__ import annotations

import os
from pathlib import Path

from backend.telemetry import catalogue
from backend.telemetry.instruments import Figures, Registry, Watches

_PAGE = os.sysconf("SC_PAGE_SIZE")


def watch_process(registry: Registry) -> Watches:
    watches = Watches(registry)
    watches.add(catalogue.CPU_TIME, _cpu)
    watches.one(catalogue.MEMORY, resident_bytes)
    watches.one(catalogue.OPEN_FILES, lambda: len(os.listdir("/proc/self/fd")))
    return watches


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def _cpu() -> Figures:
    times = os.times()
    return [(("user",), times.user), (("system",), times.system)]
