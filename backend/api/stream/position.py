"""Where a client is in the firehose: `<entry>.<number>`, the number of an event in the batch of an entry. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from backend.events.resp import order, previous

_FORM = re.compile(r"(\d{1,20}-\d{1,20})(?:\.(\d{1,8}))?", re.ASCII)
_WHOLE = 10**8  # after all events of an entry


class InvalidPosition(ValueError):
    """The text says what to correct."""


class Position(NamedTuple):
    """Everything up to and with this event was had. Compares as the firehose is ordered."""

    ms: int
    seq: int
    number: int

    def __str__(self) -> str:
        return self.entry if self.number == _WHOLE else f"{self.entry}.{self.number}"

    @property
    def entry(self) -> str:
        return f"{self.ms}-{self.seq}"


BEGINNING = Position(0, 0, _WHOLE)
"""Before all events."""


def at(entry_id: str, number: int = _WHOLE) -> Position:
    """`number`: by default, the whole entry was had."""
    return Position(*order(entry_id), number)


def just_before(position: Position) -> Position:
    """The greatest one before it that comes after everything older."""
    return position._replace(number=position.number - 1) if position.number else at(previous(position.entry))


def parse(text: str) -> Position:
    """Of a `Last-Event-ID`. Raises InvalidPosition."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidPosition(
            f"{text[:100]!r} is no position: send the id of the last event that you had, such as 1763890942978-0.3"
        )
    return at(found[1], _WHOLE if found[2] is None else int(found[2]))
