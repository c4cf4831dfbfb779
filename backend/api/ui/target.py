"""Which requests of the page go on to the apiserver: plain objects, nothing that leads past it to somewhere else."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from backend.api.http.problem import BAD_REQUEST, METHOD_NOT_ALLOWED, NOT_FOUND, Problem

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WATCH_S = 600  # then the page watches anew, and its token is looked at again
MAX_TARGET = 8192  # characters
_ROOTS = {"api": 2, "apis": 3}  # segments up to the version
_SUBRESOURCES = frozenset({"log", "scale", "status"})
_KEPT = "!$&'()*+,;=:@~"


@dataclass(frozen=True)
class Target:
    """`path` is encoded anew, `query` as it came."""

    path: str
    query: str
    watch: bool = False

    def __str__(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


def parse(method: str, raw: str) -> Target:
    """`raw`: path and query as they were sent, without our prefix. Raises a `Problem` (400, 404, 405)."""
    path, _, query = raw.partition("?")
    if len(raw) > MAX_TARGET or "#" in raw or not raw.isascii() or not raw.isprintable():
        raise Problem(BAD_REQUEST, "The path is too long, or has characters that have to be encoded.")
    segments = [_decode(one) for one in path.removeprefix("/").split("/")]
    if method not in METHODS:
        raise Problem(METHOD_NOT_ALLOWED, f"Use one of these methods: {', '.join(METHODS)}.")
    if not _passes(method, segments):
        raise Problem(NOT_FOUND, "The page reaches objects of Kubernetes, their logs, status and scale, nothing else.")
    watch = method == "GET" and _flag(query, "watch")
    if watch and "timeoutSeconds=" not in query:
        query = f"{query}&timeoutSeconds={WATCH_S}"
    return Target("/" + "/".join(quote(one, safe=_KEPT) for one in segments), query, watch or _flag(query, "follow"))


def _decode(segment: str) -> str:
    """What a segment means. An encoded slash, a dot segment or a second encoding could mean another one elsewhere."""
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        text = ""
    if text in {"", ".", ".."} or any(one in "/\\%?#" for one in text) or not text.isprintable():
        raise Problem(BAD_REQUEST, "A segment of the path is not the name of anything.")
    return text


def _passes(method: str, segments: list[str]) -> bool:
    root = segments[0]
    if root in {"version", "openapi"}:
        return method == "GET"
    start = _ROOTS.get(root)
    if start is None:
        return False
    rest = segments[start:]
    if len(rest) >= 3 and rest[0] == "namespaces" and rest[2] not in {"status", "finalize"}:
        rest = rest[2:]
    if not rest:
        return method == "GET"  # discovery
    if rest[0] in {"proxy", "watch"}:
        return False
    if method == "DELETE" and len(rest) == 1:
        return False  # all of them at once
    return len(rest) <= 2 or (len(rest) == 3 and rest[2] in _SUBRESOURCES)


def _flag(query: str, name: str) -> bool:
    values = [one.partition("=")[2] for one in query.split("&") if one.partition("=")[0] == name]
    return bool(values) and values[0] not in {"0", "false"}
