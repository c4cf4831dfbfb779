"""What every event of the catalogue has in common: a type with a version, a severity, a payload with a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

TYPE_PREFIX: Final = "io.openshift.oadp.bsls"
SCHEMA_PREFIX: Final = "urn:bsls:schema"
MAX_TEXT: Final = 1000
MAX_NAMES: Final = 100

Time = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$",
        description="RFC 3339, UTC.",
        json_schema_extra={"format": "date-time"},
    ),
]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Count = Annotated[int, Field(ge=0)]
User = Annotated[str, Field(max_length=500, description="user@host, as the tenant logs in.")]


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Payload(BaseModel):
    """The `data` of an event. Fields are only ever added within a version, and what is added is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    @property
    def severity(self) -> Severity:
        """That of the type; a payload may know better, and its type says so in `severity_note`."""
        return type_of(self).severity


P = TypeVar("P", bound=Payload)


@dataclass(frozen=True)
class EventType:
    """`name` is `<noun>.<past verb>`; `example` the fields of a payload as on the wire, `when` a sentence.

    `severity_note`: which events have another severity, such as "`warning` with `errors`".
    """

    name: str
    payload: type[Payload]
    severity: Severity
    when: str
    subject: str
    example: Mapping[str, Any] = field(hash=False)
    version: int = 1
    severity_note: str = ""

    @property
    def label(self) -> str:
        return f"{self.name}.v{self.version}"

    @property
    def type(self) -> str:
        return f"{TYPE_PREFIX}.{self.label}"

    @property
    def schema(self) -> str:
        """The `dataschema` attribute: a name, stable for ever, of the JSON Schema in docs/schemas."""
        return f"{SCHEMA_PREFIX}:{self.name}:v{self.version}"


ALL: dict[type[Payload], EventType] = {}
SERVER = "server"
TENANT = "tenant"


def event(
    name: str,
    *,
    example: Mapping[str, Any],
    severity: Severity = Severity.INFO,
    subject: str = SERVER,
    version: int = 1,
    severity_note: str = "",
) -> Callable[[type[P]], type[P]]:
    """Register a payload as an event type; its docstring says when the event is published.

    `subject`: what the `subject` attribute names, the server or the tenant (user@host).
    """

    def register(payload: type[P]) -> type[P]:
        when = " ".join((payload.__doc__ or "").split())
        ALL[payload] = EventType(name, payload, severity, when, subject, example, version, severity_note)
        return payload

    return register


def type_of(payload: Payload | type[Payload]) -> EventType:
    return ALL[payload if isinstance(payload, type) else type(payload)]
