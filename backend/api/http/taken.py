"""An answer whose body somebody else writes for long, straight to the transport: a stream of events.

While a handler runs, aiohttp keeps the request, its headers and half a dozen frames, about 12 KB for each. So the
handler returns as soon as the head is out, and aiohttp forgets the connection, as if it had been lost.
"""

from __future__ import annotations

import asyncio

from aiohttp import web


class Taken(web.StreamResponse):
    """Return it from the handler. Whoever set another protocol at the transport has it from `prepare` on."""

    _connection: asyncio.Protocol | None = None

    def take(self, request: web.Request) -> asyncio.Transport:
        """Call it after `prepare`. Raises ConnectionResetError when the client has left."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left")
        self._connection = request.protocol
        return transport

    async def write_eof(self, data: bytes = b"") -> None:
        """The last that aiohttp asks for."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.transport = None  # type: ignore[attr-defined]  # so that it does not close it
            connection.connection_lost(None)
