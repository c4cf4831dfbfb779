"""`bsls events` on the real Redis: what it lists, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from backend.events.catalogue import session, snapshot
from backend.events.connection import Client
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.reader import StreamReader
from tests.events.command import Command, events, ids, publish, publish_named, real
from tests.events.conftest import AnyRedis
from tests.events.helpers import KEYS
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers

OTHER = ServerKeys("backup", "two")
FAR = ServerKeys("far", "one")
SERVER = "backup/one"


async def test_all_servers_and_one_of_them(client: Client, any_redis: AnyRedis) -> None:
    assert await ids(any_redis.url) == []
    await publish_named(client, ["a1", "a2"])
    await publish_named(client, ["b1"], OTHER)
    await publish_named(client, ["c1"], FAR)
    await publish_named(client, ["a3"])
    assert await ids(any_redis.url) == ["a1", "a2", "b1", "c1", "a3"]
    assert await ids(any_redis.url, "--server", SERVER) == ["a1", "a2", "a3"]
    assert await ids(any_redis.url, "--server", "one") == ["a1", "a2", "c1", "a3"]
    assert await ids(any_redis.url, "--server", "one", "-N", "far") == ["c1"]
    assert await ids(any_redis.url, "--server", "backup/one", "--server", "two") == ["a1", "a2", "b1", "a3"]
    assert await ids(any_redis.url, "-N", "backup", "-n", "2") == ["b1", "a3"]


async def test_types_tenants_and_severities(single: Client, redis_server: RedisServer) -> None:
    await publish(
        single, real("s1"), real("s2", user="bob@vm-2"), real("e1", session.SessionEnded),
        real("x1", snapshot.SnapshotFailed), real("w1", session.LoginRefused, user="bob@vm-2"),
    )  # fmt: skip
    url = redis_server.url
    assert await ids(url, "--type", "session.started") == ["s1", "s2"]
    assert await ids(url, "--type", "session.*", "--type", "io.openshift.oadp.bsls.snapshot.failed.v1") == [
        "s1", "s2", "e1", "x1",
    ]  # fmt: skip
    assert await ids(url, "--severity", "warning") == ["x1", "w1"]
    assert await ids(url, "--severity", "error", "--tenant", "alice@*") == ["x1"]
    assert await ids(url, "--tenant", "bob@vm-2") == ["s2", "w1"]


async def test_times_are_those_of_the_events(single: Client, redis_server: RedisServer) -> None:
    """An event that was stored late is old all the same; one from the future happened when it was stored."""
    await publish(single, real("late", ago_s=7200), real("new"), real("future", ago_s=-86400), real("day", ago_s=90000))
    url = redis_server.url
    for one in ([], ["--server", SERVER]):
        assert await ids(url, "--since", "1h", *one) == ["new", "future"]
        assert await ids(url, "--until", "1h", *one) == ["late", "day"]
        assert await ids(url, "--since", "3h", "--until", "1h", *one) == ["late"]
        assert await ids(url, "--since", "1d", "-n", "2", *one) == ["new", "future"]
        assert await ids(url, "--since", "2000-01-01T00:00:00+01:00", *one) == ["late", "new", "future", "day"]
        assert await ids(url, "--since", "0s", *one) == []


@pytest.mark.parametrize("one", [[], ["--server", SERVER]])
async def test_the_last_ones_and_going_on_after_a_position(
    one: list[str], single: Client, redis_server: RedisServer
) -> None:
    for part in range(30):
        await publish_named(single, [f"{part}-{i}" for i in range(7)])
    everything = [f"{part}-{i}" for part in range(30) for i in range(7)]
    url = redis_server.url
    for count in (0, 10, 209, 9999):
        assert await ids(url, "-n", str(count), *one) == everything[max(0, 210 - count) :]
    code, out, err = await events(url, "-n", "all", "-o", "json", "--show-position", *one)
    assert (code, len(out.splitlines())) == (0, 210)
    position = err.split("--after ")[1].rstrip(".\n")
    assert await ids(url, "--after", position, *one) == []
    await publish_named(single, ["more"])
    assert await ids(url, "--after", position, *one) == ["more"]
    assert await ids(url, "--after", position, "-n", "5", *one) == ["more"]
    assert await ids(url, "--after", position, "--since", "1h", *one) == ["more"]


async def test_what_was_trimmed_since_a_position_is_told(single: Client, redis_server: RedisServer) -> None:
    await publish_named(single, [f"e{i}" for i in range(5)])
    entries = await StreamReader(single).history(KEYS.stream)
    await single.ask(KEYS.stream, [b"XTRIM", KEYS.stream, b"MAXLEN", b"2"])
    code, out, err = await events(redis_server.url, "--server", SERVER, "-o", "json", "--after", entries[0].id)
    assert (code, len(out.splitlines())) == (0, 2)
    assert "the stream was trimmed or lost" in err
    assert f"({entries[0].id}) and before" in err
    assert f"({entries[3].id}) is not there any more" in err
    code, out, err = await events(redis_server.url, "--server", SERVER, "-o", "json", "--after", entries[3].id)
    assert (code, len(out.splitlines()), err) == (0, 1, "")


async def test_json_is_byte_by_byte_what_was_written(single: Client, redis_server: RedisServer) -> None:
    made = [real(f"e{i}", user=f"käse{i}@vm") for i in range(3)]
    await publish(single, *made)
    for one in ([], ["--server", SERVER]):
        _, out, _ = await events(redis_server.url, "-o", "json", *one)
        assert out.encode().splitlines() == made


async def test_clients_write_nothing_to_the_terminal(single: Client, redis_server: RedisServer) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\nforged line\r\u202e"
    await publish(single, real("e1", snapshot.SnapshotFailed, path=f"/{evil}", error=evil))
    code, out, _ = await events(redis_server.url)
    assert code == 0
    (line,) = out.splitlines()
    assert line.isprintable()
    assert r"/\x1b]0;owned\x07\x1b[2J\x9b31m\nforged line\r\u202e" in line
    assert "error" in line
    assert "snapshot.failed" in line
    _, out, _ = await events(redis_server.url, "-o", "json")
    (line,) = out.splitlines()
    assert line.isprintable()
    assert json.loads(line)["data"]["error"] == evil


async def test_colours_are_for_terminals(single: Client, redis_server: RedisServer) -> None:
    await publish(single, real("e1", snapshot.SnapshotFailed))
    for env, coloured in (({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({}, False)):
        command = Command(redis_server.url, env=env)
        if env:
            command.within_a_terminal()
        async with command:
            _, out, _ = await command.end()
        assert ("\x1b[31merror" in out) is coloured


async def test_what_is_no_event_is_left_out_and_told(single: Client, redis_server: RedisServer) -> None:
    await publish_named(single, ["e1"])
    await single.ask(KEYS.stream, [b"XADD", KEYS.stream, b"*", b"event", b"\xff no json"])
    await single.ask(KEYS.stream, [b"XADD", KEYS.stream, b"*", b"stranger", b"1"])
    code, out, err = await events(redis_server.url, "--server", SERVER, "-o", "json")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "is no event" in err
    await single.ask(FIREHOSE, [b"XADD", FIREHOSE, b"*", b"events", b"no json either"])
    code, out, err = await events(redis_server.url, "-o", "json")
    assert (code, len(out.splitlines())) == (0, 1)
    assert "is no event" in err


async def test_a_large_history_takes_little_memory(single: Client, redis_server: RedisServer) -> None:
    await publish_named(single, ["first"])
    small = await _memory(redis_server.url, 1)
    for part in range(40):
        await publish(single, *(real(f"{part}-{i}", snapshot.SnapshotFailed, error="x" * 900) for i in range(1000)))
    for one in ([], ["--server", SERVER], ["-n", "30000"]):
        assert await _memory(redis_server.url, 30_000, *one) - small < 50 << 20


async def _memory(url: str, least: int, *args: str) -> int:
    """The most that it took, in bytes; what the kernel tells of a child may be what we took when we began it."""
    code = "import re, sys; from backend.cli.main import main; main(sys.argv[1:]);" \
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"  # fmt: skip
    command = Command(url, "-o", "json", *args)
    command.run_code(code)
    async with command:
        _, out, err = await command.end()
    assert out.count("\n") >= least
    return int(err) << 10


# --- how it ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is no time"),
        (["--until", "10"], "--until: '10' is no time"),
        (["--since", "1m", "--until", "1h"], "--since is later than --until"),
        (["-f", "--until", "1h"], "--follow and --until"),
        (["-n", "-3"], "--tail: '-3'"),
        (["-n", "many"], "--tail: 'many' is no number"),
        (["--type", "snapshot.create"], "did you mean snapshot.created?"),
        (["--server", "a/b/c"], "'a/b/c' is no server"),
        (["-N", ""], "--namespace needs a name"),
        (["--after", "last"], "--after: 'last' is no position"),
        (["--redis-url", "http://x"], "the Redis URL has to begin with"),
        (["--redis-url", "redis://:hunter2@127.0.0.1/0"], "--redis-url holds a password"),
        (["--redis-password-file", "/nonexistent"], "/nonexistent: No such file"),
        (["--redis-ca-file", "/nonexistent"], "/nonexistent: No such file"),
    ],
)
async def test_wrong_arguments(args: list[str], sentence: str) -> None:
    code, out, err = await events("redis://127.0.0.1:1/0", *args)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
    assert "hunter2" not in err


async def test_without_a_url() -> None:
    code, _, err = await events("")
    assert code == 2
    assert "BSLS_REDIS_URL" in err
    code, _, err = await events("", "--severity", "fatal")
    assert code == 2
    assert "invalid choice" in err


async def test_the_help_has_examples() -> None:
    code, out, _ = await events("", "--help")
    assert code == 0
    assert "bsls events --since 24h --severity warning" in out


async def test_a_redis_that_is_not_there() -> None:
    code, out, err = await events(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
    assert (code, out) == (1, "")
    assert "cannot be reached" in err
    assert err.count("\n") == 1


async def test_passwords(tmp_path: Path) -> None:
    held = tmp_path / "password"
    with RedisServer("--requirepass", "hunter2") as server:
        for args, env, expected in (
            ([], {}, 1), ([], {"BSLS_REDIS_PASSWORD": "wrong"}, 1), (["-f"], {"BSLS_REDIS_PASSWORD": "wrong"}, 1),
            ([], {"BSLS_REDIS_PASSWORD": "hunter2"}, 0),
            ([], {"BSLS_REDIS_URL": server.url.replace("//", "//:hunter2@")}, 0),
            (["--redis-password-file", str(held)], {}, 0),
        ):  # fmt: skip
            held.write_text("hunter2\n")
            code, _, err = await events(server.url, *args, env=env)
            assert code == expected, err
            assert "hunter2" not in err
            assert not expected or "password" in err
        held.write_text("\n")
        assert (await events(server.url, "--redis-password-file", str(held)))[0] == 2


async def test_a_server_that_has_no_events_is_told(single: Client, redis_server: RedisServer) -> None:
    code, out, err = await events(redis_server.url, "--server", "backup/typo")
    assert (code, out) == (0, "")
    assert "there are no events of this server: Redis has no bsls:{backup/typo}:events" in err


async def test_ctrl_c_ends_it_quietly(single: Client, redis_server: RedisServer) -> None:
    await publish_named(single, ["e1"])
    (entry,) = await StreamReader(single).history(KEYS.stream)
    async with Command(redis_server.url, "-f", "-o", "json", "--show-position", "--server", SERVER) as command:
        assert await command.ids(1) == ["e1"]
        code, _, err = await command.end(signal.SIGINT)
    assert (code, err) == (130, f"bsls events: go on with --after {entry.id}.\n")
    async with Command(redis_server.url, "-f", "-o", "json") as command:
        assert await command.ids(1) == ["e1"]
        assert await command.end(signal.SIGINT) == (130, "", "")


async def test_ctrl_c_while_nobody_reads_what_we_print(single: Client, redis_server: RedisServer) -> None:
    await publish(single, *(real(f"e{i}", snapshot.SnapshotFailed, error="x" * 900) for i in range(2000)))
    reading, writing = os.pipe()
    async with Command(redis_server.url, "-f", "-n", "all", "-o", "json", stdout=writing) as command:
        os.close(writing)
        assert os.read(reading, 1) == b"{"
        code, _, err = await command.end(signal.SIGINT)
        os.close(reading)
    assert (code, err) == (130, "")


@pytest.mark.parametrize("args", [[], ["-f"], ["-f", "-n", "all"]])
async def test_a_closed_pipe_ends_it_quietly(args: list[str], single: Client, redis_server: RedisServer) -> None:
    """With -f also while no event comes."""
    await publish(single, *(real(f"e{i}", snapshot.SnapshotFailed, error="x" * 900) for i in range(2000)))
    reading, writing = os.pipe()
    async with Command(redis_server.url, "-o", "json", *args, stdout=writing) as command:
        os.close(writing)
        assert os.read(reading, 1) == b"{"
        os.close(reading)
        assert await command.end() == (-signal.SIGPIPE, "", "")


async def test_a_full_disk_is_told(single: Client, redis_server: RedisServer) -> None:
    await publish_named(single, ["e1"])
    full = os.open("/dev/full", os.O_WRONLY)
    async with Command(redis_server.url, stdout=full) as command:
        os.close(full)
        code, _, err = await command.end()
    assert (code, err) == (1, "bsls events: standard output: No space left on device.\n")
