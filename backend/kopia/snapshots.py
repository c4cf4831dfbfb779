"""A snapshot as its manifest tells it, and what follows for each tenant. Pure.

The id of the root object is left out on purpose: whoever knows it can read the files (Kopia does not isolate contents).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backend.kopia.redact import clean
from backend.kopia.session import Manifest
from backend.kopia.unread import Unread, parse_unread

SNAPSHOT_LABELS = {"type": "snapshot"}
MAX_WORD = 1000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Times in seconds since the epoch (0: the manifest has none), sizes in bytes. `incomplete`: why, "" when whole.

    `files` and `size` are those of the whole tree, `new_files` those that had to be read this time. `errors`: files and
    folders that could not be read, `ignored_errors`: those that the tenant's policy ignores; `unread` names some of
    both. It never shows in a repr: what a machine holds is its tenant's.
    """

    id: str
    tenant: str
    path: str
    start: float
    end: float
    size: int
    files: int
    directories: int
    new_files: int
    errors: int
    ignored_errors: int
    incomplete: str
    description: str
    pins: tuple[str, ...]
    unread: tuple[Unread, ...] = field(default=(), repr=False)

    @property
    def complete(self) -> bool:
        return not self.incomplete and self.end > 0


def tenant_of(labels: Mapping[str, str]) -> str:
    """`user@host` of a snapshot's labels."""
    return f"{labels.get('username', '')}@{labels.get('hostname', '')}"


def parse_snapshot(manifest: Manifest) -> Snapshot:
    """Labels name the tenant and the path (the server checks them); everything in the body is the client's word."""
    body, labels = manifest.body or {}, manifest.entry.labels
    stats = _mapping(body.get("stats"))
    summary = _mapping(_mapping(body.get("rootEntry")).get("summ"))
    return Snapshot(
        id=manifest.entry.id,
        tenant=sys.intern(tenant_of(labels)),
        path=sys.intern(labels.get("path", "")),
        start=seconds(body.get("startTime")),
        end=seconds(body.get("endTime")),
        size=_count(summary.get("size", stats.get("totalSize"))),
        files=_count(summary.get("files", stats.get("fileCount"))),
        directories=_count(summary.get("dirs", stats.get("dirCount"))),
        new_files=_count(stats.get("nonCachedFiles")),
        errors=_count(summary.get("numFailed", stats.get("errorCount"))),
        ignored_errors=_count(stats.get("ignoredErrorCount")),
        incomplete=sys.intern(_word(body.get("incomplete")) if manifest.body else "unreadable"),
        description=_word(body.get("description")),
        pins=tuple(str(pin) for pin in body.get("pins") or ()) if isinstance(body.get("pins"), list) else (),
        unread=parse_unread(summary.get("errors")),
    )


def seconds(text: object) -> float:
    """An RFC 3339 time with up to nine digits as seconds since the epoch; 0 when it is none."""
    if not isinstance(text, str):
        return 0.0
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    return clean(str(value or ""), MAX_WORD)


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


@dataclass(frozen=True, slots=True)
class TenantSummary:
    """One `user@host`: `last_complete` is the end of the newest whole snapshot (0: none), `last_seen` of any."""

    paths: int
    snapshots: int
    incomplete: int
    last_complete: float
    last_seen: float
    last_size: int
    last_errors: int


def summarize(snapshots: Iterable[Snapshot], now: float) -> TenantSummary:
    """A client's clock that runs ahead must not keep its tenant out of the overdue ones: no time is later than now."""
    paths: set[str] = set()
    count = incomplete = 0
    newest: Snapshot | None = None
    last_seen = 0.0
    for one in snapshots:
        count += 1
        paths.add(one.path)
        last_seen = max(last_seen, one.end, one.start)
        if not one.complete:
            incomplete += 1
        elif newest is None or one.end > newest.end:
            newest = one
    return TenantSummary(
        len(paths),
        count,
        incomplete,
        min(newest.end, now) if newest else 0.0,
        min(last_seen, now),
        newest.size if newest else 0,
        newest.errors if newest else 0,
    )
