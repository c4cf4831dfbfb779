"""Trimming leaves what a group has not acknowledged, until the hard limit."""

from __future__ import annotations

import pytest

from backend.events.connection import Client
from backend.events.keys import FIREHOSE
from backend.events.reader import StreamReader
from backend.events.store import EventStore
from backend.events.trim import trim
from tests.events.helpers import KEYS, commit

pytestmark = pytest.mark.servers

STREAM = KEYS.stream
NODE = 100  # entries that Redis removes together, at most


async def fill(client: Client, count: int) -> list[str]:
    """Their ids."""
    await EventStore(client).commit([commit([f"e{i}" for i in range(count)])])
    return [one.id for one in await StreamReader(client).history(STREAM, count=count)]


async def left(client: Client) -> list[str]:
    return [one.id for one in await StreamReader(client).history(STREAM, count=100_000)]


async def test_without_groups_the_newest_stay(client: Client) -> None:
    ids = await fill(client, 2000)
    done = await trim(client, STREAM, keep=500, hard_limit=10_000)
    assert (done.forced, done.first_id_lost, done.groups) == (False, "", [])
    stay = await left(client)
    assert 500 <= len(stay) <= 500 + NODE
    assert (done.entries, done.length) == (2000 - len(stay), len(stay))
    assert stay == ids[-len(stay) :]
    again = await trim(client, STREAM, keep=500, hard_limit=10_000)
    assert again.entries == 0


async def test_a_missing_or_short_stream_is_left_alone(client: Client) -> None:
    assert (await trim(client, STREAM, keep=5, hard_limit=10)).length == 0
    await fill(client, 5)
    assert (await trim(client, STREAM, keep=5, hard_limit=10)).entries == 0


async def test_unacknowledged_entries_stay(client: Client) -> None:
    reader = StreamReader(client)
    await fill(client, 3000)
    for group in ("fast", "slow", "pending"):
        await reader.create_group(STREAM, group)
    await reader.ack(STREAM, "fast", [one.id for one in await reader.read_group(STREAM, "fast", "c", count=3000)])
    slow = await reader.read_group(STREAM, "slow", "c", count=1500)
    await reader.ack(STREAM, "slow", [one.id for one in slow])
    pending = await reader.read_group(STREAM, "pending", "c", count=2000)
    held = pending[1000].id
    await reader.ack(STREAM, "pending", [one.id for one in pending if one.id != held])
    done = await trim(client, STREAM, keep=10, hard_limit=10_000)
    stay = await left(client)
    assert held in stay
    assert 2000 <= len(stay) <= 2000 + NODE
    assert not done.forced
    await reader.ack(STREAM, "pending", [held])
    await trim(client, STREAM, keep=10, hard_limit=10_000)
    assert 1500 <= len(await left(client)) <= 1500 + NODE  # `slow` was delivered, and acknowledged, the first 1500
    assert [one.id for one in await reader.read_group(STREAM, "slow", "c", count=1)] == [pending[1500].id]
    await reader.delete_group(STREAM, "slow")
    await trim(client, STREAM, keep=1200, hard_limit=10_000)
    assert 1200 <= len(await left(client)) <= 1200 + NODE  # acknowledged ones stay too, up to `keep`


async def test_a_group_that_never_read_keeps_everything(client: Client) -> None:
    await fill(client, 1000)
    await StreamReader(client).create_group(STREAM, "new", "0")
    assert (await trim(client, STREAM, keep=1, hard_limit=1000)).entries == 0


async def test_past_the_hard_limit_the_loss_is_told_exactly(client: Client) -> None:
    reader = StreamReader(client)
    ids = await fill(client, 3000)
    for group in ("done", "slow"):
        await reader.create_group(STREAM, group)
    for group, count in (("done", 3000), ("slow", 1000)):
        await reader.ack(STREAM, group, [one.id for one in await reader.read_group(STREAM, group, "c", count=count)])
    done = await trim(client, STREAM, keep=100, hard_limit=700)
    assert done.forced
    assert await left(client) == ids[-700:]
    assert (done.first_id_lost, done.last_id_lost, done.groups) == (ids[1000], ids[2299], ["slow"])
    assert (done.entries, done.length) == (2300, 700)


async def test_acknowledged_entries_are_no_loss(client: Client) -> None:
    reader = StreamReader(client)
    ids = await fill(client, 1050)
    await reader.create_group(STREAM, "g")
    await reader.ack(STREAM, "g", [one.id for one in await reader.read_group(STREAM, "g", "c", count=360)])
    done = await trim(client, STREAM, keep=100, hard_limit=690)
    assert not done.forced
    assert await left(client) == ids[360:]


async def test_the_hard_limit_leaves_what_is_to_be_kept(client: Client) -> None:
    reader = StreamReader(client)
    ids = await fill(client, 1050)
    await reader.create_group(STREAM, "g")
    await reader.ack(STREAM, "g", [one.id for one in await reader.read_group(STREAM, "g", "c", count=2000)])
    done = await trim(client, STREAM, keep=77, hard_limit=77)
    assert not done.forced
    assert await left(client) == ids[-77:]


async def test_what_the_firehose_needs_stays(client: Client) -> None:
    ids = await fill(client, 1000)
    await trim(client, STREAM, keep=10, hard_limit=1000, needed=ids[400].encode())
    assert ids[400] in await left(client)


async def test_the_firehose_is_trimmed_the_same_way(client: Client) -> None:
    command = [b"XADD", FIREHOSE, b"*", b"server", b"a/b", b"events", b"[{}]", b"sizes", b"2"]
    await client.ask(FIREHOSE, *([command] * 500))
    assert (await trim(client, FIREHOSE, keep=100, hard_limit=500)).length <= 100 + NODE


async def test_a_hard_limit_below_keep_is_refused(single: Client) -> None:
    with pytest.raises(ValueError, match="hard_limit"):
        await trim(single, STREAM, keep=10, hard_limit=5)
