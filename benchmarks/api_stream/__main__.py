"""`make bench-api`: server-sent events to thousands of clients; ours, nchan and Centrifuge in turn, in one run.

python -m benchmarks.api_stream [--seconds 15] [--clients 5000] [--only bsls]
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

from benchmarks.api_stream.runs import Run, run
from benchmarks.api_stream.systems import System, bsls, centrifuge, nchan
from benchmarks.figures import Figure, report

FEW = 1000
SYSTEMS: dict[str, Callable[[], AbstractAsyncContextManager[System]]] = {
    "nchan": nchan,
    "Centrifuge": partial(centrifuge, "0s"),
    "Centrifuge, WriteDelay 50 ms": partial(centrifuge, "50ms"),
    "bsls": bsls,
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=15.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--only", choices=SYSTEMS, help="measure one, and compare nothing")
    options = parser.parse_args()
    names = [options.only] if options.only else list(SYSTEMS)
    many = _round(names, options.clients, options.seconds)
    few = _round([name for name in names if not name.startswith("Centrifuge")], FEW, options.seconds)
    return 0 if options.only else report("bench-api", [*_many(many), *_few(few)])


def _round(names: list[str], clients: int, seconds: float) -> dict[str, Run]:
    print(f"==> {clients} clients, 100 events/s each, {seconds:.0f} s", flush=True)
    runs = {}
    for name in names:
        runs[name] = asyncio.run(run(SYSTEMS[name](), clients, seconds))
        print(f"    {name:28} {runs[name]}", flush=True)
    return runs


def _many(runs: dict[str, Run]) -> list[Figure]:
    ours, peer = runs["bsls"], runs["nchan"]
    best = max(one.delivered for name, one in runs.items() if name.startswith("Centrifuge"))
    return [
        Figure("events/s of those offered", ours.delivered / ours.offered, 0.99, "times", at_least=True),
        Figure("missing", ours.missing, 1, "events"),
        Figure("events/s to nchan's", ours.delivered / peer.delivered, 4, "times", at_least=True),
        Figure("events/s to Centrifuge's best", ours.delivered / best, 1.3, "times", at_least=True),
        Figure("p99", ours.p99_ms, 250, "ms"),
        Figure("memory a client to nchan's", ours.kb / peer.kb, 1.5, "times"),
    ]


def _few(runs: dict[str, Run]) -> list[Figure]:
    ours, peer = runs["bsls"], runs["nchan"]
    return [
        Figure("1,000 clients: events/s of those offered", ours.delivered / ours.offered, 0.99, "times", at_least=True),
        Figure("1,000 clients: missing", ours.missing, 1, "events"),
        Figure("1,000 clients: p99 to nchan's", ours.p99_ms / peer.p99_ms, 1.5, "times"),
    ]


raise SystemExit(main())
