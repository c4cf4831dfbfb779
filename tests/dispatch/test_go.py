"""Every type of the catalogue, pushed in both modes, is a valid event to the cloudevents SDK for Go."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from backend.events.catalogue import ALL
from backend.events.connection import Client
from backend.events.keys import ServerKeys
from tests.dispatch.feed import Feed, real_event
from tests.dispatch.go_receiver import go_receiver
from tests.dispatch.running import dispatching, settings_of, settled, subscription
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.servers
KEYS = ServerKeys("backup", "vms")


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_go_reads_every_type(
    single: Client, redis_server: RedisServer, receiver_binary: Path, tmp_path: Path, mode: str
) -> None:
    sent = [real_event(KEYS, f"e{i}", kind.name) for i, kind in enumerate(ALL.values())]
    odd = json.loads(sent[0]) | {"id": 'odd "50%"', "subject": "älice €@vm \U0001f600", "count": 7, "urgent": True}
    sent.append(json.dumps(odd, ensure_ascii=False).encode())
    await Feed(single, KEYS).write(sent)
    with go_receiver(receiver_binary, tmp_path / "log") as receiver:
        async with dispatching(settings_of(subscription(receiver.url, mode=mode)), redis_server.url):
            found = await settled(redis_server.url)
        taken = receiver.taken()
    assert not [one["error"] for one in taken if "error" in one]
    assert {one["mode"] for one in taken} == {mode}
    assert (found.delivered, found.failures) == (len(sent), 0)
    for text, read in zip(sent, (one["event"] for one in taken), strict=True):
        wanted = json.loads(text)
        assert datetime.fromisoformat(read.pop("time")) == datetime.fromisoformat(wanted.pop("time"))
        if mode == "binary":  # headers have no types; the SDK leaves their percent-encoding to the program
            wanted |= {name: json.dumps(wanted[name]) for name in ("count", "urgent") if name in wanted}
            read |= {name: unquote(read[name]) for name in ("id", "subject")}
        assert read == wanted
