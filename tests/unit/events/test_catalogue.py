"""Every event type: its example is valid, the SDK reads what we write, and what version 1 promised stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from pydantic import ValidationError

from backend.events import generate
from backend.events.catalogue import ALL, EventType
from backend.events.catalogue.session import SessionEnded
from backend.events.envelope import CONTENT_TYPE

KINDS = sorted(ALL.values(), key=lambda kind: kind.name)
PROMISED = Path(__file__).with_name("promised.json")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_sdk_reads_every_event(kind: EventType) -> None:
    text = generate.example(kind)
    event = from_http_event(HTTPMessage({"content-type": CONTENT_TYPE}, text))
    assert event.get_type() == f"io.openshift.oadp.bsls.{kind.name}.v{kind.version}"
    assert event.get_source() == "/apis/oadp.openshift.io/v1alpha1/namespaces/backup/backupstoragelocationservers/vms"
    assert event.get_subject() in {"vms", "alice@vm-1"}
    assert event.get_dataschema() == f"urn:bsls:schema:{kind.name}:v{kind.version}"
    assert event.get_extension("severity") == kind.severity
    assert event.get_data() == dict(kind.example) | {
        name: value for name, value in json.loads(text)["data"].items() if name not in kind.example
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_type_says_when_and_has_a_past_verb(kind: EventType) -> None:
    assert kind.when.endswith(".")
    noun, _, verb = kind.name.partition(".")
    assert noun
    assert verb


def test_an_unknown_field_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValidationError):
        SessionEnded.model_validate(dict(ALL[SessionEnded].example) | {"more": 1})


def _promise(kind: EventType) -> dict[str, Any]:
    body = generate.schema(kind)
    fields = {name: generate.type_name(field) for name, field in body["properties"].items()}
    return {"required": sorted(body.get("required", ())), "fields": fields}


def test_a_consumer_of_a_version_never_breaks() -> None:
    """What was promised once stays: no field goes or changes its type, none that was always there becomes optional.

    A new type, or a new optional field, is added to promised.json by hand.
    """
    promised = json.loads(PROMISED.read_text())
    now = {kind.label: _promise(kind) for kind in KINDS}
    assert sorted(now) == sorted(promised)
    for label, before in promised.items():
        assert now[label]["fields"] == before["fields"], label
        assert now[label]["required"] == before["required"], label
