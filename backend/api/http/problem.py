"""What can be wrong with a request, as RFC 9457 tells it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

CONTENT_TYPE = "application/problem+json"
_OURS = frozenset({"type", "title", "status", "detail", "requestId"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its name and title are stable, the detail is of the occurrence."""

    name: str
    status: int
    title: str

    @property
    def uri(self) -> str:
        return f"urn:bsls:problem:{self.name}"


BAD_REQUEST = Kind("bad-request", 400, "The request is malformed")
INVALID_QUERY = Kind("invalid-query", 400, "A query parameter is not valid")
INVALID_CURSOR = Kind("invalid-cursor", 400, "The cursor is not one of this list")
IMPERSONATION = Kind("impersonation", 400, "Impersonation is not supported")
UNAUTHENTICATED = Kind("unauthenticated", 401, "A valid bearer token is needed")
FORBIDDEN = Kind("forbidden", 403, "You may not do this")
NOT_FOUND = Kind("not-found", 404, "Not found, or not visible to you")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "The method is not supported here")
NOT_ACCEPTABLE = Kind("not-acceptable", 406, "There is no answer of an accepted type")
CONFLICT = Kind("conflict", 409, "Something else is there already")
NOT_READY = Kind("not-ready", 409, "It is not ready for this yet")
PRECONDITION_FAILED = Kind("precondition-failed", 412, "It has changed meanwhile")
BODY_TOO_LARGE = Kind("body-too-large", 413, "The body is too large")
UNSUPPORTED_TYPE = Kind("unsupported-type", 415, "The body is of an unsupported type")
INVALID_BODY = Kind("invalid-body", 422, "The body is not valid")
TOO_MANY_REQUESTS = Kind("too-many-requests", 429, "Too many requests")
TOO_MANY_STREAMS = Kind("too-many-streams", 429, "Too many open streams")
INTERNAL = Kind("internal", 500, "An internal error")
UNAVAILABLE = Kind("unavailable", 503, "Temporarily unavailable")
ACCESS_UNAVAILABLE = Kind("access-unavailable", 503, "Access cannot be decided at the moment")

KINDS: tuple[Kind, ...] = (
    BAD_REQUEST, INVALID_QUERY, INVALID_CURSOR, IMPERSONATION, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND,
    METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, CONFLICT, NOT_READY, PRECONDITION_FAILED, BODY_TOO_LARGE, UNSUPPORTED_TYPE,
    INVALID_BODY, TOO_MANY_REQUESTS, TOO_MANY_STREAMS, INTERNAL, UNAVAILABLE, ACCESS_UNAVAILABLE,
)  # fmt: skip
_BY_STATUS = {kind.status: kind for kind in reversed(KINDS)}  # the first of a status stands for it


class Problem(Exception):
    """Ends a request with a problem.

    `detail` is one sentence that says what to do; `extra` are further members of the answer, `headers` its headers.
    `hidden`: the answer is "not found" because the caller may not see it; only the audit log is told so.
    """

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, hidden: bool = False, **extra: Any
    ) -> None:
        if taken := _OURS & extra.keys():
            raise ValueError(f"{', '.join(sorted(taken))}: a member that every problem has already")
        super().__init__(f"{kind.name}: {detail}")
        self.kind = kind
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})
        self.hidden = hidden
        self.extra = extra

    def body(self, request_id: str = "") -> bytes:
        """JSON, as `application/problem+json`."""
        members = {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            **({"requestId": request_id} if request_id else {}),
            **self.extra,
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def retry_after(seconds: float) -> dict[str, str]:
    """The header `Retry-After`, in whole seconds and at least one."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def not_found(what: str, *, hidden: bool = False) -> Problem:
    """`what` names it: the answer is the same whether it does not exist or must not be seen."""
    return Problem(
        NOT_FOUND, f"There is no {what}, or you may not see it: check the name and your role.", hidden=hidden
    )


def unavailable(detail: str, *, after_s: float = 5) -> Problem:
    return Problem(UNAVAILABLE, detail, headers=retry_after(after_s))


def kind_of_status(status: int) -> Kind:
    """The kind that stands for an HTTP status of 400 and above."""
    known = _BY_STATUS.get(status)
    return known or Kind(f"http-{status}", status, HTTPStatus(status).phrase)
