"""A request's body as a model."""

from __future__ import annotations

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from backend.api.http.answers import JSON_TYPE
from backend.api.http.problem import BAD_REQUEST, INVALID_BODY, UNSUPPORTED_TYPE, Problem

MERGE_PATCH = "application/merge-patch+json"
M = TypeVar("M", bound=BaseModel)


async def read_changes(request: web.Request) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396) of an object."""
    if request.content_type not in {JSON_TYPE, MERGE_PATCH}:
        raise Problem(UNSUPPORTED_TYPE, f"Send the body as {MERGE_PATCH} or {JSON_TYPE}.")
    try:
        found = from_json(await request.read())  # as strict as models: no lone surrogates, no endless depth
    except ValueError:
        raise Problem(BAD_REQUEST, "The body is not JSON: correct its syntax.") from None
    if not isinstance(found, dict):
        raise Problem(INVALID_BODY, "Send an object that holds the fields to change.")
    return found


def merge(held: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The object after the patch: null takes a field out."""
    merged = dict(held)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            inner = merged.get(name)
            merged[name] = merge(inner if isinstance(inner, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def as_model(model: type[M], content: Any) -> M:
    """Raises Problem, which names the fields that are wrong, never their values."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise _invalid(error) from None


async def read_model(request: web.Request, model: type[M]) -> M:
    """The JSON body. Problems name the fields that are wrong, never their values: those may be secret."""
    if request.content_type != JSON_TYPE:
        raise Problem(UNSUPPORTED_TYPE, f"Send the body as {JSON_TYPE}.")
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise _invalid(error) from None


def _invalid(error: ValidationError) -> Problem:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return Problem(BAD_REQUEST, "The body is not JSON: correct its syntax.")
    errors = [{"field": ".".join(map(str, one["loc"])), "message": _text(str(one["msg"]))} for one in found[:20]]
    return Problem(INVALID_BODY, "Correct the fields that are named in errors.", errors=errors)


def _text(message: str) -> str:
    return message.removeprefix("Value error, ")
