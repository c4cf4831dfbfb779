"""Which events a subscriber wants: the filter dialects of the CloudEvents Subscriptions API. Pure.

`{"exact": {"type": "…"}}`, `prefix`, `suffix` compare attributes (all named ones must match); `all`, `any` and `not`
combine filters; `{"sql": "…"}` is an expression of CESQL. A list of filters is `all` of them. An attribute that an
event does not have matches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend.events.cesql import InvalidSql, parse_sql

Event = Mapping[str, Any]
Filter = Callable[[Event], bool]
MAX_DEPTH = 10
MAX_PARTS = 200
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "prefix": str.startswith,
    "suffix": str.endswith,
}
DIALECTS = (*_COMPARE, "all", "any", "not", "sql")


class InvalidFilter(ValueError):
    """The text says what to correct."""


def parse_filters(filters: Any) -> Filter:
    """A filter from the `filters` of a subscription; no filter at all takes every event. Raises InvalidFilter."""
    if filters is None:
        return _everything
    if not isinstance(filters, list):
        raise InvalidFilter(
            "filters must be a list, for example [{'prefix': {'type': 'io.openshift.oadp.bsls.snapshot'}}]"
        )
    budget = [MAX_PARTS]
    return _all([_parse(one, 1, budget) for one in filters])


def _everything(_event: Event) -> bool:
    return True


def _parse(body: Any, depth: int, budget: list[int]) -> Filter:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise InvalidFilter(f"the filters are too large: at most {MAX_PARTS} parts, {MAX_DEPTH} levels deep")
    if not isinstance(body, dict) or len(body) != 1:
        raise InvalidFilter(f"a filter is an object with one of {', '.join(DIALECTS)}")
    ((dialect, content),) = body.items()
    if dialect in _COMPARE:
        return _attributes(dialect, content)
    if dialect == "not":
        inner = _parse(content, depth + 1, budget)
        return lambda event: not inner(event)
    if dialect in {"all", "any"}:
        if not isinstance(content, list) or not content:
            raise InvalidFilter(f"{dialect} takes a list of filters that is not empty")
        parts = [_parse(one, depth + 1, budget) for one in content]
        return _all(parts) if dialect == "all" else _any(parts)
    if dialect == "sql":
        return _sql(content)
    raise InvalidFilter(f"the dialect {str(dialect)[:40]!r} is not known; use one of {', '.join(DIALECTS)}")


def _attributes(dialect: str, content: Any) -> Filter:
    valid = isinstance(content, dict) and content
    if not valid or not all(isinstance(one, str) and one for pair in content.items() for one in pair):
        raise InvalidFilter(
            f"{dialect} takes an object of attributes and texts, for example {{'subject': 'alice@vm-1'}}"
        )
    if "data" in content:
        raise InvalidFilter(f"{dialect} compares attributes, not data")
    compare, wanted = _COMPARE[dialect], tuple(content.items())

    def matches(event: Event) -> bool:
        return all(isinstance(event.get(name), str) and compare(event[name], text) for name, text in wanted)

    return matches


def _sql(content: Any) -> Filter:
    if not isinstance(content, str):
        raise InvalidFilter("sql takes a text, for example \"type LIKE '%.snapshot.%' AND severity != 'info'\"")
    try:
        return parse_sql(content)
    except InvalidSql as error:
        raise InvalidFilter(f"the filter of the dialect sql, {error}") from None


def _all(parts: list[Filter]) -> Filter:
    return lambda event: all(part(event) for part in parts)


def _any(parts: list[Filter]) -> Filter:
    return lambda event: any(part(event) for part in parts)
