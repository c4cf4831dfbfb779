"""Tells events at a rate, as a controller does: sessions that begin, make a snapshot and end, at servers in turn.

python -m benchmarks.console.publish REDIS_URL EVENTS_A_SECOND NAMESPACE/NAME...
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from backend.events.catalogue.session import SessionEnded, SessionStarted
from backend.events.catalogue.snapshot import SnapshotCreated
from backend.events.commit import Change, Commit
from backend.events.connection import connect
from backend.events.envelope import Source, Trace, encode
from backend.events.firehose import Firehose
from backend.events.keys import ServerKeys
from backend.events.store import Committed, EventStore

TENANTS = 20
Step = tuple[bytes, list[Change]]
"""An event and what it changes in the projections."""


async def main(url: str, rate: float, servers: list[str]) -> None:
    client = connect(url)
    store = EventStore(client, Firehose(client))
    keys = [ServerKeys(*one.split("/")) for one in servers]
    tokens = [(await store.load(one)).token for one in keys]
    stories = [_story(one) for one in keys]
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in count():
        await asyncio.sleep(max(0.0, begun + number / rate - loop.time()))
        at = number % len(keys)
        event, changes = next(stories[at])
        made = Commit(keys[at], tokens[at], secrets.token_hex(8).encode(), [event], changes, None)
        (outcome,) = await store.commit([made])
        assert isinstance(outcome, Committed), outcome
        tokens[at] = made.token


def _story(keys: ServerKeys) -> Iterator[Step]:
    """A session after the other, each with a snapshot."""
    source = Source(keys.namespace, keys.name)
    for number in count():
        user = f"live@vm-{number % TENANTS:02}.team-live"
        name = secrets.token_hex(16)
        session = {"session": name, "user": user, "address": "10.0.0.7:48418"}
        trace = Trace(secrets.token_hex(16), secrets.token_hex(8))
        begun = _now()
        kept = session | {"startedAt": begun, "trace": trace.trace_id, "span": trace.span_id, "streams": 0}
        yield (
            encode(source, SessionStarted.model_validate(session), id=f"{name}-start", time=begun, trace=trace),
            [(b"HSET", keys.sessions, name.encode(), json.dumps(kept).encode())],
        )
        made = {
            "snapshot": secrets.token_hex(16), "user": user, "path": f"/home/{number}", "startTime": begun,
            "endTime": _now(), "sizeBytes": 1 << 20, "files": 12, "errors": 0, "ignoredErrors": 0,
        }  # fmt: skip
        inner = Trace(trace.trace_id, secrets.token_hex(8))
        yield (
            encode(source, SnapshotCreated.model_validate(made), id=f"{name}-made", time=_now(), trace=inner),
            [(b"HSET", keys.snapshots, str(made["snapshot"]).encode(), json.dumps(made | {"incomplete": ""}).encode())],
        )
        ended = session | {"startedAt": begun, "durationSeconds": 1.0, "reason": "closed"}
        yield (
            encode(source, SessionEnded.model_validate(ended), id=f"{name}-end", time=_now(), trace=trace),
            [(b"HDEL", keys.sessions, name.encode())],
        )


def _now() -> str:
    return f"{datetime.now(UTC) - timedelta(milliseconds=1):%Y-%m-%dT%H:%M:%S.%fZ}"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), sys.argv[3:]))
