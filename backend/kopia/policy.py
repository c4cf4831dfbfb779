"""Kopia's global policy through a session. Only the fields that the spec sets are managed, the rest is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.crd.policy import PolicySpec
from backend.kopia.session import KopiaSession

GLOBAL_LABELS = {"type": "policy", "policyType": "global"}
OF_A_TENANT = frozenset({"username", "hostname", "path"})


@dataclass(frozen=True)
class GlobalPolicy:
    """Of several Kopia takes the oldest; `ids` has it first, `body` is `{}` when there is none.

    `forged`: manifests that a tenant labelled as global beside their own name. Kopia would take them for everybody's.
    """

    ids: tuple[str, ...]
    body: Mapping[str, Any]
    forged: tuple[str, ...] = ()


def policy_body(spec: PolicySpec) -> dict[str, dict[str, Any]]:
    """The managed fields, under Kopia's own names."""
    found: dict[str, dict[str, Any]] = {}
    if spec.retention:
        found["retention"] = spec.retention.to_kubernetes()
    if spec.compression and spec.compression.compressor:
        found["compression"] = {"compressorName": str(spec.compression.compressor)}
    if spec.files and spec.files.ignore is not None:
        found["files"] = {"ignore": list(spec.files.ignore)}
    return {section: fields for section, fields in found.items() if fields}


def merge(present: Mapping[str, Any], managed: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The whole policy to write."""
    merged = dict(present)
    for section, fields in managed.items():
        before = present.get(section)
        merged[section] = {**(before if isinstance(before, dict) else {}), **fields}
    return merged


def differences(present: Mapping[str, Any], managed: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """One sentence for each managed field that is not as asked for."""
    found = []
    for section, fields in managed.items():
        before = present.get(section)
        for name, value in fields.items():
            there = before.get(name) if isinstance(before, dict) else None
            if there != value and not (there is None and value == []):
                found.append(f"{section}.{name} is {_shown(there)} instead of {_shown(value)}")
    return tuple(found)


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    text = f"{len(value)} rules" if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"


async def read_global(session: KopiaSession) -> GlobalPolicy:
    """The global policy as it is; two small requests."""
    entries = await session.find_manifests(GLOBAL_LABELS)
    oldest_first = sorted(entries, key=lambda entry: entry.modified_ns)
    ids = [entry.id for entry in oldest_first if not OF_A_TENANT & entry.labels.keys()]
    forged = tuple(entry.id for entry in oldest_first if entry.id not in ids)
    found = await session.get_manifests(ids[:1])
    body = found[0].body if found and found[0] else None
    return GlobalPolicy(tuple(ids), body or {}, forged)


async def write_global(session: KopiaSession, body: Mapping[str, Any], replacing: Sequence[str]) -> None:
    """Put the new one, then delete the old ones, then flush."""
    await session.put_manifest(body, GLOBAL_LABELS)
    await session.delete_manifests(replacing)
    await session.flush()
