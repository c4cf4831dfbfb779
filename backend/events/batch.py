"""Batches of events: how they are sent to Redis, and the entries of the firehose."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

BATCH_BYTES = 256 << 10
"""Of events in one batch; a larger event has one of its own."""


_MANY = 4096
_DECIMALS = tuple(map(str, range(_MANY)))  # looked up in half the time


@dataclass(frozen=True, slots=True)
class Batch:
    """`events`: a JSON array of them without white space; `sizes`: their bytes as decimals, with a space between."""

    events: bytes
    sizes: bytes


def batches(events: Sequence[bytes]) -> Iterator[Batch]:
    """In their order, of up to `BATCH_BYTES` each."""
    ends = list(accumulate(map(len, events)))
    start = before = 0
    while start < len(events):
        end = max(start + 1, bisect_right(ends, before + BATCH_BYTES, start))
        part = events[start:end]
        sizes = " ".join([_DECIMALS[size] if size < _MANY else str(size) for size in map(len, part)])
        yield Batch(b"".join((b"[", b",".join(part), b"]")), sizes.encode())
        start, before = end, ends[end - 1]


def each(batch: Batch) -> Iterator[bytes]:
    """The events, one after the other: whoever wants but the first ones takes no more."""
    at = 1
    for size in batch.sizes.split():
        end = at + int(size)
        yield batch.events[at:end]
        at = end + 1


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
