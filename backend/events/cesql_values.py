"""Values of CESQL: texts, 32-bit integers and booleans, how they are cast, compared, computed and matched. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Value = str | int | bool
LEAST, MOST = -(2**31), 2**31 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_PIECE = re.compile(r"\\([%_])|(%)|(_)", re.DOTALL)


class CannotEvaluate(Exception):
    """An attribute is not there, or a value is not of the type that is needed."""


def attribute(event: Mapping[str, Any], name: str) -> Value:
    found = event.get(name)
    if isinstance(found, str | int):  # a bool is an int
        return found
    raise CannotEvaluate


def to_bool(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise CannotEvaluate


def to_int(value: Value) -> int:
    if isinstance(value, bool | int):
        return int(value)
    if _INTEGER.fullmatch(value) is None:
        raise CannotEvaluate
    return _ranged(int(value))


def cast(value: Value, kind: type) -> Value:
    if kind is bool:
        return to_bool(value)
    if kind is int:
        return to_int(value)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def same(left: Value, right: Value) -> bool:
    """The right one's type decides."""
    return cast(left, type(right)) == right


def negate(number: int) -> int:
    return _ranged(-number)


def arithmetic(name: str) -> Callable[[int, int], int]:
    """Of `+ - * / %`; division is truncated towards zero."""
    return lambda left, right: _ranged(_COMPUTE[name](left, right))


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise CannotEvaluate
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


_COMPUTE: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": lambda left, right: left - right * _divide(left, right),
}


def _ranged(number: int) -> int:
    if LEAST <= number <= MOST:
        return number
    raise CannotEvaluate


def like(pattern: str) -> Callable[[str], bool]:
    r"""`%`: any characters, `_`: one; `\%` and `\_` stand for themselves. Never backtracks over `%`."""
    parts = _parts(pattern)
    first, *middle = [re.compile("".join(part), re.DOTALL) for part in parts]
    if not middle:
        return lambda text: first.fullmatch(text) is not None
    last, width = middle.pop(), len(parts[-1])

    def matches(text: str) -> bool:
        found = first.match(text)
        for part in middle:  # the first place that fits leaves most room for the others
            found = found and part.search(text, found.end())
        if found is None or len(text) - found.end() < width:
            return False
        return last.fullmatch(text, len(text) - width) is not None

    return matches


def _parts(pattern: str) -> list[list[str]]:
    """What stands between the `%`: an expression for each character."""
    parts: list[list[str]] = [[]]
    at = 0
    for found in _PIECE.finditer(pattern):
        parts[-1] += map(re.escape, pattern[at : found.start()])
        at = found.end()
        if found[2]:
            parts.append([])
        else:
            parts[-1].append("." if found[3] else re.escape(found[1]))
    parts[-1] += map(re.escape, pattern[at:])
    return parts
