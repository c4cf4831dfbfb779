"""Routes and event types become an OpenAPI 3.1 document. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend.api.openapi.route import JSON, Answer, Route
from backend.events.catalogue import ALL
from backend.kopia.users import USER_NAME

Json = dict[str, Any]
PROBLEM = "application/problem+json"
_REFERENCE = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"{(\w+)}")
_PUBLIC = (400, 404, 429, 500, 503)
_PERSONAL = (400, 401, 403, 404, 429, 500, 503)

_TEXT: Json = {"type": "string"}
_KUBERNETES_NAME: Json = {"type": "string", "maxLength": 253, "pattern": "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}
_NAMED: dict[str, Json] = {
    "namespace": _KUBERNETES_NAME,
    "name": _KUBERNETES_NAME,
    "user": {"type": "string", "maxLength": 500, "pattern": f"^{USER_NAME.pattern.strip('^$')}$"},
}
_HEADERS = {
    401: ("WWW-Authenticate", "RFC 6750."),
    429: ("Retry-After", "Seconds."),
    503: ("Retry-After", "Seconds."),
}

PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457. `detail` says what to do.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "requestId": {"type": "string"},
    },
}


def document(routes: Iterable[Route], *, title: str, version: str, description: str) -> Json:
    """The whole document, in a stable order."""
    listed = sorted(routes, key=lambda one: (one.path, one.method))
    schemas = _schemas(listed)
    paths: dict[str, Json] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description, "license": {"name": "Apache-2.0"}},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _schemas(routes: list[Route]) -> dict[str, Json]:
    """Of bodies and answers, of problems, and of the payload of each event type (`event.<name>.v<n>`)."""
    bodies = {one.body for one in routes if one.body}
    models = {answer.model for one in routes for answer in one.answers if answer.model}
    ordered = sorted(bodies, key=_name), sorted(models, key=_name)
    _, found = models_json_schema(
        [(one, "validation") for one in ordered[0]] + [(one, "serialization") for one in ordered[1]],
        ref_template=_REFERENCE,
    )
    schemas: dict[str, Json] = dict(found.get("$defs", {}))
    schemas["Problem"] = PROBLEM_SCHEMA
    for payload, kind in ALL.items():
        schema = payload.model_json_schema(ref_template=_REFERENCE)
        schemas |= schema.pop("$defs", {})
        schemas[f"event.{kind.label}"] = schema
    return schemas


_IF_NONE_MATCH: Json = {"description": "ETags of what the client has: 304 if it is one of them.", "type": "string"}


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _answers(route.answers),
    }
    for status in sorted({*(_PUBLIC if route.public else _PERSONAL), *route.problems}):
        operation["responses"].setdefault(str(status), _problem(status))
    if route.public:
        operation["security"] = []
    if route.body is not None:
        schema = {"$ref": _REFERENCE.format(model=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return operation


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": route.parameters.get(name) or _NAMED.get(name, _TEXT)}
        for name in _PARAMETER.findall(route.path)
    ]


def _header_parameters(route: Route) -> list[Json]:
    made = []
    conditional = {"If-None-Match": _IF_NONE_MATCH} if any(one.status == 304 for one in route.answers) else {}
    for name, schema in {**route.headers, **conditional}.items():
        described = dict(schema)
        text = described.pop("description", "")
        made.append({"name": name, "in": "header", "required": False, "description": text, "schema": described})
    return made


def _query_parameters(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_REFERENCE)
    definitions = schema.get("$defs", {})
    required = schema.get("required", [])
    made = []
    for name, body in schema["properties"].items():
        described = _inline({key: value for key, value in body.items() if key != "title"}, definitions)
        parameter = {"name": name, "in": "query", "required": name in required, "schema": described}
        if text := described.pop("description", ""):
            parameter["description"] = text
        made.append(parameter)
    return made


def _inline(schema: Any, definitions: Json) -> Any:
    """Parameters have no definitions beside them."""
    if isinstance(schema, list):
        return [_inline(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return _inline({key: value for key, value in target.items() if key != "title"}, definitions)
    return {key: _inline(value, definitions) for key, value in schema.items()}


def _answers(answers: Iterable[Answer]) -> Json:
    """Answers of one status differ in their media types."""
    found: Json = {}
    for one in answers:
        made = _answer(one)
        known = found.setdefault(str(one.status), made)
        if known is not made:
            known["description"] += f"; or: {made['description']}"
            known.setdefault("content", {}).update(made.get("content", {}))
    return found


def _answer(answer: Answer) -> Json:
    found: Json = {"description": answer.description}
    if answer.headers:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()
        }
    if answer.model is not None:
        found["content"] = {answer.media: {"schema": {"$ref": _REFERENCE.format(model=answer.model.__name__)}}}
    elif answer.media != JSON:
        found["content"] = {answer.media: {"schema": {"type": "string"}}}
    return found


def _problem(status: int) -> Json:
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    found: Json = {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": schema}}}
    if status in _HEADERS:
        name, text = _HEADERS[status]
        found["headers"] = {name: {"description": text, "schema": {"type": "string"}}}
    return found
