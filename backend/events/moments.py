"""Points in time as people give them: a duration back from now, or RFC 3339. Pure."""

from __future__ import annotations

import re
from datetime import datetime

_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_PART = re.compile(r"(\d{1,12})(ms|[smhdw])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def parse_moment(text: str, now_ms: int) -> int:
    """Milliseconds since 1970. `10m`, `1h30m` or `2d` mean that long before now. Raises ValueError with a sentence."""
    if _DURATION.fullmatch(text):
        return max(0, now_ms - sum(int(count) * _UNITS_MS[unit] for count, unit in _PART.findall(text)))
    if _RFC_3339.fullmatch(text):
        try:
            return int(datetime.fromisoformat(text.upper()).timestamp() * 1000)
        except (ValueError, OverflowError):
            raise ValueError(f"{text!r} is no time that the calendar has") from None
    raise ValueError(f"{text!r} is no time: use a duration such as 10m or 2h, or RFC 3339 such as 2026-11-23T09:00:00Z")
