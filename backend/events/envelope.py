"""CloudEvents 1.0 in structured JSON: from a payload, or from a template where thousands a second are written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.events.catalogue.base import SERVER, EventType, Payload, type_of

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
    kind = type_of(payload)
    data = payload.model_dump(mode="json", by_alias=True, exclude_none=True)
    subject = source.name if kind.subject == SERVER else str(data["user"])
    return _dump(attributes(source, kind, id=id, time=time, subject=subject, trace=trace) | {"data": data})


def attributes(
    source: Source, kind: EventType, *, id: str, time: str, subject: str, trace: Trace | None
) -> dict[str, Any]:
    """The context attributes, in the order in which they are written."""
    trace = trace or trace_of(f"{source.uri} {id}")
    return {
        "specversion": "1.0",
        "id": id,
        "source": source.uri,
        "type": kind.type,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": kind.schema,
        "traceparent": trace.parent,
        "severity": kind.severity.value,
    }


def _dump(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


# --- templates -------------------------------------------------------------------------------------------------------


class Template:
    """An event of one type from one source as a format for `%`, made by the same code as any other event.

    What is filled in later is `<word>` in `fields` (`#<word>` for a number); `<id>`, `<time>`, `<subject>`, `<trace>`
    and `<span>` are there anyway. `pattern % (…)` takes bytes in the order of `order`. They must need no escaping in
    JSON, which is the caller's to know.
    """

    def __init__(self, source: Source, payload: type[Payload], fields: Mapping[str, Any], order: Sequence[str]) -> None:
        kind = type_of(payload)
        made = attributes(source, kind, id="<id>", time="<time>", subject="<subject>", trace=Trace("<trace>", "<span>"))
        text = _dump(made | {"data": dict(fields)}).replace(b"%", b"%%")
        places = [name.decode() for name in re.findall(rb"<([a-z]+)>", text)]
        if places != list(order):
            raise ValueError(f"the places are {places}, not {list(order)}")
        self.pattern = re.sub(rb"<[a-z]+>", b"%b", re.sub(rb'"#<[a-z]+>"', b"%b", text))
