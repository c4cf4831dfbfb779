"""`make bench-events`: log lines to CloudEvents in Redis, beside syslog-ng and rsyslog with the same lines.

python -m benchmarks.event_path [--lines 1000000] [--rounds 3] [--seconds 30]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from redis import Redis

from benchmarks.event_path.check import check
from benchmarks.event_path.lines import make_log
from benchmarks.event_path.peers import RSYSLOG, SYSLOG_NG, SYSLOG_NG_SPLICED
from benchmarks.event_path.runs import Run, run_live, run_ours, run_peer
from benchmarks.figures import Figure, report
from benchmarks.roots import install
from tests.servers.redis import RedisServer

SERVERS = 20
LIVE_SERVERS, LIVE_RATE = 200, 20.0
OURS = "bsls"
PEERS = (SYSLOG_NG, SYSLOG_NG_SPLICED, RSYSLOG)
MILLION = 1_000_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=MILLION)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0, help="of the measurement of latency")
    options = parser.parse_args()
    for peer in PEERS:
        install(peer.root_name, peer.packages)
    return report("bench-events", [*_throughput(options.lines, options.rounds), *_latency(options.seconds)])


def _throughput(wanted: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bsls-bench-") as scratch:
        logs, whole = Path(scratch) / "logs", Path(scratch) / "whole.log"
        logs.mkdir()
        lines = events = 0
        with whole.open("wb") as all_logs:
            for seed in range(SERVERS):
                made = make_log(wanted // SERVERS, seed)
                (logs / f"server-{seed:02}.log").write_bytes(made.text)
                all_logs.write(made.text)
                lines, events = lines + made.lines, events + made.events
        print(f"==> {lines} lines of {SERVERS} servers, {events} events, {rounds} rounds", flush=True)
        runs: dict[str, list[Run]] = {}
        for number in range(rounds):
            for peer in PEERS:
                _add(runs, peer.name, run_peer(peer, whole), lines)
            with RedisServer() as server:
                _add(runs, OURS, run_ours(logs, events, server), lines)
                if number == rounds - 1:
                    _validated(server, logs, events)
    return _compared(runs, lines)


def _add(runs: dict[str, list[Run]], name: str, run: Run, lines: int) -> None:
    runs.setdefault(name, []).append(run)
    print(
        f"    {name:20} {lines / run.seconds:9.0f} lines/s {run.cpu_s / lines * MILLION:6.2f} s of CPU a million "
        f"{run.peak_mb:6.0f} MB",
        flush=True,
    )


def _validated(server: RedisServer, logs: Path, wanted: int) -> None:
    with Redis.from_url(server.url) as client:
        checked = check(client, sorted(path.stem for path in logs.glob("*.log")))
    assert checked.events == wanted, f"{checked.events} events of {wanted}"
    print(f"    {checked.events} events read back: each valid for the CloudEvents SDK, each once, firehose the same")


def _compared(runs: dict[str, list[Run]], lines: int) -> list[Figure]:
    for name in (peer.name for peer in PEERS):
        faster, cheaper = _ratios(runs[OURS], runs[name])
        print(f"    bsls to {name}: {faster:.2f} times the lines/s at {cheaper:.2f} of the CPU")
    faster, cheaper = _ratios(runs[OURS], runs[SYSLOG_NG.name])
    return [
        Figure("lines/s to syslog-ng's", faster, 2, "times", at_least=True),
        Figure("CPU to syslog-ng's", cheaper, 0.5, "times"),
    ]


def _ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> tuple[float, float]:
    """Medians of the rounds: lines/s and CPU, ours to theirs."""
    pairs = list(zip(ours, theirs, strict=True))
    return (
        statistics.median(theirs.seconds / ours.seconds for ours, theirs in pairs),
        statistics.median(ours.cpu_s / theirs.cpu_s for ours, theirs in pairs),
    )


def _latency(seconds: float) -> list[Figure]:
    print(f"==> {LIVE_SERVERS} servers, {LIVE_RATE:.0f} lines/s each, {seconds:.0f} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="bsls-bench-") as scratch, RedisServer() as server:
        pods = [f"server-{number:03}" for number in range(LIVE_SERVERS)]
        for pod in pods:
            (Path(scratch) / f"{pod}.log").touch()
        run_live(Path(scratch), LIVE_RATE, seconds, server)
        with Redis.from_url(server.url) as client:
            late_ms = sorted(check(client, pods).late_ms)
    middle, late = late_ms[len(late_ms) // 2], late_ms[int(len(late_ms) * 0.99)]
    print(f"    {len(late_ms)} events: p50 {middle:.0f} ms, p99 {late:.0f} ms, longest {late_ms[-1]:.0f} ms")
    return [Figure("line to event, p99", late, 150, "ms")]


if __name__ == "__main__":
    raise SystemExit(main())
