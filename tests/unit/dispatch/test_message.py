"""Events as HTTP requests: the cloudevents SDK reads back what every type of the catalogue becomes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http
from cloudevents.core.formats.json import JSONFormat

from backend.dispatch.message import Message, binary, structured
from backend.events.catalogue import ALL, EventType
from backend.events.generate import example


def read_back(message: Message) -> Any:
    return from_http(HTTPMessage(dict(message.headers), message.body), JSONFormat())


@pytest.mark.parametrize("kind", ALL.values(), ids=lambda kind: kind.label)
def test_the_sdk_reads_both_modes(kind: EventType) -> None:
    text = example(kind)
    event = json.loads(text)
    for message in (structured(text, event), binary(event)):
        read = read_back(message)
        attributes = {name: value for name, value in read.get_attributes().items() if name != "time"}
        assert attributes == {name: value for name, value in event.items() if name not in {"time", "data"}}
        assert read.get_time().isoformat() == event["time"].replace("Z", "+00:00")
        assert read.get_data() == event["data"]
        assert message.headers["traceparent"] == event["traceparent"]


def test_content_types() -> None:
    text = example(next(iter(ALL.values())))
    assert structured(text, json.loads(text)).headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert binary(json.loads(text)).headers["Content-Type"] == "application/json"


BASE = {"specversion": "1.0", "id": "1", "source": "/x", "type": "t"}


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("alice@vm-1", "alice@vm-1"),
        ("a b", "a%20b"),
        ('say "50%"', "say%20%2250%25%22"),
        ("Euro € \U0001f600", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
        ("x\r\nEvil: 1", "x%0D%0AEvil:%201"),
        (True, "true"),
        (7, "7"),
    ],
)
def test_header_values_are_encoded(value: Any, encoded: str) -> None:
    message = binary(BASE | {"subject": value})
    assert message.headers["ce-subject"] == encoded
    if isinstance(value, str):
        assert read_back(message).get_subject() == value


def test_other_data() -> None:
    raw = base64.b64encode(b"\x00\x01").decode()
    assert binary(BASE | {"data_base64": raw, "datacontenttype": "image/png"}).body == b"\x00\x01"
    assert binary(BASE | {"data": "hi €", "datacontenttype": "text/plain"}).body == "hi €".encode()
    assert binary(BASE | {"data": "hi", "datacontenttype": "application/json; charset=utf-8"}).body == b'"hi"'
    assert binary(BASE).body == b""
    assert "traceparent" not in binary(BASE).headers
