"""HTTP/2 frames (RFC 9113), as far as one stream of one connection needs them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER = 9
DEFAULT_WINDOW = 65_535
DEFAULT_MAX_FRAME = 16_384

ACK = END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITY = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 4, 5


class Kind(IntEnum):
    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class FrameError(ValueError):
    """The peer does not keep to the protocol."""


@dataclass(slots=True)
class Frame:
    """`kind` is a number that Kind may not know: such frames are to be passed over."""

    kind: int
    flags: int
    stream: int
    payload: bytes


def frame(kind: Kind, flags: int, stream: int, payload: bytes = b"") -> bytes:
    size = len(payload)
    return struct.pack(">BHBBI", size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def settings(values: dict[int, int]) -> bytes:
    return frame(Kind.SETTINGS, 0, 0, b"".join(struct.pack(">HI", key, value) for key, value in values.items()))


def read_settings(payload: bytes) -> dict[int, int]:
    if len(payload) % 6:
        raise FrameError("a SETTINGS frame of odd length")
    return dict(struct.iter_unpack(">HI", payload))


def window_update(stream: int, size: int) -> bytes:
    return frame(Kind.WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def read_number(payload: bytes, offset: int = 0) -> int:
    """The 32 bits at an offset; an error code, or a window's growth (whose first bit is reserved)."""
    if len(payload) < offset + 4:
        raise FrameError("a frame is too short")
    return int.from_bytes(payload[offset : offset + 4], "big")


def unpadded(item: Frame) -> bytes:
    """The content of a DATA or HEADERS frame, without padding and priority."""
    content = item.payload
    if item.flags & PADDED:
        if not content or content[0] >= len(content):
            raise FrameError("a frame's padding is longer than the frame")
        content = content[1 : len(content) - content[0]]
    if item.kind == Kind.HEADERS and item.flags & PRIORITY:
        content = content[5:]
    return content


class FrameReader:
    """Bytes in, frames out."""

    def __init__(self, max_frame: int) -> None:
        self._max_frame = max_frame
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now."""
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        while end - start >= HEADER:
            high, low, kind, flags, stream = struct.unpack_from(">BHBBI", buffer, start)
            size = high << 16 | low
            if size > self._max_frame:
                raise FrameError("a frame is larger than agreed")
            if end - start < HEADER + size:
                break
            payload = bytes(buffer[start + HEADER : start + HEADER + size])
            start += HEADER + size
            yield Frame(kind, flags, stream & 0x7FFFFFFF, payload)
        del buffer[:start]


class MessageReader:
    """Bytes of a gRPC stream in, messages out: a flag of compression, four bytes of length, the message."""

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        buffer = self._buffer
        buffer += data
        start, end = 0, len(buffer)
        while end - start >= 5:
            compressed, size = struct.unpack_from(">BI", buffer, start)
            if compressed or size > self._max_message:
                raise FrameError("a message is compressed or larger than agreed")
            if end - start < 5 + size:
                break
            yield bytes(buffer[start + 5 : start + 5 + size])
            start += 5 + size
        del buffer[:start]


def message(body: bytes) -> bytes:
    return struct.pack(">BI", 0, len(body)) + body
