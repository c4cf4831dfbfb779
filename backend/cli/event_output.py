"""Events as lines: JSON, or columns for people in which no client can write to the terminal. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from backend.cli.event_messages import message
from backend.events.feed import Found
from backend.events.select import server_of, short_type

Formatter = Callable[[Found], bytes]

_COLOURS = {"warning": "\x1b[33m", "error": "\x1b[31m"}
_RESET = "\x1b[0m"
_TIME, _SEVERITY = 24, 7
_WIDEST = 40
_ASCII = re.compile(rb"[\x00-\x1f\x7f]")
_UNSAFE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def json_line(found: Found) -> bytes:
    """The event as it was written; what a terminal or a reader of lines could take as more than text is escaped."""
    if found.raw.isascii() and not _ASCII.search(found.raw):
        return found.raw + b"\n"
    if b"\n" in found.raw or b"\r" in found.raw:
        text = json.dumps(found.event, ensure_ascii=True, separators=(",", ":"))
    else:
        text = _UNSAFE.sub(_json_escape, found.raw.decode("utf-8", "replace"))
    return text.encode() + b"\n"


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def visible(text: str) -> str:
    """The text with everything that does not print as itself written as `\\x1b`, `\\u202e`, `\\n`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class Columns:
    """Time, severity, server, type, subject and a sentence; a column grows with the widest value so far."""

    def __init__(self, *, colour: bool, server: bool = True) -> None:
        """`server`: whether to show that column."""
        self._colour = colour
        self._server = server
        self._widths = [len("vms"), len("snapshot.created"), len("alice@vm-1")]

    def __call__(self, found: Found) -> bytes:
        event = found.event
        kind = short_type(event)
        cells = [server_of(event) or "-", re.sub(r"\.v1$", "", kind), str(event.get("subject", ""))]
        text = [f"{visible(self._time(found)):{_TIME}}", self._paint(str(event.get("severity", "")))]
        text += [self._cell(i, visible(cell)) for i, cell in enumerate(cells) if i or self._server]
        line = "  ".join([*text, visible(message(kind, event.get("data")))])
        return line.rstrip().encode("utf-8", "backslashreplace") + b"\n"

    @staticmethod
    def _time(found: Found) -> str:
        """To the millisecond, so that all are of one width."""
        text = str(found.event.get("time", ""))
        match = re.fullmatch(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d+))?Z", text)
        return f"{match[1]}.{(match[2] or '')[:3]:0<3}Z" if match else text

    def _paint(self, severity: str) -> str:
        text = f"{visible(severity):{_SEVERITY}}"
        colour = _COLOURS.get(severity) if self._colour else None
        return f"{colour}{text}{_RESET}" if colour else text

    def _cell(self, index: int, text: str) -> str:
        self._widths[index] = max(self._widths[index], min(len(text), _WIDEST))
        return text.ljust(self._widths[index])
