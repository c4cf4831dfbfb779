"""Velero marks a location Unavailable when it finds a directory it does not know under that location's prefix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.crd.constants import REPOSITORY_ROOT
from backend.storage.model import provider

Json = dict[str, Any]


def layout_conflict(bsl: Json, locations: Iterable[Json]) -> str | None:
    """A sentence, where our path would lie under the prefix of a location of the same bucket."""
    place = _place(bsl)
    for other in locations:
        if _place(other) != place:
            continue
        meta = other["metadata"]
        name = f"BackupStorageLocation {meta['namespace']}/{meta['name']}"
        prefix = str((other["spec"].get("objectStorage") or {}).get("prefix") or "").strip("/")
        if not prefix:
            return (
                f"{name} uses the bucket's root, and Velero would mark it Unavailable for our directory "
                f"{REPOSITORY_ROOT}/; give that location a prefix."
            )
        if prefix == REPOSITORY_ROOT or prefix.startswith(f"{REPOSITORY_ROOT}/"):
            return f"{name} has the prefix {prefix}, which is the servers' own directory; give it another prefix."
    return None


def _place(bsl: Json) -> tuple[str, str, str]:
    """Provider, endpoint or account, bucket: the same bucket when equal."""
    spec = bsl["spec"]
    config = spec.get("config") or {}
    where = config.get("s3Url") or config.get("storageAccount") or ""
    bucket = (spec.get("objectStorage") or {}).get("bucket") or ""
    return provider(bsl), str(where).rstrip("/").lower(), str(bucket)
