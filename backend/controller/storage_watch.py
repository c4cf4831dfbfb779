"""Probes the storage of one server: at every interval, at every change, and more often while it is bad."""

from __future__ import annotations

import time

import aiohttp

from backend.controller.targets import Target
from backend.controller.watcher import Watcher, wait
from backend.storage.probe import READY, ProbeResult, probe
from backend.telemetry import catalogue
from backend.telemetry.instruments import histogram

FAILURES_BELIEVED = 2  # one lost packet must not take a server out of its Service
QUICK_PROBE_S = 2.0
_DURATION = histogram(catalogue.PROBE_DURATION)


async def watch_storage(watcher: Watcher, http: aiohttp.ClientSession) -> None:
    while True:
        watcher.storage_changed.clear()
        target = watcher.target
        if target.storage is not None:
            started = time.perf_counter()
            result = await probe(target.storage, http)
            _DURATION.record(time.perf_counter() - started, result.reason)
            take_probe(watcher, target, result)
        pause = target.probe_interval_s
        if target.storage is not None and watcher.storage_failures:
            pause = QUICK_PROBE_S + watcher.storage_failures
        await wait(watcher.storage_changed, min(pause, target.probe_interval_s))


def take_probe(watcher: Watcher, target: Target, result: ProbeResult) -> None:
    """Keep the result, unless it is a first failure after a good one."""
    facts = watcher.facts
    known = facts.storage_version == target.storage_version and facts.probe is not None
    bad = not _good(result, target.pinned_id)
    if watcher.storage_failures and not bad:
        watcher.server_changed.set()  # what the server could not be told meanwhile
    watcher.storage_failures = min(watcher.storage_failures + 1, 100) if bad else 0
    was_good = known and facts.probe is not None and _good(facts.probe, facts.probe_pinned_id)
    if bad and was_good and watcher.storage_failures < FAILURES_BELIEVED:
        return
    watcher.learn(storage_version=target.storage_version, probe=result, probe_pinned_id=target.pinned_id)


def _good(result: ProbeResult, pinned_id: str) -> bool:
    return result.reason == READY and (result.repository_present or not pinned_id)
