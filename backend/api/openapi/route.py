"""What a route is: its handler, and all that its documentation and its tests need to know of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class Model(BaseModel):
    """A body or a query of the API. What is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


@dataclass(frozen=True)
class Answer:
    """One kind of success. `model`: None for a body that is no JSON, or none at all."""

    status: int
    description: str
    model: type[BaseModel] | None = None
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Route:
    """`path` as aiohttp and OpenAPI write it alike: `/api/v1/servers/{namespace}/{name}`. `problems`: the statuses of
    problems beyond those that every route may answer with. `headers`: the schemas of those that it reads. `public`: no
    token is asked for.
    """

    method: str
    path: str
    handler: Handler = field(hash=False, repr=False)
    name: str
    summary: str
    tag: str
    answers: tuple[Answer, ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    headers: dict[str, dict[str, Any]] = field(default_factory=dict, hash=False)
    public: bool = False
