"""Which coding a client gets."""

from __future__ import annotations

import gzip
import zlib

import pytest
from backports import zstd

from backend.api.http.encoding import CODINGS, IN_THREAD_FROM, choose, compress


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None), ("", None), ("gzip", "gzip"), ("GZIP", "gzip"), ("deflate", "deflate"), ("br", None),
        ("gzip, deflate, br, zstd", "zstd"), ("zstd", "zstd"), ("zstd;q=0.5, gzip", "gzip"),
        ("zstd;q=0, *", "gzip"), ("gzip;q=0.5, zstd;q=0.5", "zstd"), ("gzip;q=0", None),
        ("gzip;q=0.5, deflate", "deflate"),
        ("gzip; q=0, deflate; q=0.1", "deflate"), ("*", "gzip"), ("*;q=0", None), ("gzip;q=0,*", "deflate"),
        ("identity", None), ("gzip;q=x", None), (";;;,,=", None), ("x-gzip", None),
    ],
)  # fmt: skip
def test_the_choice(header: str | None, expected: str | None) -> None:
    assert choose(header) == expected


@pytest.mark.parametrize("size", [2000, IN_THREAD_FROM + 1])
async def test_what_is_compressed_comes_back(size: int) -> None:
    body = bytes(index % 251 for index in range(size))
    assert gzip.decompress(await compress(body, "gzip")) == body
    assert zlib.decompress(await compress(body, "deflate")) == body
    assert zstd.decompress(await compress(body, "zstd")) == body
    for coding in CODINGS:
        assert await compress(body, coding) == await compress(body, coding)  # a strong ETag stands for the same bytes
