"""Places in a log: kept, found again, counted, whatever the lines are."""

from __future__ import annotations

import json
import random

import pytest

from backend.controller.log_place import (
    BEFORE,
    FAR_NS,
    After,
    LogCursor,
    Resume,
    advance,
    first_at,
    last_stamp,
    moment,
    remember,
    stamp,
    stamped,
)

START = LogCursor("uid-1", 0)


def at(nanoseconds: int, text: str = "x") -> bytes:
    return f"2026-11-23T09:00:{nanoseconds // 10**9:02d}.{nanoseconds % 10**9:09d}Z {text}\n".encode()


@pytest.mark.parametrize(
    "cursor",
    [START, LogCursor("uid-1", 3, "2026-11-23T09:00:00.000000001Z", 7, "0011223344556677", over=True)],
)
def test_a_cursor_is_kept(cursor: LogCursor) -> None:
    assert LogCursor.from_json(json.loads(json.dumps(cursor.to_json()))) == cursor


def test_a_cursor_of_an_older_version_has_no_end() -> None:
    assert LogCursor.from_json({"pod_uid": "u", "restarts": 1, "at": "", "nth": 0, "digest": ""}) == LogCursor("u", 1)


@pytest.mark.parametrize("raw", ["", [], 1, None, {"pod_uid": "u"}, {"pod_uid": "u", "restarts": "x"}])
def test_what_is_no_cursor_is_a_value_error(raw: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        LogCursor.from_json(raw)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01.000000002Z", 10**9 + 2),
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T01:00:01.5+01:00", 10**9 + 5 * 10**8),
        ("1970-01-01T00:00:01.0000000001Z", None),
        ("1970-13-01T00:00:01Z", None),
        ("1970-01-01T00:00:01", None),
        ("1970-01-01T00:00:01Z ", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_moments(text: str, nanoseconds: int | None) -> None:
    assert moment(text) == nanoseconds


def test_a_reading_begins_two_seconds_before_the_line() -> None:
    since = advance(START, at(30 * 10**9 + 999)).since
    assert since is not None
    assert f"{since:%H:%M:%S}" == "09:00:28"
    assert START.since is None


@pytest.mark.parametrize("line", [b"\n", b" \n", b"\xff\xfe\n", b"x" * 100_000 + b"\n", b"unable to read on\n"])
def test_a_line_without_a_timestamp_is_no_log(line: bytes) -> None:
    assert last_stamp(at(1) + line) == b""
    assert stamped(line + at(1) + line + at(2) + line) == at(1) + at(2)
    assert stamped(line) == b""
    assert last_stamp(line + at(1)) == b"2026-11-23T09:00:00.000000001Z"


def test_first_and_stamp() -> None:
    assert first_at(at(5) + at(6)) == "2026-11-23T09:00:00.000000005Z"
    assert stamp(b"") == b""
    assert stamp(b"no-space\n") == b"no-space"


@pytest.mark.parametrize("seed", range(30))
def test_wherever_a_log_is_left_and_cut_the_rest_is_found(seed: int) -> None:
    """Of lines that share timestamps and texts, and go back a little."""
    chance = random.Random(seed)
    lines = [at(chance.randrange(3) + number // 4, chance.choice("ab")) for number in range(60)]
    for taken in range(1, len(lines)):
        cursor, before = START, b""
        for line in lines[:taken]:
            cursor = advance(cursor, line, before)
            before = remember(before, line)
        assert cursor == advance(START, b"".join(lines[:taken]))
        resume, rest, left = Resume(cursor), b"", list(lines)
        while left:
            count = chance.randrange(1, 20)
            rest += resume.feed(b"".join(left[:count]))
            left = left[count:]
        assert resume.found
        assert not resume.missed
        assert rest == b"".join(lines[taken:])
        assert advance(cursor, rest, resume.before) == advance(START, b"".join(lines))


def test_a_number_that_shifted_is_told() -> None:
    cursor = advance(START, at(1, "a") + at(1, "b") + at(1, "c"))
    resume = Resume(cursor)
    assert resume.feed(at(1, "c") + at(2)) == b""
    assert (resume.found, resume.shifted, resume.missed) == (False, True, False)
    assert Resume(cursor, any_number=True).feed(at(1, "c") + at(2)) == at(2)


def test_a_line_that_is_gone_is_missed_when_much_later_ones_come() -> None:
    resume = Resume(advance(START, at(1)))
    assert resume.feed(at(FAR_NS + 1)) == b""
    assert not resume.missed
    assert resume.feed(at(FAR_NS + 2)) == b""
    assert (resume.missed, resume.shifted, resume.found) == (True, False, False)


def test_after_a_line_that_is_gone_the_first_later_one_is_new() -> None:
    after = After(advance(START, at(5)))
    assert after.feed(b"broken\n" + at(4) + at(5)) == b""
    assert after.feed(at(3) + b"\n" + at(6) + at(4)) == at(6) + at(4)
    assert after.feed(at(1)) == at(1)


def test_what_is_remembered_is_bounded_and_whole_lines() -> None:
    before = b""
    for number in range(5000):
        before = remember(before, at(number, "x" * 50))
        assert len(before) <= BEFORE
    assert before.endswith(at(4999, "x" * 50))
    assert before.startswith(b"2026-")
    assert remember(b"", at(1, "y" * 2 * BEFORE)) == b""
    assert remember(at(1), at(2)) == at(1) + at(2)
