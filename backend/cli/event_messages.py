"""One sentence for people about each type of event, from its payload. Pure.

`{field}` is a value of the payload; what stands in brackets is left out where one of its fields is absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONDITION = "{reason}: {message}"
_SYNCED = "{applied} of {desired} entries are in effect"
_REJECTED = "{rejected} lines were refused[, the first: {lines}]"
_SNAPSHOT = "{path}, {sizeBytes} in {files} files[, {errors} not read][, without {unread}]"
_MORE = "[ ({suppressed} more like it before)]"

MESSAGES: dict[str, str] = {
    "acl.rejected": _REJECTED,
    "acl.synced": f"{_SYNCED}",
    "log.reported": f"{{level}} of {{logger}}: {{message}}{_MORE}",
    "login.refused": f"refused {{user}} from {{address}}{_MORE}",
    "maintenance.failed": "[{mode} ]maintenance failed: {error}",
    "maintenance.finished": "{mode} maintenance finished[ after {durationSeconds}]",
    "maintenance.started": "{mode} maintenance began",
    "policy.drifted": "the global policy was changed[ (repaired: {repaired})]: {message}",
    "repository.connected": "repository {path} is open",
    "repository.created": "repository {path} was made",
    "repository.failed": _CONDITION,
    "repository.vanished": _CONDITION,
    "server.available": _CONDITION,
    "server.created": "[storage {backupStorageLocation}][, prefix {prefix}]",
    "server.degraded": _CONDITION,
    "server.deleted": "the server is gone; its backups are not",
    "server.progressing": _CONDITION,
    "server.recovered": _CONDITION,
    "server.restarted": "{cause}, now in pod {pod}",
    "server.stopping": "pod {pod} shuts down",
    "server.unavailable": _CONDITION,
    "session.ended": "{reason}[ after {durationSeconds}], from {address}",
    "session.started": "logged in from {address}",
    "snapshot.created": _SNAPSHOT,
    "snapshot.deleted": _SNAPSHOT,
    "snapshot.failed": "{path}: {error}",
    "snapshot.incomplete": f"{{cause}}: {_SNAPSHOT}",
    "snapshots.mass-deleted": "{deleted} snapshots went at once, {left} are left",
    "storage.failed": _CONDITION,
    "storage.recovered": _CONDITION,
    "storage.throttled": "{message}",
    "stream.gap": "log lines[ from {from}][ to {to}] are lost: {reason}",
    "stream.trimmed": "entries {firstId} to {lastId} were removed before they were acknowledged[ by {groups}]",
    "tenant.first-seen": "first snapshot",
    "tenant.overdue": "no complete snapshot[ since {lastCompleteTime}], allowed are {maxSnapshotAge}",
    "tenant.recovered": "backed up as it should be again[, last at {lastCompleteTime}]",
    "tls.expiring": "the certificate ends in {daysLeft} days[, at {notAfter}]",
    "tls.handshake-failed": f"{{address}}: {{error}}{_MORE}",
    "tls.issued": "certificate {fingerprint}[ until {notAfter}]",
    "tls.rotated": "certificate {fingerprint}[ until {notAfter}] instead of {previousFingerprint}",
    "users.drifted": "{drifted} users were changed by somebody else[: {users}][ (repaired: {repaired})]",
    "users.refreshed": "read and applied as asked[, {applied} of {desired} entries are in effect]",
    "users.rejected": _REJECTED,
    "users.synced": f"{_SYNCED}",
}
_FIELD = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[([^\]]*)\]")
_SHOWN = 3
_SKIP_ZERO = frozenset({"suppressed", "errors"})


def message(short_type: str, data: Any) -> str:
    """A sentence, not escaped. A type or a payload that is not known is told as `name=value`."""
    if not isinstance(data, Mapping):
        return "" if data is None else str(data)
    values = {str(name): _text(str(name), value) for name, value in data.items() if value is not None}
    pattern = MESSAGES.get(short_type.rpartition(".")[0])
    if pattern is not None:
        pattern = _OPTIONAL.sub(lambda part: part[1] if _complete(part[1], values) else "", pattern)
        if set(_FIELD.findall(pattern)) <= values.keys():
            return _FIELD.sub(lambda field: values[field[1]], pattern).lstrip(", ")
    return " ".join(f"{name}={value}" for name, value in values.items())


def _complete(part: str, values: Mapping[str, str]) -> bool:
    return all(
        values.get(name, "") and not (name in _SKIP_ZERO and values[name] == "0") for name in _FIELD.findall(part)
    )


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        shown = ", ".join(_text(name, one) for one in value[:_SHOWN])
        return f"{shown} and {len(value) - _SHOWN} more" if len(value) > _SHOWN else shown
    if isinstance(value, Mapping) and name == "unread":
        return f"{value.get('path', '')} ({value.get('error', '')})"
    if isinstance(value, Mapping):
        return " ".join(f"{key} {_text('', one)}" for key, one in value.items())
    if isinstance(value, int | float):
        return _size(value) if name.endswith("Bytes") else _seconds(value) if name.endswith("Seconds") else str(value)
    return str(value)


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02.0f}s" if minutes else f"{rest:.1f}s"
