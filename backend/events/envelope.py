"""CloudEvents 1.0 in structured JSON: from a payload, or from a template where thousands a second are written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from backend.events.catalogue.base import SERVER, Payload, Severity, type_of

CONTENT_TYPE = "application/cloudevents+json"


@dataclass(frozen=True)
class Source:
    """The server that events are about."""

    namespace: str
    name: str

    @property
    def uri(self) -> str:
        """The `source` attribute: the path of the BackupStorageLocationServer in the Kubernetes API."""
        plural = "apis/oadp.openshift.io/v1alpha1"
        return f"/{plural}/namespaces/{self.namespace}/backupstoragelocationservers/{self.name}"


@dataclass(frozen=True)
class AllServers(Source):
    """The stream of all servers' events, for what is about itself."""

    namespace: str = ""
    name: str = "bsls:events"

    @property
    def uri(self) -> str:
        return "/apis/oadp.openshift.io/v1alpha1/backupstoragelocationservers"


@dataclass(frozen=True)
class Trace:
    """W3C trace context: 32 and 16 hexadecimal digits."""

    trace_id: str
    span_id: str

    @property
    def parent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"


def trace_of(story: str) -> Trace:
    """The trace of a story (a session, a maintenance run), the same at each replay."""
    digits = hashlib.blake2b(story.encode(), digest_size=24).hexdigest()
    return Trace(digits[:32], digits[32:])


def encode(source: Source, payload: Payload, *, id: str, time: str, trace: Trace | None = None) -> bytes:
    """One event. `id`: unique within the source and the same at each replay; `time`: RFC 3339."""
    trace = trace or trace_of(f"{source.uri} {id}")
    subject = source.name if type_of(payload).subject == SERVER else str(payload.user)  # type: ignore[attr-defined]
    data = payload.model_dump_json(by_alias=True, exclude_none=True)
    values = (*map(_escaped, (id, subject, time, trace.trace_id, trace.span_id)), data.encode(), b"")
    return b"".join(chain.from_iterable(zip(_frame(source, type(payload), payload.severity), values, strict=True)))


_quoted = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` makes an encoder each time


def _escaped(text: str) -> bytes:
    return _quoted(text)[1:-1].encode()


# --- templates -------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(rb'"#(<[a-z]+>)"')
_PLACE = re.compile(rb"<[a-z]+>")


class Template:
    """An event of one type from one source with places to be filled in.

    What is filled in later is `<word>` in `data` (`#<word>` for what is no text); `<id>`, `<time>`, `<subject>`,
    `<trace>` and `<span>` are there anyway. `parts`: what is before, between and after the places, which are those of
    `order`. What is put there must need no escaping in JSON, which is the caller's to know. (To join them is the
    cheapest way to make an event, cheaper than a format.) `severity`: another one than the type's.
    """

    def __init__(
        self,
        source: Source,
        payload: type[Payload],
        data: Any,
        order: Sequence[str],
        severity: Severity | None = None,
    ) -> None:
        kind = type_of(payload)
        made = {
            "specversion": "1.0",
            "id": "<id>",
            "source": source.uri,
            "type": kind.type,
            "subject": "<subject>",
            "time": "<time>",
            "datacontenttype": "application/json",
            "dataschema": kind.schema,
            "traceparent": Trace("<trace>", "<span>").parent,
            "severity": (severity or kind.severity).value,
            "data": data,
        }
        text = _NUMBER.sub(rb"\1", json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode())
        places = [place[1:-1].decode() for place in _PLACE.findall(text)]
        if places != list(order):
            raise ValueError(f"the places are {places}, not {list(order)}")
        self.parts = tuple(_PLACE.split(text))


@lru_cache(maxsize=4096)
def _frame(source: Source, payload: type[Payload], severity: Severity) -> tuple[bytes, ...]:
    return Template(source, payload, "#<data>", ("id", "subject", "time", "trace", "span", "data"), severity).parts
