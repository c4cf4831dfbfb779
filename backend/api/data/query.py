"""What a caller asks a list for: filters, order, and a part of it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Literal, Self, TypeVar, cast
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from backend.api.data.index import Entry
from backend.api.http.pages import CURSOR, DEFAULT_LIMIT, MAX_CURSOR, MAX_LIMIT, decode_cursor, encode_cursor
from backend.api.http.problem import INVALID_QUERY, Problem
from backend.events.moments import parse_moment

US_PER_MS = 1000
MAX_PATH = 1024  # characters
MOST_FIGURES = 100
"""Servers of a page that tells what each holds: what is not in memory has to be read."""
STEP_MS = 10_000
"""A duration back from now is counted from the last such mark: the same question has the same answer for a while."""

_CURSOR = re.compile(r"(?:^|&)cursor=([A-Za-z0-9_-]+)(?=&|$)", re.ASCII)  # as it needs no escapes

Text = Annotated[str, Field(max_length=500)]
Names = Annotated[str, Field(max_length=7000)]
VmNamespace = Annotated[
    str | None, Field(max_length=253, description="For tenant viewers: the namespace of their VMs.")
]
Moment = Annotated[str, Field(max_length=64, description="RFC 3339, or a duration back from now such as 2h or 7d.")]


class Query(BaseModel):
    """What all lists have. A cursor goes with the filters and the order that it was given for."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items of a page.")
    cursor: str | None = Field(
        default=None, max_length=MAX_CURSOR, pattern=CURSOR, description="`next` of the page before."
    )

    @cached_property
    def purpose(self) -> str:
        """What its cursors depend on."""
        asked = self.model_dump(exclude={"limit", "cursor"}, exclude_defaults=True)
        return json.dumps([type(self).__name__, asked], sort_keys=True)

    @cached_property
    def after(self) -> Entry | None:
        """Raises Problem for a cursor that is not of this list."""
        if self.cursor is None:
            return None
        key, name = decode_cursor(self.purpose, self.cursor, (int, str))
        return int(key), str(name)

    def at(self, cursor: str) -> Self:
        """The same from there on."""
        _ = self.purpose  # which they have in common, and which takes long
        made = self.model_copy(update={"cursor": cursor})
        made.__dict__.pop("after", None)
        return made

    def following(self, entry: Entry) -> str:
        """The cursor of what comes after an entry."""
        return _following(self.purpose, entry)


@lru_cache(maxsize=8192)
def _following(purpose: str, entry: Entry) -> str:
    return encode_cursor(purpose, entry)


class SeenQuery(Query):
    """A list of which tenant viewers see a part."""

    vm_namespace: VmNamespace = None


class SnapshotQuery(SeenQuery):
    """Snapshots, by default the newest first."""

    tenant: Text | None = Field(default=None, description="user@host.")
    path: str | None = Field(default=None, max_length=MAX_PATH, description="Beginning of the folder's path.")
    since: Moment | None = Field(default=None, description="Started then or later.")
    until: Moment | None = Field(default=None, description="Started before then.")
    state: Literal["complete", "incomplete"] | None = None
    sort: Literal["startTime", "endTime", "sizeBytes"] = "startTime"
    order: Literal["asc", "desc"] = "desc"

    def times(self, now_ms: int) -> tuple[int | None, int | None]:
        """`since` and `until` in microseconds since 1970. Raises Problem."""
        now_ms -= now_ms % STEP_MS
        return _moment("since", self.since, now_ms), _moment("until", self.until, now_ms)


class SessionQuery(SeenQuery):
    """Open sessions, the newest first."""

    tenant: Text | None = Field(default=None, description="user@host.")


class TenantQuery(SeenQuery):
    """Tenants, by default in the order of their names."""

    search: Text | None = Field(default=None, description="A part of user@host.")
    overdue: bool | None = None
    sort: Literal["user", "lastTime", "snapshots"] = "user"
    order: Literal["asc", "desc"] = "asc"


class ServerQuery(SeenQuery):
    """Servers in the order of namespace and name."""

    namespace: Text | None = None
    search: Text | None = Field(default=None, description="A part of <namespace>/<name>.")
    state: Literal["available", "unavailable", "degraded", "progressing"] | None = None
    names: Names | None = Field(default=None, description="Only these: <namespace>/<name>, separated by commas.")
    figures: bool = Field(
        default=False,
        description=f"Each as it is told alone, with what it holds now; at most {MOST_FIGURES} in a page.",
    )

    @model_validator(mode="after")
    def _few(self) -> Self:
        if self.figures and self.limit > MOST_FIGURES:
            raise ValueError(f"with figures, limit is at most {MOST_FIGURES}")
        return self

    @cached_property
    def named(self) -> frozenset[str] | None:
        """The servers that `names` names; None for any."""
        return None if self.names is None else frozenset(self.names.split(","))


Q = TypeVar("Q", bound=BaseModel)


def parse(kind: type[Q], given: Mapping[str, str]) -> Q:
    """The query of a URL's parameters. Raises Problem."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(field.alias or one for one, field in kind.model_fields.items()))
            detail = f"There is no parameter {name!r} here: use {known}."
        else:
            detail = f"Correct the parameter {name!r}: {first['msg']}."
        raise Problem(INVALID_QUERY, detail, parameter=name) from None


L = TypeVar("L", bound=Query)


def parse_text(kind: type[L], text: str) -> L:
    """The same of a URL's query as it came, such as `limit=5&tenant=a%40b`.

    Who walks through a list asks the same with one cursor after the other: all but the cursor is parsed once.
    """
    cursors = _CURSOR.findall(text)
    if len(cursors) == 1 and len(cursors[0]) <= MAX_CURSOR:
        query = _parsed(kind, _CURSOR.sub("", text))
        if query.cursor is None:
            return cast("L", query.at(cursors[0]))
    return cast("L", _parsed(kind, text))


@lru_cache(maxsize=4096)
def _parsed(kind: type[Query], text: str) -> Query:
    given: dict[str, str] = {}
    try:
        for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=32):
            if given.setdefault(name, value) != value:
                raise Problem(INVALID_QUERY, f"Give the parameter {name!r} only once.", parameter=name)
    except ValueError:
        raise Problem(INVALID_QUERY, "The query of the URL is not UTF-8, or has too many parameters.") from None
    return parse(kind, given)


def _moment(name: str, text: str | None, now_ms: int) -> int | None:
    if text is None:
        return None
    try:
        return parse_moment(text, now_ms) * US_PER_MS
    except ValueError as error:
        raise Problem(INVALID_QUERY, f"{error}.", parameter=name) from None
