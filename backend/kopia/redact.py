"""Takes out of a text of Kopia's log what nobody may read in an event: secrets, and ids that restore contents."""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 1_000
_READ: Final = 4_000  # of longer texts
_A_WORD: Final = 20  # letters alone, and too few of them for an id
GONE: Final = "[redacted]"
_WORDS: Final = (
    r"(?:password|passwd|passphrase|secret|token|credential|signature|access[-_]?key|api[-_]?key|private[-_]?key)"
)
_NAMED: Final = rf"{_WORDS}[\w-]{{0,40}}+"  # whatever is before the word may stay
_LONG_NAMES: Final = r"(?:secret[-_]?access[-_]?key|(?:session|security)[-_]?token|api[-_]?key|private[-_]?key)"
_ALL_SORTS: Final = r"(?=[A-Za-z/+]*[0-9])(?=[a-z0-9/+]*[A-Z])(?=[A-Z0-9/+]*[a-z])"
_VALUE: Final = r'(?:\\*+"[^"]*"?|\\*+\'[^\']*\'?|[^\s&"\'\\]+)'

# Each is linear in the length of the text, as anybody can cause long ones: nothing optional or repeated before a word.
_RULES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|$)", GONE),
        # Authorization: Basic dXNlcjpwdw==, also as "Authorization":["Bearer x"]
        (
            r"(?i)(authorization\\*+[\"']?\s{0,3}[:=]\s{0,3}[\[\\\"']{0,9}+)(?:\w[\w-]{0,40}+\s{1,3})?[^\s\"',\\]+",
            rf"\1{GONE}",
        ),
        (r"(?i)\b(bearer\s{1,3})[A-Za-z0-9+/=._~-]{16,}", rf"\1{GONE}"),
        (r"\beyJ[\w-]{5,}+\.[\w-]+(?:\.[\w-]*)?", GONE),  # a JWT
        (r"(?i)(?<=://)[^/\s@\"'?#]{1,2000}@", f"{GONE}@"),  # user:password@ of a URL
        # name=value, name:value and "name": "value" of structures, --flag value
        (rf"(?i)({_NAMED}\\*+[\"']?\s{{0,3}}=\s{{0,3}}){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)({_NAMED}\\*+[\"']\s{{0,3}}:\s{{0,3}}\[?){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)({_NAMED}:)(?!//){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)({_LONG_NAMES}:\s{{1,3}}){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)(?<![\w-])(--(?!without-)[\w-]{{0,40}}{_NAMED}\s{{1,3}})(?!-){_VALUE}", rf"\1{GONE}"),
        (r"(?i)(\bsig=)[^&\s\"'\\]+", rf"\1{GONE}"),  # of a SAS token
        (r"\b(A(?:KIA|SIA|ROA|IDA))[A-Z0-9]{12,}", rf"\1{GONE}"),
        (r"(CSRF token for .{0,200}?: )\S*, want \S*, session \S+", rf"\1{GONE}"),  # Kopia prints the right one
        # Object ids. Who knows the one of a snapshot's root can restore it: docs/isolation.md.
        (r"[A-Za-z]?[0-9a-fA-F]{32,}", lambda found: found[0][:8] + "…"),
        # The form of an AWS secret key: 40 characters, of all three sorts, on their own; in a path, those without "/".
        (rf"(?<![A-Za-z0-9/+=.]){_ALL_SORTS}[A-Za-z0-9+][A-Za-z0-9/+]{{39}}(?![A-Za-z0-9/+=])", GONE),
        (rf"(?<![A-Za-z0-9+]){_ALL_SORTS}[A-Za-z0-9+]{{40}}(?![A-Za-z0-9+])", GONE),
    )
)


def redact(text: str, limit: int = LIMIT) -> str:
    """The text as one printable line without secrets, cut to `limit` characters."""
    if len(text) <= _A_WORD and text.isalpha():
        return cut(text, limit)
    safe = clean(text, _READ)
    if len(text) > _READ:
        safe = safe.rpartition(" ")[0] or safe  # half a secret has no form that a rule knows
    for pattern, replacement in _RULES:
        safe = pattern.sub(replacement, safe)
    return cut(safe, limit)


def clean(text: str, limit: int) -> str:
    """One printable line: white space becomes a space, any other control or format character a replacement mark."""
    short = text[:limit]
    if short.isprintable():
        return short
    return "".join(one if one.isprintable() else " " if one.isspace() else "\N{REPLACEMENT CHARACTER}" for one in short)


def cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
