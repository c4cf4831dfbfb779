"""Our gRPC stream against the reference implementation of gRPC, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from backend.controller.certificates import KeyPair, mint_ca
from backend.kopia import frames, wire
from backend.kopia.errors import AccessDenied, KopiaError, ServerUnavailable, StreamBroken
from backend.kopia.frames import Kind
from backend.kopia.stream import GrpcStream
from backend.kopia.tls import pin
from tests.servers.tls import leaf_for

METADATA = (("kopia-username", "alice"), ("kopia-password", "secret"))


@pytest.fixture(scope="module")
def leaf() -> KeyPair:
    return leaf_for(mint_ca("test tenants", datetime.now(UTC)), ["one.ns.svc"])


class Call:
    """What came back of one call."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.end: asyncio.Future[dict[str, str] | StreamBroken] = asyncio.get_running_loop().create_future()
        self.stream: GrpcStream | None = None

    async def open(self, port: int, leaf: KeyPair) -> GrpcStream:
        pinned = pin(leaf.certificate)
        self.stream = await GrpcStream.open(
            f"127.0.0.1:{port}", pinned.ssl_context(), pinned.name, "/any/Thing", METADATA, self.messages.append,
            self.end.set_result,
        )  # fmt: skip
        return self.stream

    async def ended(self) -> KopiaError:
        how = await asyncio.wait_for(self.end, 10)
        return how if isinstance(how, StreamBroken) else wire.ended(how)


class Echo(grpc.GenericRpcHandler):
    """Sends every message back; the first message may ask for a status instead."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {}

    def service(self, details: Any) -> Any:
        self.metadata = dict(details.invocation_metadata)

        async def answer(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            async for body in requests:
                if body == b"deny":
                    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "no: ünlisted")
                yield body

        return grpc.stream_stream_rpc_method_handler(answer)


@pytest.fixture
async def echo(leaf: KeyPair) -> AsyncIterator[tuple[int, Echo]]:
    handler = Echo()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)])
    server.add_generic_rpc_handlers((handler,))
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(leaf.key, leaf.certificate)]))
    await server.start()
    yield port, handler
    await server.stop(None)


async def test_messages_go_there_and_back(echo: tuple[int, Echo], leaf: KeyPair) -> None:
    port, handler = echo
    call = Call()
    stream = await call.open(port, leaf)
    bodies = [b"", b"x", *(bytes([number % 256]) * 1000 for number in range(2000))]
    stream.send(bodies)
    stream.finish()
    assert type(await call.ended()) is StreamBroken  # status 0: a session is never meant to end so
    assert call.messages == bodies
    assert {key: handler.metadata[key] for key, _ in METADATA} == dict(METADATA)


async def test_messages_larger_than_every_window(echo: tuple[int, Echo], leaf: KeyPair) -> None:
    call = Call()
    stream = await call.open(echo[0], leaf)
    bodies = [bytes([number]) * (6 << 20) for number in range(4)]
    stream.send(bodies)
    stream.finish()
    await asyncio.wait_for(call.end, 60)
    assert call.messages == bodies


async def test_a_status_is_told(echo: tuple[int, Echo], leaf: KeyPair) -> None:
    call = Call()
    (await call.open(echo[0], leaf)).send([b"deny"])
    refused = await call.ended()
    assert (type(refused), str(refused)) == (AccessDenied, "no: ünlisted")


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def scripted(script: Script, leaf: KeyPair, scratch: Path, protocols: list[str]) -> asyncio.Server:
    """A TLS server that does what the script says."""
    (scratch / "tls.pem").write_bytes(leaf.certificate + leaf.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(scratch / "tls.pem")
    if protocols:
        context.set_alpn_protocols(protocols)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        finally:
            writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)


def port_of(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not readable"),
        (frames.frame(Kind.PUSH_PROMISE, 0, 1, b"1234"), "not asked for"),
        (frames.frame(Kind.HEADERS, frames.END_HEADERS, 1, b"\xff\xff\xff\xff\xff"), "not readable"),
        (frames.frame(Kind.RST_STREAM, 0, 1, b"\0\0\0\2"), "HTTP/2 error 2"),
        (frames.frame(Kind.GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\x0b"), "going away (HTTP/2 error 11)"),
        (frames.frame(Kind.DATA, 0, 1, b"\1\0\0\0\0"), "compressed"),
        (b"", "connection was lost"),
    ],
)
async def test_a_server_that_misbehaves_ends_the_stream(answer: bytes, why: str, leaf: KeyPair, tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(frames.PREFACE))
        writer.write(answer)
        await writer.drain()

    async with await scripted(script, leaf, tmp_path, ["h2"]) as server:
        call = Call()
        await call.open(port_of(server), leaf)
        assert why in str(await call.ended())


async def test_nothing_is_sent_beyond_the_servers_windows(leaf: KeyPair, tmp_path: Path) -> None:
    """A server that grants 10 bytes a stream gets 10, then the rest as it grants more; pings are answered."""
    received: list[bytes] = []
    pongs: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(frames.PREFACE))
        writer.write(frames.settings({frames.INITIAL_WINDOW_SIZE: 10}) + frames.frame(Kind.PING, 0, 0, b"12345678"))
        parser = frames.FrameReader(1 << 20)
        while data := await reader.read(65536):
            for item in parser.feed(data):
                if item.kind == Kind.PING:
                    pongs.append(item.payload)
                    writer.write(frames.window_update(1, 0))
                elif item.kind == Kind.DATA:
                    received.append(item.payload)
                    if len(item.payload) <= 10 and item.payload:
                        writer.write(frames.window_update(1, len(item.payload)))
                    if item.flags & frames.END_STREAM:
                        return

    async with await scripted(script, leaf, tmp_path, ["h2"]) as server:
        call = Call()
        stream = await call.open(port_of(server), leaf)
        while stream.send_window != 10:
            await asyncio.sleep(0.01)
        stream.send([b"y" * 45])
        stream.finish()
        await asyncio.wait_for(call.end, 10)
    assert b"".join(received) == frames.message(b"y" * 45)
    assert [len(part) for part in received] == [10, 10, 10, 10, 10, 0]
    assert pongs == [b"12345678"]


async def test_a_server_without_http_2(leaf: KeyPair, tmp_path: Path) -> None:
    async def script(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        return

    async with await scripted(script, leaf, tmp_path, []) as server:
        with pytest.raises(ServerUnavailable, match="does not speak HTTP/2"):
            await Call().open(port_of(server), leaf)
