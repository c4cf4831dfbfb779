"""Requests that never reach the application, because they cannot be read: answered as a problem like all others."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from backend.api.http.frame import CACHING, REQUEST_ID, SECURITY, new_id, problem_response
from backend.api.http.problem import BAD_REQUEST, Problem, kind_of_status

LINES: Final = {
    "max_line_size": 32 * 1024,  # bytes; what the longest parameters that are documented take
    "max_field_size": 20 * 1024,  # bytes; of one header: the longest token that is taken, and its name
}


def refusal(status: int, error: BaseException | None) -> web.Response:
    """The connection ends with it: nobody knows where the next request begins."""
    identity = new_id()
    response = problem_response(_problem(status, error), identity)
    response.headers.update({**SECURITY, "Cache-Control": CACHING, REQUEST_ID: identity})
    response.force_close()
    return response


def _problem(status: int, error: BaseException | None) -> Problem:
    if isinstance(error, LineTooLong):
        line, field = LINES.values()
        return Problem(BAD_REQUEST, f"Send a URL of at most {line} bytes, and headers of at most {field} bytes each.")
    if status == BAD_REQUEST.status:
        return Problem(BAD_REQUEST, "The request is not HTTP/1.1 as RFC 9112 has it: correct its syntax.")
    kind = kind_of_status(status)
    return Problem(kind, f"{kind.title}.")
