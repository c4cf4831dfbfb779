"""What every answer has, over a real connection."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel

from backend.api.http.answers import answer, etag_of
from backend.api.http.bodies import read_model
from backend.api.http.frame import BODY_LIMIT, CLIENT_LEFT, application
from backend.api.http.problem import CONFLICT, Problem, unavailable
from backend.api.http.server_log import server_logger

PAGE = json.dumps([{"name": f"snapshot-{number}", "size": number} for number in range(200)]).encode()


class Seen:
    def __init__(self) -> None:
        self.streamed: list[int] = []
        self.all: list[tuple[str, int, str]] = []
        self.more = asyncio.Event()

    def streams(self, request: web.Request, status: int) -> None:
        self.streamed.append(status)

    def ended(self, request: web.Request, status: int, problem: Problem | None, seconds: float) -> None:
        assert seconds >= 0
        self.all.append((request.path, status, problem.kind.name if problem else ""))
        self.more.set()


class Wish(BaseModel):
    name: str
    tags: list[int]


async def conflict(_request: web.Request) -> web.Response:
    raise Problem(CONFLICT, "Choose another name.", owner="bob")


async def away(_request: web.Request) -> web.Response:
    raise unavailable("Redis does not answer: try again soon.")


async def broken(_request: web.Request) -> web.Response:
    raise RuntimeError("secret internals")


async def moved(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/page")


async def page(request: web.Request) -> web.Response:
    return await answer(request, PAGE)


async def small(request: web.Request) -> web.Response:
    return await answer(request, b"{}", etag='"v7"', headers={"Cache-Control": "public, max-age=60"})


async def take(request: web.Request) -> web.Response:
    wish = await read_model(request, Wish)
    return web.json_response(wish.model_dump())


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    if request.query:
        raise RuntimeError("halfway")
    await response.write_eof()
    return response


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def client(seen: Seen) -> AsyncIterator[TestClient]:
    app = application(seen)
    app.router.add_get("/conflict", conflict)
    app.router.add_get("/away", away)
    app.router.add_get("/broken", broken)
    app.router.add_get("/moved", moved)
    app.router.add_get("/page", page)
    app.router.add_get("/small", small)
    app.router.add_get("/stream", stream)
    app.router.add_post("/take", take)
    async with TestClient(TestServer(app), auto_decompress=False) as found:
        yield found


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/conflict", 409, "conflict"),
        ("GET", "/away", 503, "unavailable"),
        ("GET", "/broken", 500, "internal"),
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/page", 405, "method-not-allowed"),
        ("OPTIONS", "/page", 405, "method-not-allowed"),
    ],
)
async def test_every_failure_is_a_problem(
    client: TestClient, seen: Seen, method: str, path: str, status: int, name: str
) -> None:
    async with client.request(method, path, headers={"X-Request-Id": "abc-1", "Origin": "https://evil"}) as response:
        text = await response.text()
        assert (response.status, response.content_type) == (status, "application/problem+json")
        body = json.loads(text)
        assert (body["type"], body["status"], body["requestId"]) == (f"urn:bsls:problem:{name}", status, "abc-1")
        assert response.headers["X-Request-Id"] == "abc-1"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Server"] == "bsls"
        assert not [header for header in response.headers if header.lower().startswith("access-control")]
        assert ("Allow" in response.headers) == (status == 405)
        assert ("Retry-After" in response.headers) == (status == 503)
    assert "secret" not in text
    assert "evil" not in text
    assert seen.all == [(path, status, name)]


async def test_a_redirection_is_none(client: TestClient, seen: Seen) -> None:
    async with client.get("/moved", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/page")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.all == [("/moved", 302, "")]


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, '"}', "é"])
async def test_an_insane_request_id_is_replaced(client: TestClient, offered: str) -> None:
    async with client.get("/small", headers={"X-Request-Id": offered}) as response:
        assert len(response.headers["X-Request-Id"]) == 16


async def test_an_unexpected_error_is_logged_with_its_id(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    async with client.get("/broken", headers={"X-Request-Id": "abc-2"}):
        pass
    assert [one.getMessage() for one in caplog.records] == ["request abc-2 failed"]
    assert "secret internals" in caplog.text


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_an_answer_is_compressed_and_conditional(client: TestClient, coding: str) -> None:
    async with client.get("/page", headers={"Accept-Encoding": coding}) as response:
        etag = response.headers["ETag"]
        assert (response.headers["Content-Encoding"], response.headers["Vary"]) == (coding, "Accept-Encoding")
        assert len(await response.read()) < len(PAGE) / 4
    assert etag == f'{etag_of(PAGE)[:-1]}-{coding}"'
    for known in (etag, f'"other", {etag}', f"W/{etag}", etag_of(PAGE), "*"):
        async with client.get("/page", headers={"If-None-Match": known, "Accept-Encoding": coding}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == etag_of(PAGE)
    for other in ('"other"', "nonsense", '"', ""):
        async with client.get("/page", headers={"If-None-Match": other, "Accept-Encoding": "identity"}) as response:
            assert (response.status, await response.read()) == (200, PAGE)


async def test_a_small_answer_is_sent_as_it_is(client: TestClient) -> None:
    async with client.get("/small", headers={"Accept-Encoding": "gzip"}) as response:
        assert await response.read() == b"{}"
        assert (response.headers["ETag"], response.headers["Cache-Control"]) == ('"v7"', "public, max-age=60")
        assert response.headers["Content-Type"] == "application/json"
    async with client.head("/page") as response:
        assert (response.status, await response.read()) == (200, b"")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "name"),
    [
        (b'{"name": "a", "tags": [1]}', "application/json", 200, ""),
        (b'{"name": "a", "tags": ["secret"]}', "application/json", 422, "invalid-body"),
        (b'["secret"]', "application/json", 422, "invalid-body"),
        (b"{secret", "application/json", 400, "bad-request"),
        (b"\xff", "application/json", 400, "bad-request"),
        (b"", "application/json", 400, "bad-request"),
        (b"[" * 5000, "application/json", 400, "bad-request"),
        (b"name=a", "application/x-www-form-urlencoded", 415, "unsupported-type"),
        (b" " * (BODY_LIMIT + 1), "application/json", 413, "body-too-large"),
    ],
)
async def test_a_body_is_checked(client: TestClient, body: bytes, content_type: str, status: int, name: str) -> None:
    async with client.post("/take", data=body, headers={"Content-Type": content_type}) as response:
        text = await response.text()
    assert response.status == status, text
    assert json.loads(text).get("type", "") == (f"urn:bsls:problem:{name}" if name else "")
    assert "secret" not in text


async def test_a_wrong_field_is_named(client: TestClient) -> None:
    async with client.post("/take", json={"tags": [1, "x"]}) as response:
        errors = (await response.json(content_type=None))["errors"]
    assert [one["field"] for one in errors] == ["name", "tags.1"]


async def test_a_stream_is_told_of_twice(client: TestClient, seen: Seen) -> None:
    async with client.get("/stream", headers={"X-Request-Id": "s"}) as response:
        assert await response.read() == b"begun"
        assert (response.headers["X-Request-Id"], response.headers["Cache-Control"]) == ("s", "no-store")
    await seen.more.wait()
    assert (seen.streamed, seen.all) == ([200], [("/stream", 200, "")])


async def test_a_stream_that_fails_does_not_look_as_if_it_had_ended(
    client: TestClient, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(aiohttp.ClientError):
        async with client.get("/stream?fail=1", headers={"X-Request-Id": "s2"}) as response:
            await response.read()
    await seen.more.wait()
    assert seen.all == [("/stream", 500, "internal")]
    assert [one.getMessage() for one in caplog.records if one.name.startswith("backend")] == ["request s2 failed"]


async def test_a_request_that_is_cancelled_is_told_of(seen: Seen) -> None:
    started, app = asyncio.Event(), application(seen)

    async def wait(_request: web.Request) -> web.Response:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    app.router.add_get("/wait", wait)
    server = TestServer(app, handler_cancellation=True)
    async with TestClient(server) as client:
        request = asyncio.ensure_future(client.get("/wait"))
        await started.wait()
        request.cancel()
        await seen.more.wait()
    assert seen.all == [("/wait", CLIENT_LEFT, "")]


async def test_a_malformed_request_leaves_no_token_in_the_log(seen: Seen, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    runner = web.AppRunner(application(seen), access_log=None, logger=server_logger())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer to\x00ken-of-alice\r\n\r\n")
        assert b" 400 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    finally:
        await runner.cleanup()
    assert "malformed" in caplog.text
    assert "ken-of-alice" not in caplog.text
