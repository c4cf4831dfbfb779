"""The session of a browser: the user's token, sealed, in a cookie that no script can read.

What changes something has to come from our own page: by its Origin, and by a header that only a page of this origin can
send, since only it can read the other cookie.
"""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from yarl import URL

from backend.api.access.caller import unauthenticated
from backend.api.http.problem import BAD_REQUEST, FORBIDDEN, Problem
from backend.api.ui.seal import Seal

LONGEST_S = 12 * 3600.0  # then a new log-in, however long the token is valid
COOKIE_LIMIT = 3800  # characters; browsers drop cookies of more than 4096 bytes, name and attributes included
CSRF_COOKIE, CSRF_HEADER = "csrf-token", "X-CSRFToken"  # as OpenShift's console
SAFE = frozenset({"GET", "HEAD"})
_PURPOSE = b"session 1"
_TIME = struct.Struct(">d")


@dataclass(frozen=True)
class Session:
    """`expires`: Unix seconds."""

    token: str = field(repr=False)
    expires: float


class Sessions:
    """`secure`: the page is served by TLS."""

    def __init__(self, seal: Seal, *, secure: bool, wall: Callable[[], float] = time.time) -> None:
        self._seal = seal
        self._secure = secure
        self._wall = wall
        self.cookie = "__Host-bsls-session" if secure else "bsls-session"

    def begin(self, response: web.Response, token: str, token_expires: float | None) -> Session:
        """Puts a new session into the answer's cookies. Raises a `Problem` (400) where the token is too long."""
        now = self._wall()
        session = Session(token, min(now + LONGEST_S, token_expires if token_expires is not None else now + LONGEST_S))
        sealed = self._seal.seal(_TIME.pack(session.expires) + zlib.compress(token.encode(), 9), _PURPOSE)
        if len(sealed) > COOKIE_LIMIT:
            raise Problem(BAD_REQUEST, "The token is too long for a cookie: use that of a ServiceAccount.")
        left = max(1, int(session.expires - now))
        self._set(response, self.cookie, sealed, left, httponly=True)
        self._set(response, CSRF_COOKIE, self._seal.sign(sealed), left, httponly=False)
        return session

    def end(self, response: web.Response) -> None:
        self._set(response, self.cookie, "", 0, httponly=True)
        self._set(response, CSRF_COOKIE, "", 0, httponly=False)

    def find(self, request: web.BaseRequest) -> Session | None:
        """The session of a request; None: there is none, or no longer."""
        content = self._seal.open(request.cookies.get(self.cookie, ""), _PURPOSE)
        if content is None:
            return None
        (expires,) = _TIME.unpack_from(content)
        if self._wall() >= expires:
            return None
        return Session(zlib.decompress(content[_TIME.size :]).decode(), expires)

    def require(self, request: web.BaseRequest) -> Session:
        """The session of a request that may do what it asks for. Raises a `Problem` (401, 403)."""
        session = self.find(request)
        if session is None:
            raise unauthenticated("Log in first.")
        if request.method not in SAFE:
            self.require_own_page(request)
            sealed = request.cookies[self.cookie]
            if not self._seal.signed(sealed, request.headers.get(CSRF_HEADER, "")):
                raise Problem(FORBIDDEN, f"Send the value of the cookie {CSRF_COOKIE} as header {CSRF_HEADER}.")
        return session

    def require_own_page(self, request: web.BaseRequest) -> None:
        """Raises a `Problem` (403) where the request does not come from a page of ours: a browser always says."""
        origin = request.headers.get("Origin", "")
        try:
            page, own = URL(origin), URL(f"{'https' if self._secure else 'http'}://{request.host}")
            same = (page.host, page.port) == (own.host, own.port) and page.host is not None
        except ValueError:
            same = False
        if not same or (self._secure and page.scheme != "https"):
            raise Problem(FORBIDDEN, "Send this from the page of this server, in a browser.")

    def _set(self, response: web.Response, name: str, value: str, seconds: int, *, httponly: bool) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/", secure=self._secure, httponly=httponly, samesite="Strict"
        )
