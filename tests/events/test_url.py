"""URLs, keys and the wire format: no server needed."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from backend.events.batch import BATCH_BYTES, batches, unbatch
from backend.events.keys import FIREHOSE, MARKS, SERVERS, ServerKeys
from backend.events.resp import order, pack
from backend.events.url import Target, parse


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("redis://host", Target("single", hosts=(("host", 6379),))),
        ("redis://:secret@host:1/2", Target("single", hosts=(("host", 1),), db=2, password="secret")),
        ("rediss://me:p%40ss@[::1]:1", Target("single", True, (("::1", 1),), username="me", password="p@ss")),
        ("unix:///run/redis.sock?db=3", Target("unix", path="/run/redis.sock", db=3)),
        (
            "redis+sentinel://u:p@a:1,b/events/4",
            Target("sentinel", hosts=(("a", 1), ("b", 26379)), service="events", db=4, username="u", password="p"),
        ),
        ("rediss+cluster://a,b:2", Target("cluster", True, (("a", 6379), ("b", 2)))),
    ],
)
def test_urls(url: str, target: Target) -> None:
    assert parse(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://:secret@host", "host", "redis://:secret@", "redis://:secret@host:x", "redis://:secret@host/x",
        "redis://:secret@a,b", "redis+sentinel://:secret@a", "redis+cluster://:secret@a/1",
    ],
)  # fmt: skip
def test_a_wrong_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"Redis|host|Sentinel") as failure:
        parse(url)
    assert "secret" not in str(failure.value)


def test_a_target_does_not_show_its_password() -> None:
    assert "secret" not in repr(parse("redis://:secret@host"))


def test_keys_of_a_server_share_a_slot_and_so_do_those_of_the_firehose() -> None:
    keys = ServerKeys("backup", "one")
    assert keys.stream == b"bsls:{backup/one}:events"
    assert len({key_slot(key) for key in keys.all}) == 1
    assert len({key_slot(key) for key in (FIREHOSE, MARKS, SERVERS)}) == 1


def test_packing() -> None:
    assert pack([b"SET", b"k", b""]) == b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"
    assert pack([b"x" * 10_000]) == b"*1\r\n$10000\r\n" + b"x" * 10_000 + b"\r\n"


def test_ids_compare_as_numbers() -> None:
    assert order(b"9-9") < order("10-0") < order("10-1") < order(b"10-11")


def test_batches_are_bounded_and_read_back() -> None:
    events = [b'{"a":"%b"}' % (b"x" * size) for size in (10, BATCH_BYTES, 5, BATCH_BYTES // 2, BATCH_BYTES // 2, 1)]
    made = [unbatch(one.events, one.sizes) for one in batches(events)]
    assert [len(one) for one in made] == [1, 1, 2, 2]
    assert [event for part in made for event in part] == events
    assert list(batches([])) == []
    assert unbatch(b'[{"a":1},{"b":"\xc3\xa4"}]', b"7 10") == [b'{"a":1}', b'{"b":"\xc3\xa4"}']
    assert unbatch(b'[{"a": 1}, {"b": "\xc3\xa4"}]', b"") == [b'{"a":1}', b'{"b":"\xc3\xa4"}']
    assert [unbatch(b"no json", b""), unbatch(b"5", b""), unbatch(b"[]", b"x")] == [[b"no json"], [b"5"], [b"[]"]]
