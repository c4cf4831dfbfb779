"""Pages of 50 snapshots (21 KB) of a server that has 100,000: the real `bsls api`, beside Go programs, in one run.

64 connections, each with the token of a user of its own, ask for 200 pages in turn. The Go programs look tokens up in a
map; ours has them reviewed by a real apiserver, counts, limits and logs every request.

python -m benchmarks.api_list [--seconds 4] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from backend.api.data.query import SnapshotQuery
from benchmarks.api_list import history
from benchmarks.api_list.runs import CONNECTIONS, Load, Side, load, peer
from benchmarks.api_place import api, place
from benchmarks.figures import Figure, report
from tests.servers.redis import RedisServer

PATH = f"/api/v1/servers/{history.KEYS.namespace}/{history.KEYS.name}/snapshots"
PAGES = 200
WARM_S = 1.5
PEERS = ("preencoded", "encoding", "redis")
OURS, NEW, LONG = "bsls", "bsls, no page twice", "bsls, by aiohttp alone"
LONG_WAY = ("-header", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bsls-bench-")))
        redis = stack.enter_context(RedisServer())
        where = stack.enter_context(place(scratch, CONNECTIONS))
        tokens = scratch / "tokens"
        tokens.write_text("\n".join(where.tokens))
        snapshots = scratch / "snapshots"
        history.fill(redis.port, snapshots)
        port, _ = stack.enter_context(api(where, redis.url))
        begun = time.perf_counter()
        _ready(port)
        ready = time.perf_counter()
        first = json.loads(_get(port, PATH, where.tokens[0]))
        very_first_ms = (time.perf_counter() - ready) * 1000
        print(f"==> ready {ready - begun:.1f} s after its start, with everything in memory", flush=True)
        assert first["total"] == history.SNAPSHOTS
        walk, every, peers = scratch / "walk", scratch / "every", scratch / "peers"
        walk.write_text("\n".join(_walk(port, where.tokens[0], snapshots)))
        every.write_text("\n".join(_every()))
        peers.write_text("\n".join(f"/pages/{number}" for number in range(PAGES)))
        sides = {
            OURS: Side(port, walk, tokens),
            NEW: Side(port, every, tokens, ("-once",)),
            LONG: Side(port, walk, tokens, LONG_WAY),
        }
        for one in PEERS:
            at = stack.enter_context(peer(one, snapshots, tokens, redis.port, history.LIST))
            sides[one] = Side(at, peers, tokens)
        runs = _throughput(sides, options.seconds, options.rounds)
        rate = statistics.median(one.rate for one in runs[OURS]) / 2
        half = load(sides[OURS], seconds=options.seconds, rate=rate)
        single = load(sides[OURS], seconds=options.seconds, rate=100, connections=1)
    asked = sum(one.requests for one in runs[OURS])
    print(f"    {1 - PAGES / asked:.2%} of the pages of bsls were asked for before; every request was authorised anew")
    print(f"    at half of its load, {half.rate:.0f} requests/s: p50 {half.p50_ms:.2f}, p99 {half.p99_ms:.2f} ms")
    print(f"    alone: first byte p99 {single.first_ms:.2f}; the very first, with both reviews, {very_first_ms:.1f} ms")
    return report("bench-api-list", _figures(runs, half, max(single.first_ms, very_first_ms)))


def _figures(runs: dict[str, list[Load]], half: Load, first_ms: float) -> list[Figure]:
    def ratio(ours: str, name: str) -> float:
        """The median of the rounds, ours to theirs."""
        return statistics.median(mine.rate / theirs.rate for mine, theirs in zip(runs[ours], runs[name], strict=True))

    print(f"    to Go encoding each time: {ratio(OURS, 'encoding'):.2f} times the pages/s")
    for name in (NEW, LONG):
        print(f"    {name}: {ratio(name, 'redis'):.2f} times Go reading Redis, {ratio(name, 'preencoded'):.2f} times "
              "Go pre-encoded")  # fmt: skip
    return [
        Figure("pages/s to Go reading Redis", ratio(OURS, "redis"), 2.5, "times", at_least=True),
        Figure("pages/s to Go pre-encoded", ratio(OURS, "preencoded"), 0.85, "times", at_least=True),
        Figure("p99 at half load", half.p99_ms, 10, "ms"),
        Figure("first byte with 100,000 snapshots, p99 and the very first", first_ms, 20, "ms"),
    ]


def _throughput(sides: dict[str, Side], seconds: float, rounds: int) -> dict[str, list[Load]]:
    print(f"==> {rounds} rounds of {seconds:.0f} s each, {CONNECTIONS} users, {PAGES} pages in turn", flush=True)
    runs: dict[str, list[Load]] = {name: [] for name in sides}
    for name, side in sides.items():
        if name != NEW:
            load(side, seconds=WARM_S)
    for _ in range(rounds):
        for name, side in sides.items():
            done = load(side, seconds=seconds)
            runs[name].append(done)
            print(f"    {name:22} {done.rate:8.0f} pages/s of {done.bytes} bytes, p99 {done.p99_ms:.1f} ms", flush=True)
    return runs


def _get(port: int, path: str, token: str) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def _ready(port: int) -> None:
    """Until it says that it is."""
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60).close()
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
            time.sleep(0.01)
        else:
            return


def _walk(port: int, token: str, snapshots: Path) -> list[str]:
    """The URLs of the first pages, from cursor to cursor; checks that they show what the peers show."""
    wanted = [json.loads(line)["snapshot"] for line in snapshots.read_bytes().splitlines()[: PAGES * history.PAGE]]
    urls, found = [f"{PATH}?limit={history.PAGE}"], []
    while True:
        body = json.loads(_get(port, urls[-1], token))
        found += [one["snapshot"] for one in body["items"]]
        if len(urls) == PAGES:
            break
        urls.append(f"{PATH}?limit={history.PAGE}&cursor={body['next']}")
    assert found == wanted, "the pages are not those of the peers"
    return urls


def _every() -> list[str]:
    """A page from each snapshot on: none is asked for twice."""
    query = SnapshotQuery(limit=history.PAGE)
    keys = (history.key(number) for number in range(history.SNAPSHOTS - 1, history.PAGE, -1))
    return [f"{PATH}?limit={history.PAGE}&cursor={query.following(one)}" for one in keys]


if __name__ == "__main__":
    raise SystemExit(main())
