"""One bidirectional gRPC call over a TLS connection of its own.

Written for bulk: requests that are ready together leave in full frames by one write, and answers are taken from the
socket as they lie there. A general gRPC library costs a trip through the event loop for each message (140 µs for a
request and its answer were measured; here it is a tenth of that).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence

from hpack import Decoder, Encoder, HPACKError
from hpack.struct import HeaderTuple, NeverIndexedHeaderTuple

from backend.kopia import frames
from backend.kopia.errors import ServerUnavailable, StreamBroken
from backend.kopia.frames import Frame, FrameError, FrameReader, Kind, MessageReader

STREAM = 1
OUR_WINDOW = 16 << 20
OUR_MAX_FRAME = 1 << 20
MAX_MESSAGE_BYTES = 20 << 20  # what Kopia itself allows
Header = tuple[str, str]


class GrpcStream(asyncio.Protocol):
    """`on_message` gets the body of each message, `on_end` the trailers (grpc-status and so on) or what broke the
    connection, once.
    """

    def __init__(
        self, on_message: Callable[[bytes], None], on_end: Callable[[dict[str, str] | StreamBroken], None]
    ) -> None:
        self._on_message = on_message
        self._on_end = on_end
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader(OUR_MAX_FRAME)
        self._messages = MessageReader(MAX_MESSAGE_BYTES)
        self._decoder = Decoder()
        self._headers: dict[str, str] = {}
        self._block = bytearray()
        self._block_ends_stream = False
        self._out = bytearray()
        self._finishing = False
        self._finished = False
        self._connection_window = frames.DEFAULT_WINDOW
        self._stream_window = frames.DEFAULT_WINDOW
        self._initial_window = frames.DEFAULT_WINDOW
        self._max_frame = frames.DEFAULT_MAX_FRAME
        self._consumed = 0
        self._ended = False

    @classmethod
    async def open(
        cls,
        target: str,
        context: ssl.SSLContext,
        name: str,
        path: str,
        metadata: Sequence[Header],
        on_message: Callable[[bytes], None],
        on_end: Callable[[dict[str, str] | StreamBroken], None],
    ) -> GrpcStream:
        """Connect to `host:port`, verify the certificate for `name`, begin the call; ServerUnavailable else."""
        host, _, port = target.rpartition(":")
        context.set_alpn_protocols(["h2"])
        loop = asyncio.get_running_loop()
        try:
            transport, stream = await loop.create_connection(
                lambda: cls(on_message, on_end), host.strip("[]"), int(port), ssl=context, server_hostname=name
            )
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise ServerUnavailable(f"no connection to {target}: {error}") from error
        secured = transport.get_extra_info("ssl_object")
        if secured is None or secured.selected_alpn_protocol() != "h2":
            transport.abort()
            raise ServerUnavailable(f"{target} does not speak HTTP/2; is it a Kopia server?")
        stream._begin(path, f"{name}:{port}", metadata)
        return stream

    def _begin(self, path: str, authority: str, metadata: Sequence[Header]) -> None:
        plain = [(":method", "POST"), (":scheme", "https"), (":path", path), (":authority", authority),
                 ("content-type", "application/grpc"), ("te", "trailers"), ("user-agent", "bsls")]  # fmt: skip
        fields: list[HeaderTuple] = [HeaderTuple(key, value) for key, value in plain]
        fields += [NeverIndexedHeaderTuple(key, value) for key, value in metadata]
        own = {
            frames.HEADER_TABLE_SIZE: 4096,
            frames.ENABLE_PUSH: 0,
            frames.INITIAL_WINDOW_SIZE: OUR_WINDOW,
            frames.MAX_FRAME_SIZE: OUR_MAX_FRAME,
        }
        self._write(
            frames.PREFACE,
            frames.settings(own),
            frames.window_update(0, OUR_WINDOW - frames.DEFAULT_WINDOW),
            frames.frame(Kind.HEADERS, frames.END_HEADERS, STREAM, Encoder().encode(fields)),
        )

    @property
    def send_window(self) -> int:
        """How many bytes the server takes on the stream at the moment."""
        return self._stream_window

    # --- sending -------------------------------------------------------------------------------------------------

    def send(self, bodies: Iterable[bytes]) -> None:
        """Send messages, as fast as the server's windows allow."""
        for body in bodies:
            self._out += frames.message(body)
        self._pump()

    def finish(self) -> None:
        """No more messages will come from us."""
        self._finishing = True
        self._pump()

    def abort(self) -> None:
        """Close the connection at once; on_end is not called any more."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def _pump(self) -> None:
        size = min(len(self._out), self._connection_window, self._stream_window)
        if size > 0:
            step = self._max_frame
            view = bytes(self._out[:size])
            self._write(*(frames.frame(Kind.DATA, 0, STREAM, view[at : at + step]) for at in range(0, size, step)))
            del self._out[:size]
            self._connection_window -= size
            self._stream_window -= size
        if self._finishing and not self._finished and not self._out:
            self._finished = True
            self._write(frames.frame(Kind.DATA, frames.END_STREAM, STREAM))

    def _write(self, *parts: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(parts)

    # --- receiving -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(StreamBroken(f"the connection was lost: {exc or 'closed by the server'}"))

    def data_received(self, data: bytes) -> None:
        try:
            for item in self._reader.feed(data):
                self._take(item)
        except (FrameError, HPACKError) as error:
            self._fail(f"the server's answer is not readable: {error}")

    def _take(self, item: Frame) -> None:
        match item.kind:
            case Kind.DATA if item.stream == STREAM:
                self._take_data(item)
            case Kind.HEADERS | Kind.CONTINUATION if item.stream == STREAM:
                self._take_headers(item)
            case Kind.SETTINGS if not item.flags & frames.ACK:
                self._take_settings(frames.read_settings(item.payload))
            case Kind.WINDOW_UPDATE:
                self._take_window(item.stream, frames.read_number(item.payload) & 0x7FFFFFFF)
            case Kind.PING if not item.flags & frames.ACK:
                self._write(frames.frame(Kind.PING, frames.ACK, 0, item.payload))
            case Kind.RST_STREAM if item.stream == STREAM:
                self._fail(f"the server ended the session (HTTP/2 error {frames.read_number(item.payload)})")
            case Kind.GOAWAY if frames.read_number(item.payload) < STREAM:
                self._fail(f"the server is going away (HTTP/2 error {frames.read_number(item.payload, 4)})")
            case Kind.PUSH_PROMISE:
                raise FrameError("a push that was not asked for")

    def _take_data(self, item: Frame) -> None:
        for body in self._messages.feed(frames.unpadded(item)):
            self._on_message(body)
        self._consumed += len(item.payload)
        if self._consumed >= OUR_WINDOW // 2:
            self._write(frames.window_update(0, self._consumed), frames.window_update(STREAM, self._consumed))
            self._consumed = 0
        if item.flags & frames.END_STREAM:
            self._end(self._headers)

    def _take_headers(self, item: Frame) -> None:
        self._block += frames.unpadded(item)
        if item.kind == Kind.HEADERS:
            self._block_ends_stream = bool(item.flags & frames.END_STREAM)
        if not item.flags & frames.END_HEADERS:
            return
        for key, value in self._decoder.decode(bytes(self._block)):
            self._headers[str(key)] = str(value)
        self._block.clear()
        if self._block_ends_stream:
            self._end(self._headers)

    def _take_settings(self, values: dict[int, int]) -> None:
        self._max_frame = values.get(frames.MAX_FRAME_SIZE, self._max_frame)
        window = values.get(frames.INITIAL_WINDOW_SIZE, self._initial_window)
        self._stream_window += window - self._initial_window
        self._initial_window = window
        self._write(frames.frame(Kind.SETTINGS, frames.ACK, 0))
        self._pump()

    def _take_window(self, stream: int, growth: int) -> None:
        if stream == 0:
            self._connection_window += growth
        elif stream == STREAM:
            self._stream_window += growth
        self._pump()

    def _fail(self, why: str) -> None:
        self._end(StreamBroken(why))
        if self._transport is not None:
            self._transport.abort()

    def _end(self, how: dict[str, str] | StreamBroken) -> None:
        if not self._ended:
            self._ended = True
            self._on_end(how)
