"""The ACL users and figures of docs/consuming-events.md, on the real Redis; TLS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.controller.certificates import mint_ca
from backend.controller.journal import KEPT_AFTER_DELETION_S
from backend.controller.settings import Settings
from backend.events.connection import Client, connect
from backend.events.errors import StoreRefused
from backend.events.keys import FIREHOSE, MARKS, ServerKeys
from tests.events.command import events, publish_named
from tests.events.examples import Language, Program, Sink, go, python
from tests.events.helpers import until
from tests.pages import ROOT
from tests.servers.ports import free_ports
from tests.servers.redis import RedisCluster, RedisServer
from tests.servers.tls import leaf_for

PAGE = (ROOT / "docs/consuming-events.md").read_text()
USERS = dict(re.findall(r"^user (\S+) on #<SHA-256 of its password> (.*)$", PAGE, re.MULTILINE))
PASSWORD = "hunter2"
MINE = ServerKeys("backup", "vms")
OTHER = ServerKeys("backup", "other")
FORBIDDEN = (
    b"XADD STREAM * event {}", b"XTRIM STREAM MAXLEN 0", b"XDEL STREAM 1-1", b"XSETID STREAM 1-1", b"DEL STREAM",
    b"XGROUP DESTROY STREAM g", b"XGROUP SETID STREAM g 0", b"EXPIRE STREAM 1", b"RENAME STREAM x", b"KEYS *",
    b"SCAN 0", b"FLUSHALL", b"EVAL x 0", b"CONFIG GET *", b"ACL LIST", b"SUBSCRIBE x", b"MONITOR", b"SHUTDOWN",
)  # fmt: skip


def acl_file() -> str:
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    return "user default on nopass ~* &* +@all\n" + "".join(
        f"user {name} on #{digest} {rules}\n" for name, rules in USERS.items()
    )


def test_the_page_tells_the_limits_that_hold() -> None:
    limits = Settings(image="", controller_namespace="")
    for figure in (limits.stream_length, limits.stream_limit, limits.firehose_length, limits.firehose_limit):
        assert f"{figure:,}" in PAGE
    assert KEPT_AFTER_DELETION_S == 7 * 86400
    assert "removed a week later" in PAGE


@pytest.fixture(params=["python", "go"])
def language(request: pytest.FixtureRequest) -> Language:
    return python() if request.param == "python" else go(request.getfixturevalue("go_examples"))


@pytest.fixture
def sink(language: Language, tmp_path: Path) -> Sink:
    return language.sink(tmp_path)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[tuple[RedisServer, Client]]:
    """A Redis with the users of the page, events in it, and a client that may do everything."""
    file = tmp_path / "users.acl"
    file.write_text(acl_file())
    with RedisServer("--aclfile", str(file)) as server:
        client = connect(server.url)
        for keys, names in ((MINE, ["e1", "e2"]), (OTHER, ["e3"])):
            await publish_named(client, names, keys)
        yield server, client
        await client.close()


async def stored(sink: Sink, wanted: set[str]) -> None:
    async def done() -> bool:
        return set(sink.ids()) == wanted

    await until(done, f"{wanted} stored", 60)


@pytest.mark.servers
@pytest.mark.parametrize(
    ("user", "stream", "expected"),
    [("siem", FIREHOSE, {"e1", "e2", "e3"}), ("vms-siem", MINE.stream, {"e1", "e2"})],
)
async def test_groups(
    user: str, stream: bytes, expected: set[str], language: Language, sink: Sink, guarded: tuple[RedisServer, Client]
) -> None:
    url = guarded[0].url.replace("//", f"//{user}@")
    args = (url, stream.decode(), "g", "c", str(sink.path))
    async with Program(language, "consume", *args, env={"REDIS_PASSWORD": PASSWORD}) as program:
        await stored(sink, expected)
        assert not program.errors


@pytest.mark.servers
async def test_a_viewer(language: Language, tmp_path: Path, guarded: tuple[RedisServer, Client]) -> None:
    server, _ = guarded
    url = server.url.replace("//", "//viewer@")
    args = (url, FIREHOSE.decode(), str(tmp_path / "position"))
    async with Program(language, "resume", *args, env={"REDIS_PASSWORD": PASSWORD}) as program:

        async def read() -> bool:
            return program.told == ["e1", "e2", "e3"]

        await until(read, "all events", 60)
        assert not program.errors
    env = {"BSLS_REDIS_PASSWORD": PASSWORD, "BSLS_REDIS_USERNAME": "viewer"}
    for extra in ([], ["--server", "backup/vms"], ["-n", "3"], ["--since", "1h"]):
        code, out, err = await events(server.url, *extra, env=env)
        assert (code, err) == (0, "")
        assert len(out.splitlines()) == (2 if "--server" in extra else 3)


@pytest.mark.servers
async def test_they_may_do_nothing_else(guarded: tuple[RedisServer, Client]) -> None:
    server, _ = guarded
    assert USERS.keys() == {"siem", "vms-siem", "viewer"}
    for user in USERS:
        client = connect(server.url, username=user, password=PASSWORD)
        for stream in (FIREHOSE, MINE.stream, OTHER.stream):
            for command in FORBIDDEN:
                await refused(client, [stream if word == b"STREAM" else word for word in command.split()])
        for key in (MARKS, MINE.meta):
            await refused(client, [b"HGETALL", key])
        await client.close()


@pytest.mark.servers
async def test_they_read_no_other_stream(guarded: tuple[RedisServer, Client]) -> None:
    server, _ = guarded
    for user, own in (("siem", FIREHOSE), ("vms-siem", MINE.stream), ("viewer", None)):
        client = connect(server.url, username=user, password=PASSWORD)
        for stream in {FIREHOSE, MINE.stream, OTHER.stream} - {own}:
            await refused(client, [b"XGROUP", b"CREATE", stream, b"h", b"0"])
            await refused(client, [b"XREADGROUP", b"GROUP", b"g", b"c", b"STREAMS", stream, b">"])
            if own:
                await refused(client, [b"XREAD", b"STREAMS", stream, b"0"])
                await refused(client, [b"XRANGE", stream, b"-", b"+"])
        await client.close()


async def refused(client: Client, command: list[bytes]) -> None:
    with pytest.raises(StoreRefused, match="does not permit"):
        await client.ask(b"", command)


@pytest.mark.servers
async def test_a_viewer_of_a_cluster() -> None:
    with RedisCluster() as servers:
        client = connect(servers.url)
        await publish_named(client, ["e1"], MINE)
        await client.close()
        rules = [*USERS["viewer"].split(), *_cluster_rules()]
        for node in servers.nodes:
            node.cli("ACL", "SETUSER", "viewer", "reset", "on", f">{PASSWORD}", *rules)
        env = {"BSLS_REDIS_PASSWORD": PASSWORD, "BSLS_REDIS_USERNAME": "viewer"}
        for extra in ([], ["--server", "backup/vms"]):
            code, out, err = await events(servers.url, *extra, env=env)
            assert (code, err, len(out.splitlines())) == (0, "", 1)


def _cluster_rules() -> list[str]:
    (line,) = [line for line in PAGE.splitlines() if "In a Redis Cluster each also needs" in line]
    return re.findall(r"`(\+[^`]+)`", line)


@pytest.mark.servers
async def test_over_tls(language: Language, sink: Sink, tmp_path: Path) -> None:
    pair = leaf_for(mint_ca("Redis", datetime.now(UTC)), ["127.0.0.1"])
    paths = {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    for path, content in zip(paths.values(), (pair.certificate, pair.key, pair.ca), strict=True):
        path.write_bytes(content or b"")
    plain, port = free_ports(2)
    options = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-cert-file", str(paths["cert"]),
               "--tls-key-file", str(paths["key"]))  # fmt: skip
    with RedisServer(*options, port=plain) as server:
        client = connect(server.url)
        await publish_named(client, ["e1"], MINE)
        await client.close()
        url, ca = f"rediss://127.0.0.1:{port}/0", str(paths["ca"])
        args = (url, FIREHOSE.decode(), "g", "c", str(sink.path))
        async with Program(language, "consume", *args, env={"REDIS_CA_FILE": ca}):
            await stored(sink, {"e1"})
        async with Program(language, "consume", *args) as stranger:  # who does not know the CA
            await stranger.tells("certificate")
        code, out, _ = await events(url, "--redis-ca-file", ca)
        assert (code, len(out.splitlines())) == (0, 1)
        assert (await events(url))[0] == 1
