"""Who calls: the user that the apiserver finds behind a bearer token."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from multidict import MultiMapping

from backend.api.http.problem import IMPERSONATION, UNAUTHENTICATED, Problem

MAX_TOKEN = 16 * 1024  # characters
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750


@dataclass(frozen=True)
class Caller:
    """One user by one token. `key` stands for all that an access review is told: equal keys, equal rights.

    `expires`: when the token does (Unix seconds), where it tells.
    """

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    expires: float | None = None
    token: str = field(default="", repr=False, compare=False)
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        told = json.dumps([self.username, self.uid, self.groups, self.extra])
        object.__setattr__(self, "key", sha256(told.encode()).hexdigest())

    def subject(self) -> dict[str, Any]:
        """As a SubjectAccessReview names them."""
        return {
            "user": self.username,
            "uid": self.uid,
            "groups": list(self.groups),
            "extra": {name: list(values) for name, values in self.extra},
        }


def bearer_token(headers: MultiMapping[str]) -> str:
    """The token of a request's headers, one of the form that tokens have. Raises a `Problem` for anything else."""
    for name in headers:
        if name[:12].lower() == "impersonate-":
            raise Problem(IMPERSONATION, "Leave out the Impersonate headers: send the token of the user themselves.")
    values = headers.getall("Authorization", [])
    if not values:
        raise unauthenticated("Send the header Authorization: Bearer <token>; `oc whoami --show-token` prints yours.")
    scheme, _, token = values[0].partition(" ")
    token = token.strip(" ")
    if len(values) > 1 or scheme.lower() != "bearer" or len(token) > MAX_TOKEN or not _TOKEN.fullmatch(token):
        raise unauthenticated("Send exactly one header Authorization, of the form Bearer <token>.")
    return token


def unauthenticated(detail: str, *, error: str = "") -> Problem:
    """`error` as RFC 6750 names it: only where a token was sent."""
    challenge = 'Bearer realm="bsls"' + (f', error="{error}"' if error else "")
    return Problem(UNAUTHENTICATED, detail, headers={"WWW-Authenticate": challenge})


def caller_of(user: Mapping[str, Any], token: str) -> Caller:
    """The caller of a TokenReview's user."""
    extra = user.get("extra") or {}
    return Caller(
        username=user["username"],
        uid=user.get("uid") or "",
        groups=tuple(user.get("groups") or ()),
        extra=tuple(sorted((name, tuple(values or ())) for name, values in extra.items())),
        expires=expiry_of(token),
        token=token,
    )


def expiry_of(token: str) -> float | None:
    """When a JWT says that it expires (Unix seconds); None: it is none, or does not. The apiserver checked the rest."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        expires = claims.get("exp") if isinstance(claims, dict) else None
        return float(expires) if isinstance(expires, (int, float)) and not isinstance(expires, bool) else None
    except (ValueError, RecursionError, OverflowError):
        return None
