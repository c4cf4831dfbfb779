"""Requests of the page to Kubernetes, passed on with the user's own token; watches also as a WebSocket.

Browsers open six connections to a host at most, and a watch holds one; WebSockets are not counted among them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.limits import Limits
from backend.api.http.problem import BAD_REQUEST, UNAVAILABLE, Problem, retry_after
from backend.api.ui.paths import KUBERNETES
from backend.api.ui.session import Sessions
from backend.api.ui.target import Target, parse
from backend.kube.errors import KubeError
from backend.kube.relay import Answer, Relay

log = logging.getLogger(__name__)

BODY_LIMIT = 2 * 1024 * 1024  # more than etcd stores
SENT = ("Accept", "Accept-Encoding", "Content-Type")  # nothing else: no cookie, no name of somebody else
ANSWERED = ("Content-Type", "Content-Encoding", "Retry-After", "Warning")
HEARTBEAT_S = 30.0
RETRY_S = 5.0


class Kubernetes:
    """`handle` is for every method below `paths.KUBERNETES`, behind the gate."""

    def __init__(self, relay: Relay, limits: Limits, sessions: Sessions) -> None:
        self._relay = relay
        self._limits = limits
        self._sessions = sessions
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends what is still open."""
        self._closing.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        caller = caller_of_request(request)
        if not request.raw_path.startswith(f"{KUBERNETES}/"):
            raise Problem(BAD_REQUEST, "Send the path of the request alone.")
        target = parse(request.method, request.raw_path.removeprefix(KUBERNETES))
        try:
            if not target.watch:
                return await self._pass(request, caller, target)
            self._limits.enter(caller)
            try:
                if request.headers.get("Upgrade", "").lower() == "websocket":
                    return await self._socket(request, caller, target)
                return await self._pass(request, caller, target)
            finally:
                self._limits.leave(caller.username)
        except KubeError as error:
            log.warning("a request was not passed on: %s", error)
            raise Problem(
                UNAVAILABLE, "The Kubernetes API did not answer: try again soon.", headers=retry_after(RETRY_S)
            ) from error

    async def _pass(self, request: web.Request, caller: Caller, target: Target) -> web.StreamResponse:
        headers = {name: request.headers[name] for name in SENT if name in request.headers}
        body = await request.clone(client_max_size=BODY_LIMIT).read() if request.can_read_body else None
        async with self._relay.open(request.method, str(target), caller.token, headers, body) as answer:
            kept = {name: answer.headers[name] for name in ANSWERED if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            await self._while_open(lambda: _copy(answer, response))
            await response.write_eof()
            return response

    async def _socket(self, request: web.Request, caller: Caller, target: Target) -> web.StreamResponse:
        self._sessions.require_own_page(request)  # browsers let any page open a WebSocket, with our cookie
        async with self._relay.open("GET", str(target), caller.token, {"Accept": "application/json"}) as answer:
            if answer.status != 200:
                raise Problem(
                    BAD_REQUEST, f"The Kubernetes API refuses to watch this ({answer.status}): list it first."
                )
            socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=4096)
            await socket.prepare(request)
            with contextlib.suppress(KubeError):  # it ends, as watches do; the page begins anew
                await self._while_open(lambda: _send(answer, socket), lambda: _left(socket))
            await socket.close()
            return socket

    async def _while_open(self, *works: Callable[[], Awaitable[object]]) -> None:
        """Until one of these ends, or all has to."""
        tasks = [asyncio.ensure_future(work()) for work in (*works, self._closing.wait)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(answer: Answer, response: web.StreamResponse) -> None:
    try:
        async for chunk in answer.chunks():
            await response.write(chunk)
    except KubeError as error:
        raise ConnectionResetError("the answer broke off") from error  # it must not look as if it had ended


async def _send(answer: Answer, socket: web.WebSocketResponse) -> None:
    async for line in answer.lines():
        await socket.send_str(line.decode())


async def _left(socket: web.WebSocketResponse) -> None:
    """What the page sends is of no interest, but that it has gone is."""
    async for _ in socket:
        pass
