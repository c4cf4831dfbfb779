"""Does a live object still say what we want? Pure. Fields that we do not set are the apiserver's or somebody else's."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]

_IDENTITY = ("apiVersion", "kind")  # by which it was found; the apiserver leaves them out of the items of a list
_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10) ** 3,
    "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12, "P": Decimal(10) ** 15,
    "E": Decimal(10) ** 18, "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40, "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
}  # fmt: skip


def differs(wanted: Json, live: Json) -> str:
    """The path of the first difference, `""` when there is none.

    Maps may have more keys than we set, except Secret data; lists must have exactly our elements.
    """
    if wanted.get("kind") == "Secret" and set(wanted["data"]) != set(live.get("data") or {}):
        return "data"
    return _differs({key: value for key, value in wanted.items() if key not in _IDENTITY}, live, "")


def _differs(wanted: Any, live: Any, path: str) -> str:
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return "" if not wanted and live is None else path
        return next(
            (found for key, value in wanted.items() if (found := _differs(value, live.get(key), f"{path}.{key}"))), ""
        )
    if isinstance(wanted, list):
        if not isinstance(live, list):
            return "" if not wanted and live is None else path
        if len(wanted) != len(live):
            return path
        pairs = zip(wanted, live, strict=True)
        return next((found for i, (a, b) in enumerate(pairs) if (found := _differs(a, b, f"{path}[{i}]"))), "")
    if wanted == live or (live is None and wanted in (False, "", 0)):
        return ""
    return "" if _quantity(wanted) is not None and _quantity(wanted) == _quantity(live) else path


def _quantity(value: Any) -> Decimal | None:
    """A resource.Quantity as a number: the apiserver writes `1000m` back as `1`."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    text = str(value)
    digits = text.rstrip("numkMGTPEi")
    try:
        return Decimal(digits) * _SUFFIXES[text[len(digits) :]]
    except (InvalidOperation, KeyError):
        return None
