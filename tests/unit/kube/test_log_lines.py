"""Lines out of a stream of chunks."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable

import pytest

from backend.kube import client

MARK = client.SHORTENED


async def taken(chunks: Iterable[bytes]) -> list[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [lines async for lines in client.whole_lines(stream())]


async def test_lines_come_whole() -> None:
    assert await taken([b"one\ntw", b"o\n", b"", b"\nrest"]) == [b"one\n", b"two\n", b"\n"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LONG_LOG_LINE", 10)
    monkeypatch.setattr(client, "SHORTENED_TO", 4)


@pytest.mark.usefixtures("short")
async def test_a_long_line_is_shortened_and_the_next_is_whole() -> None:
    assert await taken([b"one\n", b"x" * 8, b"x" * 8, b"x" * 8, b"end\ntwo\n"]) == [
        b"one\n", b"xxxx" + MARK + b"\ntwo\n",
    ]  # fmt: skip
    assert await taken([b"0123456789\n0123456789a\nb\n"]) == [b"0123456789\n0123" + MARK + b"\nb\n"]


@pytest.mark.usefixtures("short")
async def test_however_a_log_is_cut_into_chunks_it_gives_the_same_lines() -> None:
    rng = random.Random(5)
    text = b"".join(b"%c" % rng.choice(b"abc") * rng.choice((0, 1, 9, 10, 11, 40)) + b"\n" for _ in range(400))
    wanted = b"".join(
        (line if len(line) <= 10 else line[:4] + MARK) + b"\n" for line in text.split(b"\n")[:-1]
    )  # fmt: skip
    for _ in range(50):
        cuts = sorted(rng.randrange(len(text)) for _ in range(rng.randrange(60)))
        chunks = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        assert b"".join(await taken(chunks)) == wanted
