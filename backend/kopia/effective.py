"""Which retention holds for a source: its policies from the narrowest to the global one, then Kopia's own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Final

from backend.kopia.retention import Retention
from backend.kopia.session import Manifest

POLICY_LABELS: Final[Mapping[str, str]] = {"type": "policy"}
DEFAULT_RETENTION: Final = Retention(
    keep_latest=10, keep_hourly=48, keep_daily=7, keep_weekly=4, keep_monthly=24, keep_annual=3
)

_NAMES: Final = {
    "keepLatest": "keep_latest",
    "keepHourly": "keep_hourly",
    "keepDaily": "keep_daily",
    "keepWeekly": "keep_weekly",
    "keepMonthly": "keep_monthly",
    "keepAnnual": "keep_annual",
    "ignoreIdenticalSnapshots": "ignore_identical_snapshots",
}
_DRIVE: Final = re.compile(r"^.:(?=[/\\])", re.DOTALL)


def effective_retention(policies: Iterable[Manifest], username: str, hostname: str, path: str) -> Retention:
    """What Kopia applies to the source `username@hostname:path`; `policies` are those of POLICY_LABELS, in any order.

    Each field comes from the first policy that sets it: of the path, of its parents, of user@host, of the host, the
    global one. A policy with noParent ends the search, and then what is not set counts as 0, not as Kopia's default.
    """
    found: dict[str, int | bool] = {}
    by_labels = _by_type(policies)
    for wanted in _hierarchy(username, hostname, path):
        for policy in by_labels.get(wanted["policyType"], ()):
            if not wanted.items() <= policy.entry.labels.items():
                continue
            body = policy.body or {}
            found = {**_set_fields(body.get("retention")), **found}
            if body.get("noParent") is True:
                return Retention(**found)  # type: ignore[arg-type]
    defaults = {field.name: getattr(DEFAULT_RETENTION, field.name) for field in fields(Retention)}
    return Retention(**{**defaults, **found})


def path_and_parents(path: str) -> Iterator[str]:
    """The path itself, then each parent up to the root, whichever system it is from: `C:\\a` has the parent `C:\\`."""
    while path:
        yield path
        parent = _parent(path)
        if parent == path:
            return
        path = parent


def _hierarchy(username: str, hostname: str, path: str) -> Iterator[dict[str, str]]:
    """The labels of the policies to look for, narrowest first."""
    who = {"username": username, "hostname": hostname}
    for one in path_and_parents(path):
        yield {"policyType": "path", **who, "path": one}
    yield {"policyType": "user", **who}
    yield {"policyType": "host", "hostname": hostname}
    yield {"policyType": "global"}


def _by_type(policies: Iterable[Manifest]) -> dict[str, list[Manifest]]:
    """Of several policies with the same labels Kopia merges all, and the oldest wins."""
    found: dict[str, list[Manifest]] = {}
    for policy in sorted(policies, key=lambda one: one.entry.modified_ns):
        found.setdefault(policy.entry.labels.get("policyType", ""), []).append(policy)
    return found


def _set_fields(retention: object) -> dict[str, int | bool]:
    """The fields that a policy sets, by our names; a value of another type is passed over."""
    if not isinstance(retention, Mapping):
        return {}
    return {
        ours: retention[theirs]
        for theirs, ours in _NAMES.items()
        if type(retention.get(theirs)) is (bool if theirs == "ignoreIdenticalSnapshots" else int)
    }


def _parent(path: str) -> str:
    """As Kopia sees it: both slashes part, one at the end does not count, the root is its own parent."""
    drive = match.group() if (match := _DRIVE.match(path)) else ""
    rest = path[len(drive) :]
    if len(rest) > 1 and rest[-1] in "/\\":
        rest = rest[:-1]
    last = max(rest.rfind("/"), rest.rfind("\\"))
    if last < 0:
        return path
    return drive + (rest[:last] if last else rest[0])
