"""What a push subscription is: where events go, which, and how; the same for those of settings and of the API. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator, model_validator
from pydantic.alias_generators import to_camel
from yarl import URL

from backend.crd.durations import parse_duration
from backend.events.filters import Event, parse_filters

_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80}

NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
MODES = Literal["structured", "binary"]


def _length(value: Any) -> Any:
    found = parse_duration(value) if isinstance(value, str) else value
    if not isinstance(found, timedelta) or found <= timedelta(0):
        raise ValueError("a duration is a text such as 10s or 1h30m, longer than 0s")
    return found


def duration_text(length: timedelta) -> str:
    """As settings and bodies write it: whole seconds in the largest units, such as `1h30m`."""
    hours, rest = divmod(max(1, round(length.total_seconds())), 3600)
    minutes, seconds = divmod(rest, 60)
    return "".join(f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if number)


Duration = Annotated[
    timedelta,
    BeforeValidator(_length, json_schema_input_type=str),
    PlainSerializer(duration_text, return_type=str),
]


class Part(BaseModel):
    """What is not known is refused; names are those of JSON: `maxInFlight`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Place(Part):
    """Where events may go."""

    scheme: Literal["https", "http"] = "https"
    host: Annotated[str, Field(pattern=r"^[a-z0-9*:._-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None

    def fits(self, url: URL) -> bool:
        return (
            self.scheme == url.scheme
            and (self.port or _PORTS[self.scheme]) == url.port
            and fnmatchcase((url.raw_host or "").rstrip(".").lower(), self.host)
        )


class Retry(Part):
    """Waits double from `first_wait` to `longest_wait`; after `attempts`, or past `age`, an event is a dead letter."""

    first_wait: Duration = timedelta(seconds=1)
    longest_wait: Duration = timedelta(minutes=5)
    attempts: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    age: Duration = timedelta(hours=24)

    @model_validator(mode="after")
    def _in_order(self) -> Retry:
        if self.longest_wait < self.first_wait:
            raise ValueError("retry.longestWait is shorter than retry.firstWait")
        return self


class Wanted(Part):
    """What every subscription says."""

    sink: Annotated[str, Field(repr=False, max_length=2000)]  # its path may be a secret
    mode: MODES = "structured"
    start: Literal["now", "earliest"] = "now"
    servers: tuple[Annotated[str, Field(pattern=r"^[a-z0-9*?.-]+/[a-z0-9*?.-]+$", max_length=400)], ...] = ()
    filters: list[Any] | None = None
    handshake: bool = Field(default=False, alias="validate")
    origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$", max_length=253)] = "bsls"
    timeout: Duration = timedelta(seconds=10)
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = 8
    retry: Retry = Retry()
    dead_letters: Annotated[int, Field(ge=1)] = 10_000

    @property
    def url(self) -> URL:
        return URL(self.sink)

    @property
    def place(self) -> str:
        """Where the sink is, without path and query: they may be secrets."""
        return str(self.url.origin())

    def wants_server(self, server: str) -> bool:
        """`<namespace>/<name>`; `""` is the stream of all servers itself."""
        if not self.servers:
            return True
        namespace, _, name = server.partition("/")
        pairs = (one.partition("/") for one in self.servers)
        return any(fnmatchcase(namespace, left) and fnmatchcase(name, right) for left, _, right in pairs)

    def wants_namespace(self, namespace: str) -> bool:
        """Whether it may want a server there."""
        return not self.servers or any(fnmatchcase(namespace, one.partition("/")[0]) for one in self.servers)

    def filter(self) -> Callable[[Event], bool]:
        return parse_filters(self.filters)

    @field_validator("filters")
    @classmethod
    def _filters_parse(cls, filters: list[Any] | None) -> list[Any] | None:
        parse_filters(filters)
        return filters

    @field_validator("sink")
    @classmethod
    def _sink_is_a_url(cls, sink: str) -> str:
        try:
            url = URL(sink)
            usable = url.scheme in _PORTS and url.port is not None and _is_host(url.raw_host or "")
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("the sink has to be a URL such as https://siem.example.com/events")
        if url.user is not None or url.password is not None:
            raise ValueError("the sink must not hold a user or password: use credentials in a header")
        if url.fragment:
            raise ValueError("the sink must not have a fragment")
        return sink


def _is_host(text: str) -> bool:
    """A name, or an address in its usual form: not `127.1`, `2130706433` or `0x7f000001`, which some read as one."""
    try:
        ip_address(text)
    except ValueError:
        return bool(text) and _NUMBER.fullmatch(text.rstrip(".").rpartition(".")[2]) is None
    return True
