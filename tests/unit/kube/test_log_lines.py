"""Lines out of a stream of chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.kube import client


async def lines(*chunks: bytes) -> list[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [line async for line in client.split_lines(stream())]


async def test_lines_come_whole() -> None:
    assert await lines(b"one\ntw", b"o\n", b"", b"\nrest") == [b"one", b"two", b""]


async def test_a_line_that_is_too_long_is_left_out_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_LOG_LINE", 10)
    assert await lines(b"one\n", b"x" * 8, b"x" * 8, b"x" * 8, b"end\ntwo\n") == [b"one", b"two"]
