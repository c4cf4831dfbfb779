"""Our side: pages of the data room over aiohttp's low-level server, for whoever has the token. Prints its port.

python -m benchmarks.api_list.server --redis redis://… --token …
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools

from aiohttp import web

from backend.api.data.fresh import Fresh
from backend.api.data.lists import snapshots_page
from backend.api.data.pages import answer_page
from backend.api.data.query import SnapshotQuery, parse_text
from backend.api.data.repeats import RepeatingServer, Repeats, Terms
from backend.events.connection import connect
from benchmarks.api_list.history import KEYS

PATH = f"/api/v1/servers/{KEYS.namespace}/{KEYS.name}/snapshots"


DECISION_S = 30.0


def handler_of(fresh: Fresh, token: str, *, repeats: bool = True):  # type: ignore[no-untyped-def]
    allowed = {hashlib.sha256(token.encode()).digest(): KEYS.namespace}
    loop = asyncio.get_running_loop()
    asked = itertools.count()
    key = (KEYS.namespace, KEYS.name)

    def count() -> str:
        return f"{next(asked):016x}"

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or hashlib.sha256(given.encode()).digest() not in allowed:
            return web.Response(status=401)
        path, _, text = request.raw_path.partition("?")
        if path != PATH:
            return web.Response(status=404)
        query = parse_text(SnapshotQuery, text)
        held = await fresh.get(key)
        page = snapshots_page(held, query, None, int(loop.time() * 1000))
        terms = Terms(loop.time() + DECISION_S, fresh.snapshots_unchanged(key), count) if repeats else None
        return await answer_page(request, page, count(), terms)

    return handle


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--no-repeats", action="store_true", help="every request goes the long way")
    options = parser.parse_args()
    fresh = Fresh(connect(options.redis))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fresh.run())
        handler = handler_of(fresh, options.token, repeats=not options.no_repeats)
        server = RepeatingServer(handler, Repeats(), access_log=None)
        listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        print(listening.sockets[0].getsockname()[1], flush=True)


if __name__ == "__main__":
    asyncio.run(main())
