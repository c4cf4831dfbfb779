"""Routes become an OpenAPI document in which every reference has its target."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
import schemathesis
from aiohttp import web
from jsonschema_rs import ValidationError
from pydantic import Field

from backend.api.app import description
from backend.api.openapi.document import document
from backend.api.openapi.route import EVENT_STREAM, Answer, Model, Route
from backend.events.catalogue import ALL


class Inner(Model):
    size_bytes: int = Field(ge=0)


class Thing(Model):
    name: str
    inner: Inner


class Query(Model):
    limit: int = Field(default=50, ge=1, le=500, description="How many.")
    state: Literal["complete", "incomplete"] | None = None


async def handler(_request: web.Request) -> web.StreamResponse:
    return web.Response()


ROUTES = [
    Route("GET", "/api/v1/things/{namespace}/{name}", handler, "getThing", "One thing", "things",
          answers=(Answer(200, "It is there", Thing, headers={"ETag": "Its version"}),), query=Query),
    Route("POST", "/api/v1/things", handler, "createThing", "A new thing", "things", answers=(Answer(201, "Made"),),
          body=Thing, problems=(409,)),
    Route("GET", "/api/v1/live", handler, "live", "Live", "things",
          answers=(Answer(200, "Events", media=EVENT_STREAM),)),
    Route("GET", "/healthz", handler, "healthz", "Alive", "process", answers=(Answer(200, "Yes"),), public=True),
]  # fmt: skip


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(one) for one in node.values()))
    return set().union(*(references(one) for one in node)) if isinstance(node, list) else set()


def made() -> dict[str, Any]:
    return document(ROUTES, title="bsls", version="1", description="What there is.")


def test_every_reference_has_a_target() -> None:
    found = made()
    wanted = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert references(found) <= wanted
    assert {"Thing", "Inner", "Problem"} <= found["components"]["schemas"].keys()
    assert {f"event.{kind.label}" for kind in ALL.values()} <= found["components"]["schemas"].keys()


def test_an_operation_tells_its_parameters_answers_and_problems() -> None:
    thing = made()["paths"]["/api/v1/things/{namespace}/{name}"]["get"]
    assert [(one["name"], one["in"], one["required"]) for one in thing["parameters"]] == [
        ("namespace", "path", True), ("name", "path", True), ("limit", "query", False), ("state", "query", False),
    ]  # fmt: skip
    assert thing["parameters"][2]["schema"] == {"default": 50, "maximum": 500, "minimum": 1, "type": "integer"}
    assert thing["parameters"][2]["description"] == "How many."
    assert set(thing["responses"]) == {"200", "400", "401", "403", "404", "429", "500", "503"}
    assert "ETag" in thing["responses"]["200"]["headers"]


def test_bodies_streams_and_what_is_public() -> None:
    paths = made()["paths"]
    assert "409" in paths["/api/v1/things"]["post"]["responses"]
    assert paths["/api/v1/things"]["post"]["requestBody"]["required"] is True
    assert EVENT_STREAM in paths["/api/v1/live"]["get"]["responses"]["200"]["content"]
    assert paths["/healthz"]["get"]["security"] == []
    assert "401" not in paths["/healthz"]["get"]["responses"]


def test_it_is_the_same_each_time() -> None:
    again = document(list(reversed(ROUTES)), title="bsls", version="1", description="What there is.")
    assert json.dumps(again) == json.dumps(made())


def test_the_document_of_the_api_is_valid() -> None:
    schemathesis.openapi.from_dict(json.loads(description())).validate()
    broken = json.loads(description())
    broken["paths"]["/healthz"]["get"]["responses"] = []
    with pytest.raises(ValidationError):
        schemathesis.openapi.from_dict(broken).validate()


def test_answers_of_one_status_are_all_told() -> None:
    stream = Answer(200, "Events", media=EVENT_STREAM)
    both = Route("GET", "/both", handler, "both", "Both", "things", answers=(Answer(200, "A page", Thing), stream))
    (answers,) = [
        one["get"]["responses"] for one in document([both], title="", version="", description="")["paths"].values()
    ]
    assert list(answers["200"]["content"]) == ["application/json", EVENT_STREAM]
    assert answers["200"]["description"] == "A page; or: Events"
    assert "Retry-After" in answers["503"]["headers"]
