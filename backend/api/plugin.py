"""The built console plugin over HTTPS, for OpenShift's console to fetch: public files, served from memory."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from backend.api.http.server_log import server_logger
from backend.api.tls import Certificate

MANIFEST = "plugin-manifest.json"
GRACE_S = 5.0
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_HASHED = re.compile(r"\.[0-9a-f]{16,}\.")  # in names whose content never changes


class PluginMissing(ValueError):
    """The directory holds no built plugin; says what to do."""


@dataclass(frozen=True, slots=True)
class File:
    """`packed`: with gzip, absent where that is no gain."""

    body: bytes
    packed: bytes | None
    headers: dict[str, str]


def read(directory: Path) -> dict[str, File]:
    """All files by their paths below `directory`. Raises `PluginMissing`."""
    if not (directory / MANIFEST).is_file():
        raise PluginMissing(f"{directory / MANIFEST} is missing: build it with `make plugin`, or name its folder")
    paths = [path for path in sorted(directory.rglob("*")) if path.is_file() and path.suffix in _TYPES]
    return {path.relative_to(directory).as_posix(): _file(path) for path in paths}


def make_app(files: dict[str, File]) -> web.Application:
    async def serve(request: web.Request) -> web.Response:
        found = files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such file: the plugin was built anew, load the page again.\n")
        return _answer(request, found)

    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=0)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/{name:.+}", serve)
    return app


async def run_plugin(
    files: dict[str, File], host: str | None, port: int, certificate: Certificate, stop: asyncio.Event
) -> None:
    """Until `stop`; `host` None: all addresses. Raises OSError when the address cannot be had."""
    runner = web.AppRunner(make_app(files), logger=server_logger(), access_log=None)
    renewal = asyncio.create_task(certificate.run(), name="certificate")
    ended = asyncio.create_task(stop.wait(), name="stop")
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=certificate.context, shutdown_timeout=GRACE_S).start()
        done, _ = await asyncio.wait([renewal, ended], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (renewal, ended):
            task.cancel()
        await asyncio.gather(renewal, ended, return_exceptions=True)
        await runner.cleanup()


def _answer(request: web.Request, file: File) -> web.Response:
    if request.headers.get("If-None-Match") == file.headers["ETag"]:
        return web.Response(status=304, headers=file.headers)
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=file.packed, headers={**file.headers, "Content-Encoding": "gzip"})
    return web.Response(body=file.body, headers=file.headers)


def _file(path: Path) -> File:
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0)
    kept = "public, max-age=31536000, immutable" if _HASHED.search(path.name) else "no-cache"
    headers = {
        "Cache-Control": kept,
        "Content-Type": _TYPES[path.suffix],
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    return File(body, packed if len(packed) < len(body) else None, headers)
