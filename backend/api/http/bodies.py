"""A request's body as a model."""

from __future__ import annotations

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from backend.api.http.answers import JSON_TYPE
from backend.api.http.problem import BAD_REQUEST, INVALID_BODY, UNSUPPORTED_TYPE, Problem

M = TypeVar("M", bound=BaseModel)


async def read_model(request: web.Request, model: type[M]) -> M:
    """The JSON body. Problems name the fields that are wrong, never their values: those may be secret."""
    if request.content_type != JSON_TYPE:
        raise Problem(UNSUPPORTED_TYPE, f"Send the body as {JSON_TYPE}.")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise Problem(BAD_REQUEST, "The body is not JSON: correct its syntax.")
    errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in found]
    raise Problem(INVALID_BODY, "Correct the fields that are named in errors.", errors=errors)
