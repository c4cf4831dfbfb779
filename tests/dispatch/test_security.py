"""Events go only where a target permits, only over trusted TLS, with credentials that nobody sees."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from backend.controller.certificates import mint_ca
from backend.events.connection import Client
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed
from tests.dispatch.receiver import Delivery, Receiver
from tests.dispatch.running import NAME, dispatching, process, settings_of, settled, status, subscription, target, write
from tests.events.helpers import until
from tests.servers.ports import free_ports
from tests.servers.redis import RedisServer
from tests.servers.tls import leaf_for

pytestmark = pytest.mark.servers
A = ServerKeys("backup", "a")
OLD, NEW = "old-token-4f1a", "new-token-97c2"


@pytest.fixture
def url(redis_server: RedisServer, single: Client) -> str:
    return redis_server.url


async def fails(url: str, reason: str, name: str = NAME) -> None:
    async def told() -> bool:
        return reason in (await status(url, name)).error

    await until(told, reason, timeout=30)


async def taken(receiver: Receiver, count: int) -> None:
    async def enough() -> bool:
        return len(receiver.taken) >= count

    await until(enough, f"{count} events", timeout=60)


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
async def test_an_address_that_no_target_names_is_never_connected_to(single: Client, url: str, host: str) -> None:
    async with Receiver() as receiver:
        await Feed(single, A).more(1)
        sink = f"http://{host}:{receiver.port}/events"
        settings = settings_of(subscription(sink), targets=[{"scheme": "http", "host": "*", "port": receiver.port}])
        async with dispatching(settings, url):
            await fails(url, "an address of the sink is not permitted")
        assert receiver.requests == []
        assert "/events" not in json.dumps(asdict(await status(url)))


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    made = tmp_path / "hosts"
    made.write_text("127.0.0.1 sink.example.com\n")
    return made


async def test_a_name_that_is_rebound_does_not_lead_elsewhere(
    single: Client, url: str, tmp_path: Path, hosts: Path
) -> None:
    """The dispatcher has a file of names of its own, which changes while it runs."""
    around = ["unshare", "--mount", "sh", "-ec", f'mount --bind {hosts} /etc/hosts; exec "$@"', "sh"]
    async with Receiver() as receiver, Receiver(host="127.0.0.2", port=receiver.port) as other:
        sink = f"http://sink.example.com:{receiver.port}/events"
        permitted = target(sink, networks=["127.0.0.1/32"])
        retry = {"firstWait": "1s", "longestWait": "1s"}
        config = write(tmp_path / "config.yaml", subscription(sink, retry=retry), targets=[permitted])
        feed = Feed(single, A)
        with process(config, url, free_ports(1)[0], tmp_path / "log", around=around):
            receiver.answer = lambda _one: (200, {"Connection": "close"})
            await feed.more(1)
            await taken(receiver, 1)
            hosts.write_text("127.0.0.2 sink.example.com\n")
            await feed.more(1)
            await fails(url, "an address of the sink is not permitted")
            hosts.write_text("127.0.0.1 sink.example.com\n")
            await taken(receiver, 2)
        assert other.requests == []


async def test_redirects_are_not_followed(single: Client, url: str) -> None:
    async with Receiver() as other, Receiver() as receiver:
        receiver.answer = lambda _one: (307, {"Location": other.url})
        await Feed(single, A).more(1)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await fails(url, "the sink answered 307: redirects are not followed")
        assert other.requests == []
        assert receiver.requests


async def test_a_proxy_of_the_environment_is_not_used(
    single: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Receiver() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        await Feed(single, A).more(1)
        async with dispatching(settings_of(subscription(receiver.url)), url):
            await taken(receiver, 1)


# --- TLS and credentials ---------------------------------------------------------------------------------------------


class Pki:
    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.crt"
        self.wrong = folder / "other.crt"
        authority = mint_ca("test sinks", datetime.now(UTC))
        self.ca.write_bytes(authority.certificate)
        self.wrong.write_bytes(mint_ca("others", datetime.now(UTC)).certificate)
        leaf = leaf_for(authority, ["127.0.0.1"])
        pair = folder / "leaf.pem"
        pair.write_bytes(leaf.certificate + leaf.key)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(pair)


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


class MountedSecret:
    """As the kubelet writes it: a link to a folder that is replaced as a whole."""

    def __init__(self, folder: Path, **content: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._count = 0
        self.write(**content)
        for key in content:
            (folder / key).symlink_to(f"..data/{key}")

    def write(self, **content: str) -> None:
        self._count += 1
        real = self._folder / f"..{self._count}"
        real.mkdir()
        for key, value in content.items():
            (real / key).write_text(value)
        link = self._folder / "..new"
        link.symlink_to(real.name)
        link.rename(self._folder / "..data")

    def __truediv__(self, key: str) -> str:
        return str(self._folder / key)


async def test_rotated_credentials_are_taken_up_and_told_nobody(
    single: Client, url: str, tmp_path: Path, pki: Pki
) -> None:
    secret = MountedSecret(tmp_path / "secret", token=OLD + "\n", key="key-1")
    valid = OLD

    def answer(one: Delivery) -> int:
        return 200 if one.headers.get("authorization") == f"Bearer {valid}" else 401

    async with Receiver(answer, tls=pki.context) as receiver:
        log = tmp_path / "log"
        config = write(tmp_path / "config.yaml", subscription(
            receiver.url, caFile=str(pki.ca), bearerTokenFile=secret / "token",
            headers=[{"name": "X-Api-Key", "valueFile": secret / "key"}],
        ))  # fmt: skip
        feed = Feed(single, A)
        with process(config, url, free_ports(1)[0], log):
            names = await feed.more(2)
            await taken(receiver, 2)
            valid = NEW
            secret.write(token=NEW, key="key-2")
            names += await feed.more(2)
            await taken(receiver, 4)
            found = await settled(url)
            assert (found.dead_letters, found.failures) == (0, 0)
            # replaced while a request with the old one is under way
            valid = OLD
            receiver.gate.clear()
            receiver.arrived.clear()
            names += await feed.more(1)
            await receiver.arrived.wait()
            secret.write(token=OLD, key="key-3")
            receiver.gate.set()
            await taken(receiver, 5)
            found = await settled(url)
        assert (found.dead_letters, found.error) == (0, "the credentials were replaced meanwhile")
        assert receiver.ids() == names
        assert [one.headers["x-api-key"] for one in receiver.taken] == ["key-1"] * 2 + ["key-2"] * 2 + ["key-3"]
        told = log.read_text() + json.dumps(asdict(found)) + config.read_text()
        assert not [one for one in (OLD, NEW, "key-1", "key-2") if one in told]


async def test_an_unreadable_credential_holds_events_back(single: Client, url: str, tmp_path: Path, pki: Pki) -> None:
    token = tmp_path / "token"
    async with Receiver(tls=pki.context) as receiver:
        await Feed(single, A).more(1)
        one = subscription(receiver.url, caFile=str(pki.ca), bearerTokenFile=str(token))
        async with dispatching(settings_of(one), url):
            await fails(url, f"{token} cannot be read: No such file or directory")
            token.write_text("two\nlines\n")
            await fails(url, f"{token} has to hold one line of printable ASCII")
            token.write_text("right\n")
            await taken(receiver, 1)
        assert receiver.requests[0].headers["authorization"] == "Bearer right"


async def test_only_the_given_ca_is_trusted(single: Client, url: str, tmp_path: Path, pki: Pki) -> None:
    async with Receiver(tls=pki.context) as receiver:
        await Feed(single, A).more(1)
        trusted = tmp_path / "trusted.crt"
        trusted.write_bytes(pki.wrong.read_bytes())
        async with dispatching(settings_of(subscription(receiver.url, caFile=str(trusted))), url):
            await fails(url, "the sink's certificate is not trusted")
            trusted.write_text("no certificate")
            await fails(url, f"{trusted} holds no CA certificate in PEM form")
            os.replace(pki.ca, trusted)  # rotated
            await taken(receiver, 1)
        async with dispatching(settings_of(subscription(receiver.url, name="public", caFile=None)), url):
            await fails(url, "the sink's certificate is not trusted", "public")


# --- the handshake of web hooks --------------------------------------------------------------------------------------


async def test_a_sink_may_be_asked_for_permission(single: Client, url: str) -> None:
    permitted = ""
    origins: list[str] = []

    def permit(request: web.Request) -> web.Response:
        origins.append(request.headers["WebHook-Request-Origin"])
        return web.Response(headers={"WebHook-Allowed-Origin": permitted} if permitted else {})

    async with Receiver(permit=permit) as receiver:
        await Feed(single, A).more(2)
        one = subscription(receiver.url, validate=True, origin="bsls.example.com")
        async with dispatching(settings_of(one), url):

            async def refused() -> bool:
                return (await status(url)).phase == "refused"

            await until(refused, "the refusal")
            permitted = "elsewhere.example.com"
            await fails(url, "the sink does not permit deliveries from the origin bsls.example.com")
            assert receiver.requests == []
            permitted = "bsls.example.com"
            await taken(receiver, 2)
            assert (await settled(url)).phase == "active"
        assert set(origins) == {"bsls.example.com"}


async def test_a_permitted_rate_is_kept(single: Client, url: str) -> None:
    def permit(_request: web.Request) -> web.Response:
        return web.Response(headers={"WebHook-Allowed-Origin": "*", "WebHook-Allowed-Rate": "600"})

    async with Receiver(permit=permit) as receiver:
        loop = asyncio.get_running_loop()
        times: list[float] = []
        receiver.answer = lambda _one: times.append(loop.time()) or 200  # type: ignore[func-returns-value]
        for i in range(8):
            await Feed(single, ServerKeys("backup", f"s{i}")).more(1)
        async with dispatching(settings_of(subscription(receiver.url, validate=True)), url):
            await taken(receiver, 8)
        assert times[-1] - times[0] >= 0.6  # 7 gaps of 0.1 s
