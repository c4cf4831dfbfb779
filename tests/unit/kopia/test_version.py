"""Versions as Kopia prints them, and which of them we refuse."""

from __future__ import annotations

import pytest

from backend.kopia.errors import VersionTooOld
from backend.kopia.version import MINIMUM, parse_version, require_supported


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v0.23.1 build: -(unknown_revision) from: ", (0, 23, 1)),
        ("0.22.3", (0, 22, 3)),
        ("0.22.3\n", (0, 22, 3)),
        ("0.21", (0, 21, 0)),
        ("v0.21.0-rc.1 build: x from: y", (0, 21, 0)),
        ("v0.22.4-0.20251125011029-7f1c3f84f29d+dirty", (0, 22, 4)),
        ("20231012.0.42919", (20231012, 0, 42919)),
        ("v0.0.0-20251125011029-7f1c3f84f29d", None),
        ("v0-unofficial build: x", None),
        ("(devel)", None),
        ("0.9x", None),
        ("0.21.1.2", None),
        ("9" * 10 + ".1.1", None),
        ("kopia 0.20.1", None),
        ("", None),
    ],
)
def test_parsing(text: str, version: tuple[int, int, int] | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize("text", ["0.21.0", "v0.21.1 build: x", "0.23.1", "1.0.0", "v0-unofficial", "", "garbage"])
def test_supported(text: str) -> None:
    require_supported(text)


@pytest.mark.parametrize(
    ("text", "shown"), [("v0.20.1 build: x from: y", "0.20.1"), ("0.9.8", "0.9.8"), ("0.20", "0.20.0")]
)
def test_too_old(text: str, shown: str) -> None:
    with pytest.raises(VersionTooOld) as refused:
        require_supported(text)
    assert str(refused.value) == f"Kopia {shown} is too old: use Kopia 0.21.0 or newer"
    assert MINIMUM == (0, 21, 0)
