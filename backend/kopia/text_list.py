"""What the lists that admins write have in common: lines, comments, and why a line cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_SHOWN = 60
MAX_REJECTED = 1000  # kept with their reasons; of more only the number is


class InvalidLine(ValueError):
    """One line is unusable; the text says why and what to do, without any hash."""


@dataclass(frozen=True)
class Rejected:
    """`line` counts from 1; `name` is the user the line is about, "" when that cannot be told."""

    line: int
    reason: str
    name: str = ""


class Rejects:
    """The refused lines while a list is read."""

    def __init__(self) -> None:
        self.kept: list[Rejected] = []
        self.count = 0

    def add(self, line: int, error: InvalidLine, name: str = "") -> None:
        self.count += 1
        if len(self.kept) < MAX_REJECTED:
            self.kept.append(Rejected(line, str(error), name))


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and stripped text of every line that says something; blank lines and those starting with # do not."""
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        line = raw.strip()
        if line and not line.startswith(b"#"):
            yield number, line


def has_comment(data: bytes, comment: bytes) -> bool:
    """Whether one line is exactly this comment."""
    return any(line.strip() == comment for line in data.split(b"\n"))


def shown(text: str) -> str:
    """Text of the user's, safe to repeat: short and printable."""
    short = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    return f"'{short}'" if short.isprintable() and text.isascii() else ascii(short)
