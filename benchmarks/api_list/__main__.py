"""Pages of 50 snapshots (21 KB) of a server that has 100,000, beside Go programs that serve the same, in one run.

python -m benchmarks.api_list [--seconds 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from benchmarks.api_list import history
from benchmarks.api_list.runs import TOKEN, Load, load, ours, peer
from benchmarks.api_list.server import PATH
from benchmarks.figures import Figure, report
from tests.servers.redis import RedisServer

PAGES = 200
WARM_S = 1.0
PEERS = ("preencoded", "encoding", "redis")
OURS, LONG_WAY = "bsls", "bsls, no repeats"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bsls-bench-")))
        redis = stack.enter_context(RedisServer())
        snapshots = scratch / "snapshots"
        history.fill(redis.port, snapshots)
        ports = {OURS: stack.enter_context(ours(redis.url))}
        ports[LONG_WAY] = stack.enter_context(ours(redis.url, "--no-repeats"))
        ports |= {one: stack.enter_context(peer(one, snapshots, redis.port, history.LIST)) for one in PEERS}
        first_use = _first_use(ports[OURS])
        urls = dict.fromkeys((OURS, LONG_WAY), scratch / "urls") | dict.fromkeys(PEERS, scratch / "peer-urls")
        urls[OURS].write_text("\n".join(_walk(ports[OURS], snapshots)))
        urls[PEERS[0]].write_text("\n".join(f"/pages/{number}" for number in range(PAGES)))
        runs = _throughput(ports, urls, options.seconds, options.rounds)
        rate = statistics.median(one.rate for one in runs[OURS]) / 2
        half = load(ports[OURS], urls[OURS], seconds=options.seconds, rate=rate)
        single = load(ports[OURS], urls[OURS], seconds=options.seconds, rate=100, connections=1)
    print(f"    at half of its load, {half.rate:.0f} requests/s: p50 {half.p50_ms:.2f}, p99 {half.p99_ms:.2f} ms")
    print(
        f"    alone: first byte p99 {single.first_ms:.2f} ms; the very first page, read from Redis, {first_use:.0f} ms"
    )
    return report("bench-api-list", _figures(runs, half, single))


def _figures(runs: dict[str, list[Load]], half: Load, single: Load) -> list[Figure]:
    def ratio(name: str) -> float:
        """The median of the rounds, ours to theirs."""
        return statistics.median(mine.rate / theirs.rate for mine, theirs in zip(runs[OURS], runs[name], strict=True))

    own = statistics.median(mine.rate / theirs.rate for mine, theirs in zip(runs[LONG_WAY], runs["redis"], strict=True))
    print(f"    to Go encoding each time: {ratio('encoding'):.2f} times the pages/s")
    print(f"    without repeats, to Go reading Redis: {own:.2f} times the pages/s")
    return [
        Figure("pages/s to Go reading Redis", ratio("redis"), 2.5, "times", at_least=True),
        Figure("pages/s to Go pre-encoded", ratio("preencoded"), 0.85, "times", at_least=True),
        Figure("p99 at half load", half.p99_ms, 10, "ms"),
        Figure("first byte with 100,000 snapshots, p99", single.first_ms, 20, "ms"),
    ]


def _throughput(ports: dict[str, int], urls: dict[str, Path], seconds: float, rounds: int) -> dict[str, list[Load]]:
    print(f"==> {rounds} rounds of {seconds:.0f} s each, {PAGES} pages in turn", flush=True)
    runs: dict[str, list[Load]] = {name: [] for name in ports}
    for name, port in ports.items():
        load(port, urls[name], seconds=WARM_S)
    for _ in range(rounds):
        for name, port in ports.items():
            done = load(port, urls[name], seconds=seconds)
            runs[name].append(done)
            print(f"    {name:16} {done.rate:8.0f} pages/s of {done.bytes} bytes, p99 {done.p99_ms:.1f} ms", flush=True)
    return runs


def _get(port: int, path: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _first_use(port: int) -> float:
    """Milliseconds until the first page of a server that is not in memory yet."""
    begun = time.perf_counter()
    _get(port, PATH)
    return (time.perf_counter() - begun) * 1000


def _walk(port: int, snapshots: Path) -> list[str]:
    """The URLs of the first pages, from cursor to cursor; checks that they show what the peers show."""
    wanted = [json.loads(line)["snapshot"] for line in snapshots.read_bytes().splitlines()[: PAGES * history.PAGE]]
    urls, found = [f"{PATH}?limit={history.PAGE}"], []
    while True:
        body = json.loads(_get(port, urls[-1]))
        found += [one["snapshot"] for one in body["items"]]
        if len(urls) == PAGES:
            break
        urls.append(f"{PATH}?limit={history.PAGE}&cursor={body['next']}")
    assert found == wanted, "the pages are not those of the peers"
    return urls


if __name__ == "__main__":
    raise SystemExit(main())
