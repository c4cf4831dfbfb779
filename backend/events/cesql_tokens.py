"""The words of a CESQL expression, with their positions. Pure."""

from __future__ import annotations

import re

from backend.events.cesql_values import LEAST, MOST

MAX_LENGTH = 4096
EOF = "end"
_KEYWORDS = {"AND", "OR", "XOR", "NOT", "LIKE", "IN", "EXISTS", "TRUE", "FALSE"}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z0-9_]+)
    | (?P<symbol><>|!=|<=|>=|[=<>+\-*/%(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"[a-z0-9]+")
_ESCAPED = re.compile(r"""\\(['"])""")


class InvalidSql(ValueError):
    """The text says what to correct, and at which character, counted from 1."""


class Tokens:
    """The word to be read next: `kind` is `string`, `word`, `symbol` or `end`; `operator` a symbol or keyword."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise InvalidSql(f"the expression is longer than {MAX_LENGTH} characters")
        self._text = text
        self._end = 0
        self._scan()

    def _scan(self) -> None:
        found = _TOKEN.match(self._text, self._end)
        if found is None:
            at = len(self._text) - len(self._text[self._end :].lstrip())
            what = "this text has no end" if self._text[at] in "'\"" else f"{self._text[at]!r} has no meaning"
            raise InvalidSql(f"at character {at + 1}: {what}")
        self.kind = str(found.lastgroup)
        self.word = found[self.kind]
        self._at, self._end = found.start(self.kind), found.end()

    @property
    def operator(self) -> str:
        """The symbol, or the keyword in upper case; else `""`."""
        if self.kind == "symbol":
            return self.word
        return self.word.upper() if self.kind == "word" and self.word.upper() in _KEYWORDS else ""

    @property
    def is_string(self) -> bool:
        return self.kind == "string"

    def advance(self) -> str:
        word = self.word
        self._scan()
        return word

    def accept(self, operator: str) -> bool:
        if self.operator != operator:
            return False
        self._scan()
        return True

    def expect(self, operator: str) -> None:
        if not self.accept(operator):
            raise self.unexpected(f"'{operator}'")

    def string(self, wanted: str) -> str:
        if not self.is_string:
            raise self.unexpected(wanted)
        return _ESCAPED.sub(r"\1", self.advance()[1:-1])

    def integer(self, *, negative: bool = False) -> int | None:
        """None: something else comes next."""
        if self.kind != "word" or not self.word.isdecimal():
            return None
        number = (-1 if negative else 1) * int(self.word) if len(self.word) < 20 else MOST + 1
        if not LEAST <= number <= MOST:
            raise self.error(f"a number has to be between {LEAST} and {MOST}")
        self._scan()
        return number

    def name(self, wanted: str) -> str:
        if self.kind != "word" or self.operator:
            raise self.unexpected(wanted)
        if _NAME.fullmatch(self.word) is None:
            raise self.error(f"{self.word[:40]!r} is no attribute: names consist of a-z and 0-9")
        if self.word == "data":
            raise self.error("data cannot be compared, only attributes can")
        name = self.advance()
        if self.kind == "symbol" and self.word == "(":
            raise self.error("functions are not supported")
        return name

    def unexpected(self, wanted: str) -> InvalidSql:
        found = "the end" if self.kind == EOF else repr(self.word[:40])
        return self.error(f"{wanted} is expected, not {found}")

    def error(self, text: str) -> InvalidSql:
        return InvalidSql(f"at character {self._at + 1}: {text}")
