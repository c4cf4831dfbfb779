"""Spans of the controller's own work as they are kept in Redis: a JSON list of one story's. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from backend.telemetry.spans import Kept, Ref


def spans_to_json(spans: Iterable[Kept]) -> bytes:
    told = [
        {
            "trace": one.ref.trace_id,
            "span": one.ref.span_id,
            "parent": one.parent,
            "name": one.name,
            "start": one.start,
            "end": one.end,
            "problem": one.problem,
            "attributes": dict(one.attributes),
        }
        for one in spans
    ]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def spans_from_json(raw: bytes) -> list[Kept]:
    """Raises ValueError, KeyError or TypeError for what is not ours."""
    return [
        Kept(
            Ref(one["trace"], one["span"]),
            one["parent"],
            one["name"],
            int(one["start"]),
            int(one["end"]),
            one["problem"],
            one["attributes"],
        )
        for one in json.loads(raw)
    ]
