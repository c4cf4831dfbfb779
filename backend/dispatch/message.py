"""An event as an HTTP request, by the HTTP binding of CloudEvents 1.0: structured or binary. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from backend.telemetry.spans import Ref

STRUCTURED = "application/cloudevents+json; charset=utf-8"
_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True)
class Message:
    headers: Mapping[str, str]
    body: bytes

    def within(self, span: Ref | None) -> Message:
        """What the receiver does becomes part of this span; what the event itself says stays."""
        return self if span is None else Message({**self.headers, "traceparent": span.traceparent}, self.body)


def structured(text: bytes, event: Mapping[str, Any]) -> Message:
    """`text`: the event as it is in the stream."""
    return Message({"Content-Type": STRUCTURED} | _trace(event), text)


def binary(event: Mapping[str, Any]) -> Message:
    headers = {
        f"ce-{name}": _value(value)
        for name, value in event.items()
        if name not in {"data", "data_base64", "datacontenttype"} and value is not None
    }
    kind = event.get("datacontenttype") or "application/json"
    return Message({"Content-Type": str(kind)} | headers | _trace(event), _body(event, str(kind)))


def _value(value: Any) -> str:
    """What is no printable ASCII, and blank, quote and percent, as `%` and two digits for each byte."""
    text = ("false", "true")[value] if isinstance(value, bool) else str(value)
    return quote(text, safe=_SAFE)


def _body(event: Mapping[str, Any], kind: str) -> bytes:
    if "data_base64" in event:
        return base64.b64decode(event["data_base64"])
    if "data" not in event:
        return b""
    media = kind.partition(";")[0].strip().lower()
    if isinstance(event["data"], str) and not media.endswith(("/json", "+json")):
        return event["data"].encode()
    return json.dumps(event["data"], ensure_ascii=False, separators=(",", ":")).encode()


def _trace(event: Mapping[str, Any]) -> dict[str, str]:
    """So that the receiver's spans join the event's trace without knowing CloudEvents."""
    parent = event.get("traceparent")
    return {"traceparent": _value(parent)} if parent else {}
