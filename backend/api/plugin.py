"""The built console plugin over HTTPS, for OpenShift's console to fetch: public files, served from memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from backend.api.http.files import File, answer, read
from backend.api.http.server_log import server_logger
from backend.api.tls import Certificate

MANIFEST = "plugin-manifest.json"
GRACE_S = 5.0


def read_plugin(directory: Path) -> dict[str, File]:
    """Its files. Raises `FilesMissing`."""
    return read(directory, MANIFEST, "build it with `make plugin`, or name its folder")


def make_app(files: dict[str, File]) -> web.Application:
    async def serve(request: web.Request) -> web.Response:
        found = files.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound(text="There is no such file: the plugin was built anew, load the page again.\n")
        return answer(request, found)

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
