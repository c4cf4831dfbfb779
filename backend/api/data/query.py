"""What a caller asks a list for: filters, order, and a part of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from backend.api.data import cursor
from backend.api.data.errors import InvalidQuery
from backend.api.data.index import Entry, Item, Slice
from backend.events.moments import parse_moment

MAX_LIMIT = 500
DEFAULT_LIMIT = 50
US_PER_MS = 1000

Text = Annotated[str, Field(max_length=500)]
Moment = Annotated[str, Field(max_length=64, description="RFC 3339, or a duration back from now such as 2h or 7d.")]


class Query(BaseModel):
    """What all lists have. A cursor goes with the filters and the order that it was given for."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items of a page.")
    cursor: str | None = Field(default=None, max_length=4096, description="`next` of the page before.")

    @property
    def order_name(self) -> str:
        """What the cursor is checked with."""
        raise NotImplementedError

    @property
    def after(self) -> Entry | None:
        """Raises InvalidQuery."""
        return cursor.decode(self.cursor, self.order_name) if self.cursor else None


class SnapshotQuery(Query):
    """Snapshots, by default the newest first."""

    tenant: Text | None = Field(default=None, description="user@host.")
    path: str | None = Field(default=None, max_length=4096, description="Beginning of the folder's path.")
    since: Moment | None = Field(default=None, description="Started then or later.")
    until: Moment | None = Field(default=None, description="Started before then.")
    state: Literal["complete", "incomplete"] | None = None
    sort: Literal["startTime", "endTime", "sizeBytes"] = "startTime"
    order: Literal["asc", "desc"] = "desc"

    @property
    def order_name(self) -> str:
        return f"snapshots {self.sort} {self.order}"

    def times(self, now_ms: int) -> tuple[int | None, int | None]:
        """`since` and `until` in microseconds since 1970. Raises InvalidQuery."""
        return _moment(self.since, now_ms), _moment(self.until, now_ms)


class SessionQuery(Query):
    """Open sessions, the newest first."""

    tenant: Text | None = Field(default=None, description="user@host.")

    @property
    def order_name(self) -> str:
        return "sessions"


class TenantQuery(Query):
    """Tenants, by default in the order of their names."""

    search: Text | None = Field(default=None, description="A part of user@host.")
    overdue: bool | None = None
    sort: Literal["user", "lastTime", "snapshots"] = "user"
    order: Literal["asc", "desc"] = "asc"

    @property
    def order_name(self) -> str:
        return f"tenants {self.sort} {self.order}"


class ServerQuery(Query):
    """Servers in the order of namespace and name."""

    namespace: Text | None = None
    search: Text | None = Field(default=None, description="A part of <namespace>/<name>.")
    state: Literal["available", "unavailable", "degraded", "progressing"] | None = None

    @property
    def order_name(self) -> str:
        return "servers"


Q = TypeVar("Q", bound=Query)


def parse(kind: type[Q], given: Mapping[str, str]) -> Q:
    """The query of a URL's parameters. Raises InvalidQuery with one sentence."""
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"])) or "query"
        known = ", ".join(sorted(field.alias or one for one, field in kind.model_fields.items()))
        if first["type"] == "extra_forbidden":
            raise InvalidQuery(f"there is no parameter {name!r}: use some of {known}") from None
        raise InvalidQuery(f"the parameter {name!r} does not fit: {first['msg']}") from None


def _moment(text: str | None, now_ms: int) -> int | None:
    if text is None:
        return None
    try:
        return parse_moment(text, now_ms) * US_PER_MS
    except ValueError as error:
        raise InvalidQuery(str(error)) from None


def sliced(query: Query, *, descending: bool, first: int | None = None, end: int | None = None) -> Slice:
    """Raises InvalidQuery for a bad cursor."""
    return Slice(query.limit, query.after, descending, first, end)


def path_matches(item: Item, path: str) -> bool:
    """The folder itself, or one that begins so."""
    return item.path.startswith(path)
