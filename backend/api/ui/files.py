"""The built page and the built plugin: files that are there when the process starts, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from backend.api.http.files import File, answer, read
from backend.api.http.problem import NOT_FOUND, Problem
from backend.api.ui.paths import PLUGIN_FILES

INDEX = "index.html"
HOW = "build it with `make console`, name its folder by --ui-dir, or leave out --ui"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Files:
    """`directory` has the folders `host` and `plugin`. Raises `FilesMissing`."""

    def __init__(self, directory: Path) -> None:
        self._plugin = read(directory / "plugin", "plugin-manifest.json", HOW)
        self._host = read(directory / "host", INDEX, HOW)
        page = self._host.pop(INDEX)
        self._index = dataclasses.replace(page, headers=page.headers | _PAGE_HEADERS)

    async def plugin(self, request: web.Request) -> web.StreamResponse:
        return answer(request, _found(self._plugin, request))

    async def host(self, request: web.Request) -> web.StreamResponse:
        """A file, else the page: which of its own pages a path means, it knows itself."""
        name = request.match_info["file"]
        if name in self._host or name.startswith(("api/", "assets/")):
            return answer(request, _found(self._host, request))
        return answer(request, self._index)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Last: `host` takes every GET that nothing else did."""
        router.add_get(PLUGIN_FILES + "/{file:.+}", self.plugin)
        router.add_get("/{file:.*}", self.host)


def _found(files: Mapping[str, File], request: web.Request) -> File:
    file = files.get(request.match_info["file"])
    if file is None:
        raise Problem(NOT_FOUND, "There is no such file: load the page anew.")
    return file
