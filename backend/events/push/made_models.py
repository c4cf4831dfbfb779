"""A subscription that somebody made through the API: what they said, who they are, and how both are kept. Pure."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator

from backend.events.push.models import NAME, Duration, Part, Retry, Wanted

MAX_FILTERS = 8 << 10  # characters of their JSON
LONGEST_TIMEOUT = timedelta(seconds=30)  # a request that begins with a right may end this long after it
LONGEST_AGE = timedelta(days=7)
_NAMESPACE = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class UnknownRecord(Exception):
    """A record of another version of us."""


class Made(Wanted):
    """Within narrower limits than those of the settings: everybody may make some. `credentials`: the name of what the
    administrator configured. `vm_namespaces`: for tenant viewers, the namespaces of their VMs.
    """

    name: Annotated[str, Field(pattern=NAME)]
    servers: tuple[Annotated[str, Field(pattern=r"^[a-z0-9*?.-]+/[a-z0-9*?.-]+$", max_length=400)], ...] = Field(
        default=(), max_length=50
    )
    vm_namespaces: tuple[Annotated[str, Field(pattern=_NAMESPACE)], ...] = Field(default=(), max_length=20)
    credentials: Annotated[str, Field(pattern=NAME)] | None = None
    paused: bool = False
    max_in_flight: Annotated[int, Field(ge=1, le=16)] = 4
    dead_letters: Annotated[int, Field(ge=1, le=10_000)] = 1000

    @field_validator("filters")
    @classmethod
    def _filters_are_small(cls, filters: list[Any] | None) -> list[Any] | None:
        if filters is not None and len(json.dumps(filters)) > MAX_FILTERS:
            raise ValueError(f"the filters are too large: at most {MAX_FILTERS} characters of JSON")
        return filters

    @field_validator("timeout")
    @classmethod
    def _timeout_is_short(cls, timeout: Duration) -> Duration:
        if timeout > LONGEST_TIMEOUT:
            raise ValueError("timeout is at most 30s")
        return timeout

    @field_validator("retry")
    @classmethod
    def _retry_ends(cls, retry: Retry) -> Retry:
        if retry.age > LONGEST_AGE or retry.longest_wait > LONGEST_AGE:
            raise ValueError("retry.age and retry.longestWait are at most 168h")
        return retry

    @model_validator(mode="after")
    def _no_secrets(self) -> Made:
        """What people say here is kept in Redis as it is."""
        if self.url.raw_query_string:
            raise ValueError("the sink must not have a query, which would keep secrets in the clear: name credentials")
        if self.credentials and self.url.scheme != "https":
            raise ValueError("credentials are sent over https only: use an https sink, or no credentials")
        return self


class Owner(Part):
    """Who made it, as an access review is told."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Record(Part):
    """`uid` names everything of it in Redis; `rev` grows with each change. Times in milliseconds, by Redis's clock:
    `confirmed` is when the owner was last seen to be who they are.
    """

    uid: str
    rev: int
    owner: Owner
    created: int
    changed: int
    confirmed: int
    made: Made

    @property
    def version(self) -> str:
        return f"{self.uid.partition('.')[2]}-{self.rev}"

    def text(self) -> bytes:
        """The revision leads, for scripts."""
        return b"%d %b" % (self.rev, self.model_dump_json(by_alias=True, exclude_defaults=True).encode())


def record_of(text: bytes) -> Record:
    """Raises UnknownRecord."""
    try:
        return Record.model_validate_json(text.partition(b" ")[2])
    except ValidationError as error:
        raise UnknownRecord(str(error.errors(include_url=False, include_input=False)[0]["msg"])) from None
