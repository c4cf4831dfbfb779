"""Limits and cursors of lists."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest

from backend.api.http.pages import _sum, decode_cursor, encode_cursor, page_limit
from backend.api.http.problem import INVALID_CURSOR, INVALID_QUERY, Problem

SHAPE = (str, int, str)
POSITION = ("2026-11-02T08:00:00Z", 7, "k\u00e4fer/☃")


@pytest.mark.parametrize(("query", "expected"), [({}, 50), ({"limit": "1"}, 1), ({"limit": "500"}, 500)])
def test_a_limit_is_what_was_asked_for_or_50(query: dict[str, str], expected: int) -> None:
    assert page_limit(query) == expected


@pytest.mark.parametrize("text", ["", "0", "501", "-1", "1.5", "ten", "1e2", " 5", "٣", "9" * 5000, "0x10", "1_0"])
def test_any_other_limit_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as found:
        page_limit({"limit": text})
    assert found.value.kind is INVALID_QUERY
    assert found.value.extra == {"parameter": "limit"}


def test_a_cursor_comes_back() -> None:
    text = encode_cursor("snapshots of backup/vms", POSITION)
    assert decode_cursor("snapshots of backup/vms", text, SHAPE) == POSITION
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_is_of_one_purpose() -> None:
    with pytest.raises(Problem):
        decode_cursor("snapshots of backup/other", encode_cursor("snapshots of backup/vms", POSITION), SHAPE)


def test_every_changed_character_is_noticed() -> None:
    text = encode_cursor("p", POSITION)
    whole = len(text) - (1 if len(text) % 4 else 0)  # the last one may hold bits that mean nothing
    for index in range(whole):
        changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        with pytest.raises(Problem):
            decode_cursor("p", changed, SHAPE)


def forged(body: bytes) -> str:
    return urlsafe_b64encode(_sum("p", body) + body).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "text",
    [
        "", "☃", "A", "=", "nonsense", "%00", "x" * 5000,
        *(forged(body) for body in (b"", b"{", b"null", b"{}", b"[]", b'["a",1]', b'["a","b","c"]', b'["a",1,"c",2]')),
        *(forged(json.dumps(position).encode()) for position in (["a", True, "c"], ["a", 1.0, "c"], [["a"], 1, "c"])),
        forged(b"[" * 2900), forged(b'["a",' + b"9" * 2900 + b',"c"'), forged(b"\xff"),
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_a_problem(text: str) -> None:
    with pytest.raises(Problem) as found:
        decode_cursor("p", text, SHAPE)
    assert found.value.kind is INVALID_CURSOR
