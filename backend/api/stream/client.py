"""One open stream: writes straight to its transport, and knows whether that takes any more."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from backend.api.stream.frames import chunk, gap_frame
from backend.api.stream.limits import Limits
from backend.api.stream.log import Entry
from backend.api.stream.position import BEGINNING, Position
from backend.api.stream.scope import Scope

SLOW = "the client took too little for too long; what it missed can be had from the history"

StillAllowed = Callable[[], Awaitable[Scope | None]]


class Client(asyncio.Protocol):
    """Takes the place of aiohttp's protocol at the transport: nothing is read, and asyncio tells when the socket takes
    no more (`paused`), so that at most one write waits in its buffer. `done` when the stream has ended; `gone` is
    called when the connection is closed too.

    `queue`: entries that it has yet to get, None for a client that has all and is not paused. `lost`: it missed some
    after `position`. `need`: entries up to that one it had before.
    """

    __slots__ = (
        "_bytes", "_room", "asked", "caught_up", "chunked", "done", "expires", "gone", "limits", "lost", "need",
        "paused", "position", "queue", "scope", "since", "still_allowed", "transport",
    )  # fmt: skip

    def __init__(
        self, transport: asyncio.Transport, limits: Limits, *, chunked: bool, scope: Scope,
        still_allowed: StillAllowed | None, expires: float | None, now: float,
    ) -> None:  # fmt: skip
        self.transport = transport
        self.limits = limits
        self.chunked = chunked
        self.scope = scope
        self.still_allowed = still_allowed
        self.expires = expires
        self.asked = self.since = now
        self.queue: deque[Entry] | None = None
        self.position = BEGINNING
        self.need: Position | None = None
        self.lost = self.paused = False
        self.caught_up: Callable[[Client], None] | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: Callable[[], None] | None = None
        self._bytes = 0
        self._room: asyncio.Future[None] | None = None
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=1, low=0)
        transport.resume_reading()  # to hear of its end
        end = transport.get_extra_info("socket")
        if end is not None and end.family != socket.AF_UNIX:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.socket_bytes)

    # --- the transport's side ---

    def data_received(self, data: bytes) -> None:
        """Who listens to a stream has nothing to say on the same connection; it is closed after it."""

    def pause_writing(self) -> None:
        self.paused = True
        self.since = asyncio.get_running_loop().time()

    def resume_writing(self) -> None:
        self.paused = False
        if self._room is not None:
            self._wake()
        elif self.queue is not None:
            self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self.finish()
        gone, self.gone = self.gone, None
        if gone is not None:
            gone()

    def finish(self) -> None:
        """Ends the stream; nothing is written any more."""
        if not self.done.done():
            self.done.set_result(None)
        self.queue = None
        self._wake()

    def close(self) -> None:
        """Ends the answer and the connection. A client that takes nothing is cut off."""
        self.finish()
        if self.paused:
            self.transport.abort()
        elif not self.transport.is_closing():
            if self.chunked:
                self.transport.write(b"0\r\n\r\n")
            self.transport.close()

    # --- our side ---

    @property
    def ended(self) -> bool:
        return self.done.done()

    def write(self, data: bytes) -> None:
        """At most a few KiB while it is not paused."""
        self.transport.write(chunk(data) if self.chunked else data)

    async def room(self) -> None:
        """Until what was written is on its way, or the stream has ended."""
        if self.paused and not self.ended:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def _wake(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            with suppress(asyncio.InvalidStateError):
                room.set_result(None)

    def put_off(self, entries: Sequence[Entry], position: Position) -> None:
        """From now on it is behind: it had everything up to `position`, and these come next."""
        self.queue, self._bytes, self.lost, self.position = deque(), 0, False, position
        self._add(entries)

    def extend(self, entries: Sequence[Entry], first_number: int) -> None:
        """More for a client that is behind; `first_number`: the log holds nothing older."""
        if self.lost or self.queue is None:
            return
        if self.need is not None:
            need = self.need
            self.need = None if entries[-1].position >= need else need
            entries = [one for one in entries if one.event is None or one.position > need]
        self._add(entries)
        self.forget(first_number)

    def _add(self, entries: Sequence[Entry]) -> None:
        queue = self.queue
        if queue is not None:
            queue.extend(entries)
            self._bytes += sum(len(one.frame) for one in entries)

    def forget(self, first_number: int) -> None:
        """Give up what is too much or older than what the log holds."""
        if self.queue and (self._bytes > self.limits.behind_bytes or 0 <= self.queue[0].number < first_number):
            self.queue.clear()
            self._bytes, self.lost = 0, True

    def pump(self) -> None:
        """Write from the queue, one piece; the next one in another turn of the loop."""
        if self.paused or self.queue is None or self.ended:
            return
        if self.lost or not self.queue:
            if self.caught_up is not None:
                self.caught_up(self)
            return
        piece, size = [], 0
        while self.queue and (not size or size + len(self.queue[0].frame) <= self.limits.write_bytes):
            entry = self.queue.popleft()
            piece.append(entry.frame)
            size += len(entry.frame)
        self._bytes -= size
        self.position = entry.position
        self.write(b"".join(piece))
        if not self.paused:
            asyncio.get_running_loop().call_soon(self.pump)

    def tell_gap(self, upto: Position) -> None:
        """It missed what came after its position; it goes on after `upto`."""
        self.lost = False
        self.write(gap_frame(self.position, upto, SLOW))
        self.position = upto
