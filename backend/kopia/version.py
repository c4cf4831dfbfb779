"""Which versions of Kopia we work with. Pure."""

from __future__ import annotations

import re

from backend.kopia.errors import VersionTooOld

MINIMUM = (0, 21, 0)
ADVICE = f"use Kopia {'.'.join(map(str, MINIMUM))} or newer"

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?=[\s+-]|$)")
_UNTAGGED = (0, 0, 0)  # Go's number for a build of a commit without a tag: v0.0.0-<date>-<commit>


def parse_version(text: str) -> tuple[int, int, int] | None:
    """(major, minor, patch) of what `kopia --version` prints, or of its first word; None for development builds."""
    found = _VERSION.match(text.strip())
    if found is None:
        return None
    major, minor, patch = (int(number or 0) for number in found.groups())
    version = (major, minor, patch)
    return None if version == _UNTAGGED else version


def require_supported(text: str) -> None:
    """VersionTooOld when `text`, as `parse_version` takes it, is below MINIMUM; unreadable versions are accepted."""
    version = parse_version(text)
    if version is not None and version < MINIMUM:
        raise VersionTooOld(f"Kopia {'.'.join(map(str, version))} is too old: {ADVICE}")
