"""Frames and messages out of any cut of the bytes, and what a peer must not send."""

from __future__ import annotations

import pytest

from backend.kopia import frames
from backend.kopia.frames import Frame, FrameError, FrameReader, Kind, MessageReader

THREE = [
    Frame(Kind.SETTINGS, 0, 0, b"\0\4\0\1\0\0"),
    Frame(Kind.DATA, frames.END_STREAM, 1, b"body"),
    Frame(0x42, 7, 3, b""),
]


def on_the_wire(item: Frame) -> bytes:
    return (
        frames.frame(Kind.DATA, item.flags, item.stream, item.payload)[:3]
        + bytes([item.kind])
        + frames.frame(Kind.DATA, item.flags, item.stream, item.payload)[4:]
    )


@pytest.mark.parametrize("step", [1, 2, 9, 10, 1000])
def test_frames_from_pieces(step: int) -> None:
    stream = b"".join(on_the_wire(item) for item in THREE)
    reader = FrameReader(100)
    found = [item for at in range(0, len(stream), step) for item in reader.feed(stream[at : at + step])]
    assert found == THREE


def test_the_reserved_bit_of_a_stream_is_ignored() -> None:
    [found] = FrameReader(100).feed(frames.frame(Kind.PING, 0, 0x80000001, b"x"))
    assert found.stream == 1


def test_a_frame_larger_than_agreed() -> None:
    with pytest.raises(FrameError):
        list(FrameReader(3).feed(frames.frame(Kind.DATA, 0, 1, b"four")))


@pytest.mark.parametrize("step", [1, 4, 7, 1000])
def test_messages_from_pieces(step: int) -> None:
    bodies = [b"", b"one", b"x" * 300]
    stream = b"".join(frames.message(body) for body in bodies)
    reader = MessageReader(300)
    assert [body for at in range(0, len(stream), step) for body in reader.feed(stream[at : at + step])] == bodies


@pytest.mark.parametrize("data", [frames.message(b"x" * 301), b"\1\0\0\0\1x"])
def test_messages_that_are_too_large_or_compressed(data: bytes) -> None:
    with pytest.raises(FrameError):
        list(MessageReader(300).feed(data))


def test_padding_and_priority_are_taken_off() -> None:
    assert frames.unpadded(Frame(Kind.DATA, frames.PADDED, 1, b"\2body\0\0")) == b"body"
    assert frames.unpadded(Frame(Kind.HEADERS, frames.PRIORITY, 1, b"12345block")) == b"block"
    both = Frame(Kind.HEADERS, frames.PADDED | frames.PRIORITY, 1, b"\1" + b"12345block" + b"\0")
    assert frames.unpadded(both) == b"block"
    for content in (b"", b"\5abc"):
        with pytest.raises(FrameError):
            frames.unpadded(Frame(Kind.DATA, frames.PADDED, 1, content))


def test_settings() -> None:
    [found] = FrameReader(100).feed(frames.settings({4: 70_000, 5: 16_384}))
    assert frames.read_settings(found.payload) == {4: 70_000, 5: 16_384}
    with pytest.raises(FrameError):
        frames.read_settings(b"12345")
    with pytest.raises(FrameError):
        frames.read_number(b"123")
