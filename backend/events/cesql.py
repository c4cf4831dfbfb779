"""Predicates in CloudEvents SQL (CESQL 1.0) as functions of an event; without its functions. Pure.

Literals, attribute names, `= != <> < <= > >=`, `AND OR XOR NOT`, `LIKE`, `IN`, `EXISTS`, `+ - * / %`, parentheses.
As the specification has it for filters: where anything fails (an attribute that is not there, a text that is no
number), or where the result is no boolean, the event does not pass. `AND`, `OR` and `XOR` bind equally, left to right.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from backend.events.cesql_tokens import EOF, InvalidSql, Tokens
from backend.events.cesql_values import (
    CannotEvaluate,
    Value,
    arithmetic,
    attribute,
    cast,
    like,
    negate,
    same,
    to_bool,
    to_int,
)

__all__ = ["MAX_DEPTH", "InvalidSql", "parse_sql"]

Event = Mapping[str, Any]
_Node = Callable[[Event], Value]
MAX_DEPTH = 25

_EQUAL = {"=", "!=", "<>"}
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_COMPARISONS = {*_EQUAL, *_ORDER}
_LEVELS: tuple[set[str], ...] = ({"AND", "OR", "XOR"}, _COMPARISONS, {"+", "-"}, {"*", "/", "%"})


def parse_sql(text: str) -> Callable[[Event], bool]:
    """Raises InvalidSql, whose text says what to correct, and where."""
    parser = _Parser(Tokens(text))
    root = parser.binary(0)
    if parser.tokens.kind != EOF:
        raise parser.tokens.unexpected("an operator or the end")

    def passes(event: Event) -> bool:
        try:
            return root(event) is True
        except CannotEvaluate:
            return False

    return passes


class _Parser:
    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._depth = 0

    def binary(self, level: int) -> _Node:
        if level == len(_LEVELS):
            return self._suffixed()
        left = self.binary(level + 1)
        while (found := self.tokens.operator) in _LEVELS[level]:
            self.tokens.advance()
            left = _binary(found, left, self.binary(level + 1))
        return left

    def _suffixed(self) -> _Node:
        """`x [NOT] LIKE '…'` and `x [NOT] IN (…)`."""
        node = self._unary()
        while self.tokens.operator in {"NOT", "LIKE", "IN"}:
            opposite = self.tokens.accept("NOT")
            if self.tokens.accept("LIKE"):
                node = _like(node, self.tokens.string("a text after LIKE"))
            elif self.tokens.accept("IN"):
                node = _in(node, self._set())
            else:
                raise self.tokens.unexpected("LIKE or IN after NOT")
            if opposite:
                node = _not(node)
        return node

    def _set(self) -> list[_Node]:
        self.tokens.expect("(")
        members = [self._nested()]
        while self.tokens.accept(","):
            members.append(self._nested())
        self.tokens.expect(")")
        return members

    def _unary(self) -> _Node:
        if self.tokens.accept("NOT"):
            bare = self.tokens.operator != "("
            node = _not(self._deeper(self._unary))
            # The specification reads `NOT a = b` as `(NOT a) = b`, which nobody means.
            if bare and self.tokens.operator in _COMPARISONS | {"LIKE", "IN", "NOT"}:
                raise self.tokens.error("NOT needs parentheses around what it negates: NOT (…)")
            return node
        if self.tokens.accept("-"):
            number = self.tokens.integer(negative=True)
            return _constant(number) if number is not None else _negate(self._deeper(self._unary))
        return self._primary()

    def _primary(self) -> _Node:
        tokens = self.tokens
        if tokens.accept("("):
            node = self._nested()
            tokens.expect(")")
            return node
        if tokens.accept("EXISTS"):
            name = tokens.name("an attribute after EXISTS")
            return lambda event: event.get(name) is not None
        if tokens.operator in {"TRUE", "FALSE"}:
            return _constant(tokens.advance().upper() == "TRUE")
        number = tokens.integer()
        if number is not None:
            return _constant(number)
        if tokens.is_string:
            return _constant(tokens.string("a text"))
        return _attribute(tokens.name("an attribute, a text, a number or a parenthesis"))

    def _nested(self) -> _Node:
        return self._deeper(lambda: self.binary(0))

    def _deeper(self, parse: Callable[[], _Node]) -> _Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self.tokens.error(f"the expression is nested more than {MAX_DEPTH} levels deep")
        node = parse()
        self._depth -= 1
        return node


# --- nodes -----------------------------------------------------------------------------------------------------------


def _constant(value: Value) -> _Node:
    return lambda _event: value


def _attribute(name: str) -> _Node:
    return lambda event: attribute(event, name)


def _not(node: _Node) -> _Node:
    return lambda event: not to_bool(node(event))


def _negate(node: _Node) -> _Node:
    return lambda event: negate(to_int(node(event)))


def _like(node: _Node, pattern: str) -> _Node:
    matches = like(pattern)
    return lambda event: matches(str(cast(node(event), str)))


def _in(node: _Node, members: list[_Node]) -> _Node:
    def contained(event: Event) -> bool:
        value = node(event)
        return any(cast(member(event), type(value)) == value for member in members)

    return contained


def _binary(name: str, left: _Node, right: _Node) -> _Node:
    if name == "AND":
        return lambda event: to_bool(left(event)) and to_bool(right(event))
    if name == "OR":
        return lambda event: to_bool(left(event)) or to_bool(right(event))
    if name == "XOR":
        return lambda event: to_bool(left(event)) is not to_bool(right(event))
    if name == "=":
        return lambda event: same(left(event), right(event))
    if name in _EQUAL:
        return lambda event: not same(left(event), right(event))
    if name in _ORDER:
        compare = _ORDER[name]
        return lambda event: compare(to_int(left(event)), to_int(right(event)))
    compute = arithmetic(name)
    return lambda event: compute(to_int(left(event)), to_int(right(event)))
