"""The page's routes over HTTP: sessions, who may send what, what is passed on to Kubernetes, files."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from backend.api.access.access import Access
from backend.api.access.audit import Audit
from backend.api.access.gate import by_token, caller_of_request, gate
from backend.api.access.limits import Limits, Rates
from backend.api.http.files import FilesMissing
from backend.api.http.frame import application
from backend.api.http.problem import Problem
from backend.api.openapi.route import Route
from backend.api.ui.files import Files
from backend.api.ui.paths import KUBERNETES, PLUGIN_FILES, PROXY, SESSION
from backend.api.ui.seal import Seal
from backend.api.ui.session import COOKIE_LIMIT, LONGEST_S, Sessions
from backend.api.ui.ui import Ui
from backend.kube.client import KubeClient
from backend.kube.relay import Relay
from tests.unit.api.access.apiserver import ApiServer, Clock

TOKEN = "the-token"
PODS = f"{KUBERNETES}/api/v1/namespaces/a/pods"
Client = TestClient[web.Request, web.Application]


class Kube:
    """Stands for the apiserver: tells what reached it. What the real one says is in tests/console."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.lines = [b'{"type":"ADDED"}\n', b'{"type":"BOOKMARK"}\n']

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        self.seen.append(
            {"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "body": body}
        )
        if request.query.get("watch"):
            response = web.StreamResponse()
            await response.prepare(request)
            for line in self.lines:
                await response.write(line)
            return response
        headers = {"Set-Cookie": "x=y", "Location": "http://elsewhere", "Access-Control-Allow-Origin": "*"}
        return web.json_response({"kind": "PodList"}, headers=headers, status=201 if request.method == "POST" else 200)


class Place:
    def __init__(self, client: Client, kube: Kube, clock: Clock) -> None:
        self.client = client
        self.kube = kube
        self.wall = clock
        self.origin = str(client.make_url("/")).rstrip("/")

    async def log_in(self, token: str = TOKEN, **headers: str) -> Any:
        return await self.client.post(SESSION, json={"token": token}, headers={"Origin": self.origin, **headers})

    @property
    def csrf(self) -> dict[str, str]:
        cookies = self.client.session.cookie_jar.filter_cookies(URL(self.origin))
        return {"Origin": self.origin, "X-CSRFToken": cookies["csrf-token"].value}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name, content in {
        "host/index.html": "<!doctype html>page", "host/assets/main-ABCDEFGH.js": "main()" * 500,
        "plugin/plugin-manifest.json": "{}",
        "plugin/chunk.0123456789abcdef0123.js": "chunk()", "plugin/locales/en/x.json": "{}", "secret.txt": "secret",
    }.items():  # fmt: skip
        path = tmp_path / "ui" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "ui"


async def whoami(request: web.Request) -> web.StreamResponse:
    return web.json_response({"user": caller_of_request(request).username})


@pytest.fixture
async def place(built: Path) -> AsyncIterator[Place]:
    reviews, kube, wall = ApiServer(), Kube(), Clock()
    reviews.users = {TOKEN: {"username": "alice"}}
    apiserver = TestServer(_app(kube))
    await apiserver.start_server()
    configuration = SimpleNamespace(
        host=str(apiserver.make_url("/")).rstrip("/"), ssl_ca_cert=None, verify_ssl=True, tls_server_name=None,
        disable_strict_ssl_verification=False,
    )  # fmt: skip
    limits = Limits(Rates(per_second=1, burst=1000, streams=2))
    access = Access(cast("KubeClient", reviews), wall=wall)
    ui = Ui(access, limits, Relay(configuration), Sessions(Seal([b"s" * 32]), secure=False, wall=wall), Files(built))
    app = application(Audit())
    app.middlewares.append(gate(access, limits, ui.admit(by_token(["/healthz"]))))
    route = Route("GET", "/api/v1/who", whoami, "who", "", "")
    app.router.add_get(route.path, whoami)
    ui.add_to(app.router, [route])
    async with TestClient(TestServer(app)) as client:
        yield Place(client, kube, wall)
    await ui.close()
    await access.close()
    await apiserver.close()


def _app(kube: Kube) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", kube.answer)
    return app


async def test_a_session_begins_and_ends(place: Place) -> None:
    answer = await place.log_in()
    assert answer.status == 200
    assert await answer.json() == {"user": "alice", "expires": 1000.0 + LONGEST_S, "now": pytest.approx(0, abs=1e11)}
    session, csrf = (answer.cookies[name] for name in ("bsls-session", "csrf-token"))
    assert session["httponly"]
    assert not csrf["httponly"]
    for cookie in (session, csrf):
        assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Strict", "/", str(int(LONGEST_S)))
    assert TOKEN not in str(answer.headers)
    assert base64.b64encode(TOKEN.encode()).decode()[:8] not in session.value
    assert (await (await place.client.get(SESSION)).json())["user"] == "alice"
    found = await place.client.get(f"{PROXY}/api/v1/who")
    assert await found.json() == {"user": "alice"}
    assert (await place.client.delete(SESSION, headers=place.csrf)).status == 204
    assert (await (await place.client.get(SESSION)).json())["user"] is None
    assert (await place.client.get(f"{PROXY}/api/v1/who")).status == 401


async def test_a_session_does_not_outlive_its_limit(place: Place) -> None:
    await place.log_in()
    place.wall.now += LONGEST_S
    assert (await place.client.get(f"{PROXY}/api/v1/who")).status == 401
    answer = await place.client.get(SESSION)
    assert (await answer.json())["user"] is None
    assert answer.cookies["bsls-session"]["max-age"] == "0"


async def test_a_session_ends_with_its_token(place: Place) -> None:
    sessions = Sessions(Seal([b"s" * 32]), secure=True, wall=place.wall)
    response = web.Response()
    assert sessions.begin(response, "a", place.wall.now + 60).expires == place.wall.now + 60
    (header,) = [one.OutputString() for name, one in response.cookies.items() if name == "__Host-bsls-session"]
    assert "Secure" in header
    assert "Domain" not in header


async def test_who_may_not_log_in(place: Place) -> None:
    answer = await place.log_in("made-up")
    assert answer.status == 401
    assert "does not know this token" in (await answer.json())["detail"]
    assert not answer.cookies
    assert (await place.log_in(Origin="http://evil.example")).status == 403
    assert (await place.client.post(SESSION, json={"token": TOKEN})).status == 403
    assert (await place.client.post(SESSION, data=f"token={TOKEN}", headers={"Origin": place.origin})).status == 415
    assert (await place.log_in("")).status == 401


async def test_a_token_that_no_cookie_holds(place: Place) -> None:
    with pytest.raises(Problem, match="too long for a cookie"):
        Sessions(Seal([b"s" * 32]), secure=True).begin(web.Response(), secrets.token_hex(COOKIE_LIMIT), None)


async def test_tries_are_limited(place: Place) -> None:
    found = [(await place.log_in(f"t{number}")).status for number in range(25)]
    assert found[:20] == [401] * 20
    assert 429 in found


async def test_cookies_are_for_the_page_alone_and_tokens_for_the_api_alone(place: Place) -> None:
    await place.log_in()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert (await place.client.get("/api/v1/who")).status == 401
    assert (await place.client.get("/api/v1/who", headers=bearer)).status == 200
    assert (await place.client.get("/api/v1/nothing")).status == 401
    assert (await place.client.get("/api/elsewhere")).status == 401
    place.client.session.cookie_jar.clear()
    assert (await place.client.get(f"{PROXY}/api/v1/who", headers=bearer)).status == 401
    assert (await place.client.get(PODS, headers=bearer)).status == 401


@pytest.mark.parametrize("broken", ["X-CSRFToken", "Origin", "foreign", "forged"])
async def test_what_changes_something_comes_from_our_page(place: Place, broken: str) -> None:
    await place.log_in()
    headers = place.csrf
    if broken == "foreign":
        headers["Origin"] = "http://evil.example"
    elif broken == "forged":
        headers["X-CSRFToken"] = "x"
        place.client.session.cookie_jar.update_cookies({"csrf-token": "x"}, URL(place.origin))
    else:
        del headers[broken]
    for method, path in (("POST", PODS), ("PUT", f"{PODS}/p"), ("PATCH", f"{PODS}/p"), ("DELETE", f"{PODS}/p"),
                         ("DELETE", SESSION)):  # fmt: skip
        assert (await place.client.request(method, path, json={}, headers=headers)).status == 403
    assert place.kube.seen == []


async def test_kubernetes_gets_the_users_token_and_nothing_of_the_rest(place: Place) -> None:
    await place.log_in()
    sent = place.csrf | {"Via": "x", "X-Remote-User": "root", "Connection": "keep-alive, X-Remote-User",
                         "Authorization": "Bearer another", "Content-Type": "application/merge-patch+json"}  # fmt: skip
    answer = await place.client.patch(f"{PODS}/p?fieldManager=x", data='{"a":1}', headers=sent)
    assert answer.status == 200
    assert {"Set-Cookie", "Location", "Access-Control-Allow-Origin"}.isdisjoint(answer.headers)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    (seen,) = place.kube.seen
    assert (seen["method"], seen["path"], seen["body"]) == (
        "PATCH",
        "/api/v1/namespaces/a/pods/p?fieldManager=x",
        '{"a":1}',
    )
    assert seen["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert seen["headers"]["Content-Type"] == "application/merge-patch+json"
    assert set(seen["headers"]) <= {
        "Host",
        "Accept",
        "Accept-Encoding",
        "Authorization",
        "Content-Type",
        "Content-Length",
    }
    assert (await place.client.post(PODS, json={}, headers=place.csrf)).status == 201


async def test_nobody_acts_for_somebody_else(place: Place) -> None:
    await place.log_in()
    for name in ("Impersonate-User", "impersonate-group", "Impersonate-Extra-scopes"):
        for path in (PODS, f"{PROXY}/api/v1/who"):
            assert (await place.client.get(path, headers={name: "root"})).status == 400
    assert place.kube.seen == []


@pytest.mark.parametrize("path", ["/api/v1/%2e%2e/x", "/api/v1/namespaces/a/pods/p/exec", "/metrics"])
async def test_ways_past_the_objects_are_closed(place: Place, path: str) -> None:
    await place.log_in()
    answer = await place.client.session.get(URL(f"{place.origin}{KUBERNETES}{path}", encoded=True))
    assert answer.status in {400, 404}
    assert place.kube.seen == []


async def test_a_watch_as_a_web_socket(place: Place) -> None:
    await place.log_in()
    async with place.client.ws_connect(f"{PODS}?watch=true", headers={"Origin": place.origin}) as socket:
        found = [json.loads(message.data)["type"] async for message in socket if message.type is WSMsgType.TEXT]
    assert found == ["ADDED", "BOOKMARK"]
    assert "Accept-Encoding" not in place.kube.seen[0]["headers"]
    answer = await place.client.get(f"{PODS}?watch=true")
    assert await answer.read() == b"".join(place.kube.lines)
    foreign = await place.client.get(
        f"{PODS}?watch=true",
        headers={"Origin": "http://evil.example", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x" * 24},
    )  # fmt: skip
    assert foreign.status == 403


async def test_files(place: Place) -> None:
    page = await place.client.get("/bsls/servers/a/b")
    assert await page.text() == "<!doctype html>page"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["X-Frame-Options"] == "DENY"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for path, caching in (("/assets/main-ABCDEFGH.js", "immutable"),
                          (f"{PLUGIN_FILES}/plugin-manifest.json", "no-cache"),
                          (f"{PLUGIN_FILES}/chunk.0123456789abcdef0123.js", "immutable"),
                          (f"{PLUGIN_FILES}/locales/en/x.json", "no-cache")):  # fmt: skip
        answer = await place.client.get(path, headers={"Accept-Encoding": "identity"})
        assert answer.status == 200
        assert caching in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        again = await place.client.get(
            path, headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "identity"}
        )
        assert again.status == 304
    packed = await place.client.head("/assets/main-ABCDEFGH.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Type"].startswith("text/javascript")
    for path in ("/assets/none.js", f"{PLUGIN_FILES}/../host/index.html", f"{PLUGIN_FILES}/%2e%2e/%2e%2e/secret.txt",
                 f"{PLUGIN_FILES}/..%2f..%2fsecret.txt"):  # fmt: skip
        answer = await place.client.session.get(URL(place.origin + path, encoded=True))
        assert "secret" not in await answer.text()
        assert answer.status in {401, 404}, path


def test_a_directory_without_the_page(tmp_path: Path) -> None:
    with pytest.raises(FilesMissing, match="make console"):
        Files(tmp_path)
