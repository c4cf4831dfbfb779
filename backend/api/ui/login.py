"""Log in with a token, log out, and who is logged in."""

from __future__ import annotations

import time

from aiohttp import web
from multidict import CIMultiDict
from pydantic import Field, SecretStr

from backend.api.access.access import Access
from backend.api.access.caller import MAX_TOKEN, Caller, unauthenticated
from backend.api.access.limits import Limits, Rates
from backend.api.http.bodies import read_model
from backend.api.http.problem import TOO_MANY_REQUESTS, UNAUTHENTICATED, Problem, retry_after
from backend.api.openapi.route import Model
from backend.api.ui.session import Sessions

TRIES = Rates(per_second=0.5, burst=20)  # from one address, which may be that of a proxy before us


class Credentials(Model):
    """What the page sends."""

    token: SecretStr = Field(max_length=MAX_TOKEN)


class Login:
    """The routes of `paths.SESSION`; they need no session themselves."""

    def __init__(self, access: Access, sessions: Sessions, limits: Limits | None = None) -> None:
        self._access = access
        self._sessions = sessions
        self._limits = limits or Limits(TRIES)

    async def log_in(self, request: web.Request) -> web.Response:
        self._sessions.require_own_page(request)
        seconds = self._limits.wait(request.remote or "")
        if seconds:
            raise Problem(TOO_MANY_REQUESTS, "Too many tries to log in: wait a little.", headers=retry_after(seconds))
        token = (await read_model(request, Credentials)).token.get_secret_value().strip()
        try:
            caller = await self._caller(token)
        except Problem as problem:
            if problem.kind is UNAUTHENTICATED:
                raise unauthenticated("The cluster does not know this token, or no longer: take a new one.") from None
            raise
        response = web.Response(content_type="application/json")
        session = self._sessions.begin(response, token, caller.expires)
        response.body = _told(caller.username, session.expires)
        return response

    async def who(self, request: web.Request) -> web.Response:
        """`user` is null when nobody is logged in: that is no error."""
        session = self._sessions.find(request)
        if session is not None:
            try:
                caller = await self._caller(session.token)
            except Problem as problem:
                if problem.kind is not UNAUTHENTICATED:
                    raise
            else:
                return web.Response(body=_told(caller.username, session.expires), content_type="application/json")
        response = web.Response(body=_told(None, None), content_type="application/json")
        if self._sessions.cookie in request.cookies:
            self._sessions.end(response)
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        if self._sessions.find(request) is not None:
            self._sessions.require(request)  # nobody is logged out by another page
        response = web.Response(status=204)
        self._sessions.end(response)
        return response

    async def _caller(self, token: str) -> Caller:
        return await self._access.authenticate(CIMultiDict({"Authorization": f"Bearer {token}"}))


class _Told(Model):
    user: str | None
    expires: float | None
    now: float


def _told(user: str | None, expires: float | None) -> bytes:
    return _Told(user=user, expires=expires, now=time.time()).model_dump_json().encode()
