"""The firehose's scripts: add a batch where the mark allows it, and set a mark that does not fit its stream."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from backend.events.keys import FIREHOSE, MARKS, SERVERS, ServerKeys
from backend.events.resp import Script

BATCH_BYTES = 256 << 10
"""Of events in one entry; a larger event has an entry of its own."""

RELAY = Script("""
local mark = redis.call('HGET', KEYS[2], ARGV[1]) or '0-0'
if mark ~= ARGV[2] then return mark end
for i = 4, #ARGV, 2 do
  redis.call('XADD', KEYS[1], '*', 'server', ARGV[1], 'events', ARGV[i], 'sizes', ARGV[i + 1])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[3])
return ARGV[3]
""")

ALIGN = Script("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0-0') ~= ARGV[2] then return 0 end
if ARGV[3] == '0-0' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
""")


def pack_relay(keys: ServerKeys, mark: bytes, new: bytes, events: Sequence[bytes]) -> bytes:
    """Add the events and move the mark to `new`, if it is `mark`; the reply is the mark that is there then."""
    args = [keys.server, mark, new]
    for part in parts(events):
        args += [b"[%b]" % b",".join(part), sizes(part)]
    return RELAY.call((FIREHOSE, MARKS, SERVERS), args)


def parts(events: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The events in runs of up to `BATCH_BYTES`, one at least."""
    ends = list(accumulate(map(len, events)))
    start = before = 0
    while start < len(events):
        end = max(start + 1, bisect_right(ends, before + BATCH_BYTES, start))
        yield events[start:end]
        start, before = end, ends[end - 1]


def sizes(events: Sequence[bytes]) -> bytes:
    """The field `sizes` of a batch."""
    return " ".join(map(str, map(len, events))).encode()


def unbatch(batch: bytes, sizes: bytes) -> list[bytes]:
    """The events of a batch, byte by byte as they were written; `sizes` spares us reading the JSON.

    What is no batch is handed on as one event, for the reader to refuse.
    """
    try:
        if not sizes:
            return [
                json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode() for one in list(json.loads(batch))
            ]
        events, at = [], 1
        for size in map(int, sizes.split()):
            events.append(batch[at : at + size])
            at += size + 1
        return events
    except (ValueError, TypeError):
        return [batch]
