"""CEL validation rules, written beside the field they guard: each message says what to do."""

from __future__ import annotations

from typing import Any, Final

JsonDict = dict[str, Any]

VALIDATIONS: Final = "x-kubernetes-validations"

_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
_LABEL: Final = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_DURATION: Final = r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"


def rule(cel: str, message: str, *, field_path: str | None = None) -> JsonDict:
    """One entry of x-kubernetes-validations."""
    entry: JsonDict = {"rule": cel, "message": message}
    if field_path is not None:
        entry["fieldPath"] = field_path
    return entry


def checked(*rules: JsonDict, **extra: Any) -> JsonDict:
    """The JSON schema additions of a field or class that carries these rules."""
    return {VALIDATIONS: list(rules), **{key.replace("_", "-"): value for key, value in extra.items()}}


def object_name(what: str) -> JsonDict:
    """The value names a namespaced object (Secret, ConfigMap, BackupStorageLocation)."""
    return rule(
        f"self.matches('{_SUBDOMAIN}')",
        f"must name {what}: lower case letters, digits, '-' and '.', a letter or digit at both ends",
    )


def namespace_name() -> JsonDict:
    """The value names a namespace."""
    return rule(
        f"self.matches('{_LABEL}')",
        "must name a namespace: lower case letters, digits and '-', a letter or digit at both ends",
    )


def data_key() -> JsonDict:
    """The value is a key in the data of a Secret or ConfigMap."""
    return rule(
        "self.matches('^[-._a-zA-Z0-9]+$')",
        "must be a key of the data: letters, digits, '-', '_' and '.' only",
    )


def exactly_one(first: str, second: str, what: str) -> JsonDict:
    """One of two optional fields is set, not both."""
    return rule(
        f"has(self.{first}) != has(self.{second})",
        f"needs exactly one {what}: set either '{first}' or '{second}', not both",
    )


def immutable(what: str) -> JsonDict:
    """The value never changes after creation."""
    return rule(
        "self == oldSelf",
        f"{what} cannot be changed: create another BackupStorageLocationServer instead "
        "(deleting this one keeps its backup data)",
    )


def duration_rules(example: str, at_least: str | None = None) -> list[JsonDict]:
    """The value is a duration of hours, minutes and seconds, above zero, or not below a minimum."""
    well_formed = f"self.size() > 0 && self.matches('{_DURATION}')"
    rules = [rule(well_formed, f"must be a duration in hours, minutes and seconds, for example '{example}'")]
    if at_least is None:
        rules.append(rule(f"!({well_formed}) || duration(self) > duration('0s')", "must be longer than zero"))
    else:
        rules.append(
            rule(f"!({well_formed}) || duration(self) >= duration('{at_least}')", f"must be at least {at_least}")
        )
    return rules
