"""What the audit log tells, and what it cannot be made to tell."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from backend.api.access import audit
from backend.api.access.access import Access
from backend.api.access.gate import by_token, gate
from backend.api.access.limits import Limits
from backend.api.http.frame import application
from backend.api.http.problem import KINDS, NOT_FOUND, Problem
from backend.kube.client import KubeClient
from tests.unit.api.access.apiserver import ApiServer

HOSTILE = 'mallory","decision":"allowed"}\n{"user":"admin'


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    found = io.StringIO()
    audit.set_up(found)
    yield found
    logging.getLogger(audit.LOGGER).handlers.clear()


@pytest.fixture
async def client(lines: io.StringIO) -> AsyncIterator[TestClient]:
    api = ApiServer()
    api.users = {"a": {"username": "alice"}, "m": {"username": HOSTILE}}
    app = application(audit.Audit())
    app.middlewares.append(gate(Access(cast("KubeClient", api)), Limits(), by_token(())))
    app.router.add_get("/servers/{namespace}/{name}/events", stream)
    async with TestClient(TestServer(app)) as found:
        yield found


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write_eof(b"data: 1\n\n")
    return response


async def ask(client: TestClient, token: str, path: str) -> None:
    async with client.get(path, headers={"Authorization": f"Bearer {token}"}) as response:
        await response.read()


async def told(lines: io.StringIO, count: int) -> list[dict[str, object]]:
    """The log, once so many lines are there: the last is written after the answer was sent."""
    async with asyncio.timeout(10):
        while lines.getvalue().count("\n") < count:
            await asyncio.sleep(0)
    return [json.loads(line) for line in lines.getvalue().splitlines()]


async def test_a_stream_has_a_line_when_it_begins_and_one_when_it_ends(client: TestClient, lines: io.StringIO) -> None:
    await ask(client, "a", "/servers/backup/vms/events?token=hush")
    found = await told(lines, 2)
    assert [(one["event"], one["user"], one["status"], one["decision"]) for one in found] == [
        ("began", "alice", 200, "allowed"),
        ("ended", "alice", 200, "allowed"),
    ]
    assert ["milliseconds" in one for one in found] == [False, True]
    assert "hush" not in lines.getvalue()


async def test_no_name_forges_a_line(client: TestClient, lines: io.StringIO) -> None:
    await ask(client, "m", "/servers/x%22,%0A/%E2%80%A8%00/events")
    found = await told(lines, 2)
    assert [one["user"] for one in found] == [HOSTILE] * 2
    assert found[0]["namespace"] == 'x",\n'
    assert lines.getvalue().isascii()


def test_every_problem_has_a_decision() -> None:
    assert audit.decision_of(None) == audit.decision_of(Problem(NOT_FOUND, "")) == "allowed"
    assert audit.decision_of(Problem(NOT_FOUND, "", hidden=True)) == "denied"
    refusals = {kind.name: audit.decision_of(Problem(kind, "")) for kind in KINDS if kind.status in (401, 403, 429)}
    assert refusals == {
        "unauthenticated": "unauthenticated",
        "forbidden": "denied",
        "too-many-requests": "limited",
        "too-many-streams": "limited",
    }
