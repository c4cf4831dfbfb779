"""Who is ours, across restarts."""

from __future__ import annotations

import gzip

import pytest

from backend.controller.ledger import read_ledger, write_ledger


def test_there_and_back_with_the_same_bytes() -> None:
    ledger = {"bob@vm-2": "b" * 32, "alice@vm-1": "a" * 32}
    assert read_ledger(write_ledger(ledger)) == ledger
    assert write_ledger(ledger) == write_ledger(dict(sorted(ledger.items())))
    assert read_ledger(write_ledger({})) == {}


@pytest.mark.parametrize("data", [None, b"", b"no gzip", gzip.compress(b"x y")[:-9], gzip.compress(b"\xff\xfe")])
def test_what_cannot_be_read_is_nobody(data: bytes | None) -> None:
    assert read_ledger(data) == {}
