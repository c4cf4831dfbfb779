"""Durations as the resource writes them: `26h`, `1h30m`, `45s`."""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(text: str) -> timedelta:
    """The length of time the text means; ValueError when it means none."""
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"not a duration in hours, minutes and seconds: {text!r}")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
