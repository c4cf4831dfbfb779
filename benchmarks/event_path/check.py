"""What was written, read back: each event valid for the CloudEvents SDK and for the model of its type, each once, and
the firehose the same as the servers' streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from redis import Redis

from backend.events.batch import unbatch
from backend.events.catalogue import ALL
from backend.events.keys import FIREHOSE, ServerKeys
from benchmarks.event_path.ours import NAMESPACE

HEADERS = {"content-type": "application/cloudevents+json"}
PAGE = 1000
_MODELS = {kind.type: payload for payload, kind in ALL.items()}


@dataclass(frozen=True)
class Checked:
    """`late_ms`: for each event, milliseconds from its line, by the line's own time, to the entry in the stream."""

    events: int
    late_ms: list[float]


def check(client: Redis, pods: list[str]) -> Checked:
    """Raises AssertionError for what is wrong."""
    batches: dict[bytes, list[bytes]] = {}
    for _, fields in _entries(client, FIREHOSE):
        batches.setdefault(fields[b"server"], []).extend(unbatch(fields[b"events"], fields[b"sizes"]))
    late_ms: list[float] = []
    events = 0
    for pod in pods:
        keys = ServerKeys(NAMESPACE, pod)
        entries = list(_entries(client, keys.stream))
        assert batches.pop(keys.server) == [fields[b"event"] for _, fields in entries], f"{pod}: not as in the firehose"
        names = set()
        for entry_id, fields in entries:
            event = from_http_event(HTTPMessage(HEADERS, fields[b"event"]))
            _MODELS[event.get_type()].model_validate(event.get_data())
            names.add(event.get_id())
            time = event.get_time()
            assert time is not None
            late_ms.append(int(entry_id.split(b"-")[0]) - time.timestamp() * 1000)
        assert len(names) == len(entries), f"{pod}: {len(entries) - len(names)} events twice"
        events += len(entries)
    assert not batches, f"events of nobody in the firehose: {list(batches)}"
    return Checked(events, late_ms)


def _entries(client: Redis, stream: bytes) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    after = b"-"
    while page := client.xrange(stream, after, count=PAGE):
        yield from page
        after = b"(" + page[-1][0]
