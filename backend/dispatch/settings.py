"""The dispatcher's settings file: where events may go, and who wants which."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from yarl import URL

from backend.crd.durations import parse_duration
from backend.events.filters import Event, parse_filters

_OURS = {"host", "content-type", "content-length", "transfer-encoding", "connection", "traceparent", "user-agent"}
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_PORTS = {"https": 443, "http": 80}


class InvalidSettings(Exception):
    """The text says what to correct, and where."""


def _length(value: Any) -> Any:
    found = parse_duration(value) if isinstance(value, str) else value
    if not isinstance(found, timedelta) or found <= timedelta(0):
        raise ValueError("a duration is a text such as 10s or 1h30m, longer than 0s")
    return found


Duration = Annotated[timedelta, BeforeValidator(_length)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Target(_Part):
    """Where events may go. `networks`: addresses that its hosts may have though they are not public."""

    scheme: Literal["https", "http"] = "https"
    host: Annotated[str, Field(pattern=r"^[a-z0-9*:._-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    networks: tuple[IPvAnyNetwork, ...] = ()

    def fits(self, url: URL) -> bool:
        return (
            self.scheme == url.scheme
            and (self.port or _PORTS[self.scheme]) == url.port
            and fnmatchcase((url.raw_host or "").rstrip(".").lower(), self.host)
        )


class Header(_Part):
    """A header whose value is the content of a file, which is read again when it changes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$&'*+.^_`|~-]+$")]
    value_file: Path

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name.lower() in _OURS or name.lower().startswith("ce-"):
            raise ValueError(f"{name} is written by the dispatcher itself: use another name")
        return name


class Retry(_Part):
    """Waits double from `first_wait` to `longest_wait`; after `attempts`, or past `age`, an event is a dead letter."""

    first_wait: Duration = timedelta(seconds=1)
    longest_wait: Duration = timedelta(minutes=5)
    attempts: Annotated[int, Field(ge=1)] = 300
    age: Duration = timedelta(hours=24)


class Subscription(_Part):
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    sink: Annotated[str, Field(repr=False)]  # its path may be a secret
    mode: Literal["structured", "binary"] = "structured"
    start: Literal["now", "earliest"] = "now"
    servers: tuple[Annotated[str, Field(pattern=r"^[a-z0-9*?.-]+/[a-z0-9*?.-]+$")], ...] = ()
    filters: list[Any] | None = None
    bearer_token_file: Path | None = None
    headers: tuple[Header, ...] = ()
    ca_file: Path | None = None
    handshake: bool = Field(default=False, alias="validate")
    origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+$")] = "bsls"
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

    @property
    def has_credentials(self) -> bool:
        return bool(self.bearer_token_file or self.headers)

    def wants_server(self, server: str) -> bool:
        """`<namespace>/<name>`; `""` is the stream of all servers itself."""
        if not self.servers:
            return True
        namespace, _, name = server.partition("/")
        pairs = (one.partition("/") for one in self.servers)
        return any(fnmatchcase(namespace, left) and fnmatchcase(name, right) for left, _, right in pairs)

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
            raise ValueError("the sink must not hold a user or password: use bearerTokenFile, or headers")
        if url.fragment:
            raise ValueError("the sink must not have a fragment")
        return sink

    @model_validator(mode="after")
    def _credentials_are_protected(self) -> Subscription:
        if self.has_credentials and self.url.scheme != "https":
            raise ValueError("credentials are sent over https only: use an https sink, or no credentials")
        names = [one.name.lower() for one in self.headers] + ["authorization"] * bool(self.bearer_token_file)
        if len(names) != len(set(names)):
            raise ValueError("a header is given twice (bearerTokenFile is the header Authorization)")
        if self.retry.longest_wait < self.retry.first_wait:
            raise ValueError("retry.longestWait is shorter than retry.firstWait")
        return self


class Settings(_Part):
    """`lease`: how long nobody delivers a subscription after the process that did was killed."""

    lease: Duration = timedelta(seconds=15)
    targets: tuple[Target, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()

    def target(self, subscription: Subscription) -> Target:
        """The first one that the sink fits."""
        return next(one for one in self.targets if one.fits(subscription.url))

    @model_validator(mode="after")
    def _sinks_are_targets(self) -> Settings:
        names = [one.name for one in self.subscriptions]
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            raise ValueError(f"two subscriptions are called {twice[0]}: rename one")
        for one in self.subscriptions:
            if not any(target.fits(one.url) for target in self.targets):
                raise ValueError(f"no target permits {one.place}, the sink of {one.name}: add it to targets")
        return self


def _is_host(text: str) -> bool:
    """A name, or an address in its usual form: not `127.1`, `2130706433` or `0x7f000001`, which some read as one."""
    try:
        ip_address(text)
    except ValueError:
        return bool(text) and _NUMBER.fullmatch(text.rstrip(".").rpartition(".")[2]) is None
    return True


def load(path: Path) -> Settings:
    """Raises InvalidSettings."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        raise InvalidSettings(f"{path} is no YAML{f', see line {where.line + 1}' if where else ''}") from None
    try:
        return Settings.model_validate({} if content is None else content)
    except ValidationError as error:
        raise InvalidSettings(f"{path}: " + "; ".join(_sentence(one) for one in error.errors()[:5])) from None


def _sentence(problem: Any) -> str:
    text = re.sub(r"^Value error, ", "", str(problem["msg"]))
    where = ".".join(str(part) for part in problem["loc"])
    return f"{where}: {text}" if where else text
