"""Takes out of a text of Kopia's log what nobody may read in an event: secrets, and ids that restore contents."""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 1_000
_READ: Final = 20_000  # of longer texts; a secret that is cut here is still found by its beginning
GONE: Final = "[redacted]"
_WORDS: Final = (
    r"(?:password|passwd|passphrase|secret|token|credential|signature|access[-_]?key|api[-_]?key|private[-_]?key)"
)
_VALUE: Final = r'(?:\\*"[^"]*"?|\\*\'[^\']*\'?|[^\s&,;"\'\\}]+)'

_RULES: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|$)", GONE),
        # Authorization: Basic dXNlcjpwdw==, also as "Authorization":["Bearer x"]
        (r"(?i)((?:proxy-)?authorization\\*[\"']?\s*[:=]\s*[\[\\\"']*)(?:\w[\w-]*\s+)?[^\s\"',\\]+", rf"\1{GONE}"),
        (r"(?i)\b(bearer\s+)[A-Za-z0-9+/=._~-]{16,}", rf"\1{GONE}"),
        (r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?", GONE),  # a JWT
        (r"(?i)(?<=://)[^/\s@\"'?#]{1,2000}@", f"{GONE}@"),  # user:password@ of a URL
        # name=value, "name":"value", --flag value
        (rf"(?i)([\w-]{{0,40}}{_WORDS}[\w-]{{0,40}}\\*[\"']?\s{{0,3}}=\s{{0,3}}){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)(\\*[\"'][\w-]{{0,40}}{_WORDS}[\w-]{{0,40}}\\*[\"']\s{{0,3}}:\s{{0,3}}){_VALUE}", rf"\1{GONE}"),
        (rf"(?i)(--(?!without-)[\w-]{{0,40}}{_WORDS}[\w-]{{0,40}}\s{{1,3}})(?!-){_VALUE}", rf"\1{GONE}"),
        (r"(?i)(\bx-amz-security-token:\s*)\S+", rf"\1{GONE}"),
        (r"(?i)(\bsig=)[^&\s\"'\\]+", rf"\1{GONE}"),  # of a SAS token
        (r"\b(A(?:KIA|SIA|ROA|IDA))[A-Z0-9]{12,}", rf"\1{GONE}"),
        (r"(CSRF token for .*?: )\S*, want \S*, session \S+", rf"\1{GONE}"),  # Kopia prints the right one
        # Object ids. Who knows the one of a snapshot's root can restore it: docs/isolation.md.
        (r"[A-Za-z]?[0-9a-fA-F]{32,}", lambda found: found[0][:8] + "…"),
        # The form of an AWS secret key: 40 characters, of all three sorts, on their own.
        (
            r"(?<![A-Za-z0-9/+=.])(?=[A-Za-z0-9/+]*[0-9])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[a-z])"
            r"[A-Za-z0-9+][A-Za-z0-9/+]{39}(?![A-Za-z0-9/+=])",
            GONE,
        ),
    )
)


def redact(text: str, limit: int = LIMIT) -> str:
    """The text as one printable line without secrets, cut to `limit` characters."""
    safe = clean(text, _READ)
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
