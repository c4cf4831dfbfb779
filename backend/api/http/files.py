"""Built files over HTTP: from memory, compressed once, and none but those that were there at the start."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from backend.api.http.encoding import choose, compress_well

_TYPES = {
    ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".json": "application/json", ".map": "application/json", ".png": "image/png", ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}  # fmt: skip
_HASHED = re.compile(r"\.[0-9a-f]{16,}\.|-[0-9A-Z]{8}\.")  # in names whose content never changes: webpack's, esbuild's


class FilesMissing(ValueError):
    """The directory does not hold what was built; says what to do."""


@dataclass(frozen=True, slots=True)
class File:
    """`packed`: by coding; without those that are no gain."""

    body: bytes
    packed: dict[str, bytes]
    headers: dict[str, str]


def read(directory: Path, needed: str, how: str) -> dict[str, File]:
    """All files by their paths below `directory`. Raises `FilesMissing`, with `how` to build it, without `needed`."""
    if not (directory / needed).is_file():
        raise FilesMissing(f"{directory / needed} is missing: {how}")
    paths = [path for path in sorted(directory.rglob("*")) if path.is_file() and path.suffix in _TYPES]
    return {path.relative_to(directory).as_posix(): _file(path) for path in paths}


def answer(request: web.BaseRequest, file: File) -> web.Response:
    if request.headers.get("If-None-Match") == file.headers["ETag"]:
        return web.Response(status=304, headers=file.headers)
    coding = choose(request.headers.get("Accept-Encoding"))
    if coding in file.packed:
        return web.Response(body=file.packed[coding], headers={**file.headers, "Content-Encoding": coding})
    return web.Response(body=file.body, headers=file.headers)


def _file(path: Path) -> File:
    body = path.read_bytes()
    kept = "public, max-age=31536000, immutable" if _HASHED.search(path.name) else "no-cache"
    headers = {
        "Cache-Control": kept,
        "Content-Type": _TYPES[path.suffix],
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    return File(body, compress_well(body), headers)
