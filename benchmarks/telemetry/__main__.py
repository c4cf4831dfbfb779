"""`make bench-telemetry`: telemetry on, scraped and pushed every few seconds, against none, in one run.

Event path: the benchmark's logs of 20 servers. API: pages of a list, by the short way, and with a `traceparent` in each
request. Memory: both, while the receiver hangs. The sides take turns. A figure compares the better half of each side's
runs, by their mean: what else the machine does only ever slows a run down. No run is shorter than telemetry's period,
so that none is without its work: 2 seconds on the event path, where a run takes 4, and 5 at the API, the SDK's own
for spans; figures are pushed every 60 seconds by default, and scraped every 30. Of the API there are several processes
a side: two of the very same program differ by 5 % for as long as they live.

python -m benchmarks.telemetry [--lines 1000000] [--rounds 12] [--pairs 6] [--loads 18] [--seconds 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.api_list import history
from benchmarks.api_list.__main__ import LONG_WAY, PATH
from benchmarks.api_list.runs import CONNECTIONS, Load, Side, load
from benchmarks.api_place import api, place
from benchmarks.event_path.lines import make_log
from benchmarks.event_path.ours import TELEMETRY_PORT
from benchmarks.event_path.runs import Run, cpu_s, run_ours
from benchmarks.figures import Figure, report
from benchmarks.telemetry.watched import resident_mb, scraped
from tests.servers.otlp import Otlp
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer

SERVERS = 20
LIMIT = 1.05
WARM_S = 6.0
GROWTH_MB = 48  # what a queue of 2,048 spans, an export under way and the exporters' libraries may take
PERIOD_S, API_PERIOD_S = 2.0, 5.0
BARE = ("-m", "benchmarks.telemetry.bare", "backend.cli.main")
OFF, ON = "off", "on"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--loads", type=int, default=18)
    parser.add_argument("--seconds", type=float, default=API_PERIOD_S)
    options = parser.parse_args()
    figures = [
        *_event_path(options.lines, options.rounds),
        *_requests(options.pairs, options.seconds, options.loads),
    ]
    return report("bench-telemetry", figures)


def pushed(every_s: float) -> dict[str, str]:
    """The settings of the SDK."""
    return dict.fromkeys(("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_BSP_SCHEDULE_DELAY"), f"{1000 * every_s:.0f}")


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """For processes that are started within."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def ratio(taken: Mapping[str, Sequence[float]]) -> float:
    """On to off."""
    better = {name: statistics.mean(sorted(values)[: (len(values) + 1) // 2]) for name, values in taken.items()}
    return better[ON] / better[OFF]


def turns(number: int) -> tuple[str, str]:
    """Who goes first: each of them in every other round, so that what slows down or warms up is nobody's figure."""
    return (OFF, ON) if number % 2 else (ON, OFF)


# --- the event path --------------------------------------------------------------------------------------------------


def _event_path(wanted: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bsls-bench-") as scratch, Otlp() as receiver, Otlp(hang=True) as hung:
        logs = Path(scratch) / "logs"
        logs.mkdir()
        lines = events = 0
        for seed in range(SERVERS):
            made = make_log(wanted // SERVERS, seed)
            (logs / f"server-{seed:02}.log").write_bytes(made.text)
            lines, events = lines + made.lines, events + made.events
        print(f"==> {lines} lines of {SERVERS} servers, {events} events, {rounds} rounds", flush=True)
        runs: dict[str, list[Run]] = {OFF: [], ON: []}
        for number in range(rounds):
            for name in turns(number):
                runs[name].append(_run(name, logs, events, receiver if name == ON else None))
        dead = _run("on, the receiver hangs", logs, events, hung)
        assert receiver.named("session"), "no span of a session arrived"
        assert receiver.metrics["bsls.log.lines"], "no metric arrived"
    seconds = ratio({name: [one.seconds for one in held] for name, held in runs.items()})
    cpu = ratio({name: [one.cpu_s for one in held] for name, held in runs.items()})
    memory = dead.peak_mb - min(one.peak_mb for one in runs[OFF])
    return [
        Figure("event path, time on to off", seconds, LIMIT, "times"),
        Figure("event path, CPU on to off", cpu, LIMIT, "times"),
        Figure("event path, more memory while the receiver hangs", memory, GROWTH_MB, "MB"),
    ]


def _run(name: str, logs: Path, events: int, receiver: Otlp | None) -> Run:
    with RedisServer() as server, ExitStack() as stack:
        (port,) = free_ports(1)
        values = {TELEMETRY_PORT: ""}
        if receiver:
            values = receiver.grpc_environment | pushed(PERIOD_S) | {TELEMETRY_PORT: str(port)}
        stack.enter_context(environment(values))
        sizes = stack.enter_context(scraped(port, PERIOD_S)) if receiver else [1]
        run = run_ours(logs, events, server)
    assert sizes, "nothing was scraped"
    print(f"    {name:24} {run.seconds:6.2f} s, {run.cpu_s:6.2f} s of CPU, {run.peak_mb:5.0f} MB", flush=True)
    return run


# --- requests --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Api:
    """A process, and how it is asked."""

    side: Side
    pid: int


def _requests(pairs: int, seconds: float, rounds: int) -> list[Figure]:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bsls-bench-")))
        redis = stack.enter_context(RedisServer())
        receiver, hung = stack.enter_context(Otlp()), stack.enter_context(Otlp(hang=True))
        where = stack.enter_context(place(scratch, CONNECTIONS))
        tokens, urls = scratch / "tokens", scratch / "urls"
        tokens.write_text("\n".join(where.tokens))
        urls.write_text("\n".join(f"{PATH}?limit={number}" for number in range(40, 60)))
        history.fill(redis.port, scratch / "snapshots")

        def start(name: str, collector: Otlp | None) -> Api:
            (probes,) = free_ports(1)
            values = collector.grpc_environment | pushed(API_PERIOD_S) if collector else {"OTEL_SDK_DISABLED": "true"}
            (scratch / name).mkdir()
            with environment(values):
                flags = ("--probe-port", str(probes)) if collector else ()
                program = ("-m", "backend.cli.main") if collector else BARE
                at = replace(where, scratch=scratch / name)
                port, process = stack.enter_context(api(at, redis.url, *flags, program=program))
            if collector:
                stack.enter_context(scraped(probes, API_PERIOD_S))
            return Api(Side(port, urls, tokens), process.pid)

        both = [{OFF: start(f"off-{one}", None), ON: start(f"on-{one}", receiver)} for one in range(pairs)]
        figures = _compare(both, seconds, rounds)
        memory = _memory(start("hung", hung))
        assert receiver.named("GET /api/v1/servers/{namespace}/{name}/snapshots"), "no span of a request arrived"
    return [
        *figures,
        Figure("API, more memory while the receiver hangs", memory, GROWTH_MB, "MB"),
    ]


def _compare(pairs: Sequence[Mapping[str, Api]], seconds: float, rounds: int) -> list[Figure]:
    figures: list[Figure] = []
    for way, title, flags in (("short", "requests", ()), ("traced", "requests with a trace", LONG_WAY)):
        times: dict[str, list[float]] = {OFF: [], ON: []}
        cpu: dict[str, list[float]] = {OFF: [], ON: []}
        for one in (one for pair in pairs for one in pair.values()):
            load(replace(one.side, flags=flags), seconds=2)
        for number in range(rounds):
            pair = pairs[number % len(pairs)]
            for name in turns(number + number // len(pairs)):
                before = cpu_s(pair[name].pid)
                done = load(replace(pair[name].side, flags=flags), seconds=seconds)
                cpu[name].append((cpu_s(pair[name].pid) - before) / done.requests)
                times[name].append(1 / done.rate)
                _tell(way, name, done, cpu[name][-1])
        figures += [
            Figure(f"{title}, {what} on to off", ratio(taken), LIMIT, "times")
            for what, taken in (("time", times), ("CPU", cpu))
        ]
    return figures


def _tell(way: str, name: str, done: Load, each_s: float) -> None:
    speed = f"{done.rate:8.0f} requests/s, {1e6 * each_s:5.1f} us of CPU each, p99 {done.p99_ms:.1f} ms"
    print(f"    {way:7} {name:4} {speed}", flush=True)


def _memory(one: Api) -> float:
    """Growth in MB under load, once it is warm and its queue is full."""
    traced = replace(one.side, flags=LONG_WAY)
    load(traced, seconds=WARM_S)
    time.sleep(1)
    before = resident_mb(one.pid)
    for _ in range(4):
        load(traced, seconds=WARM_S)
    return resident_mb(one.pid) - before


if __name__ == "__main__":
    raise SystemExit(main())
