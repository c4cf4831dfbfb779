"""Lines about events: a sentence for each type, and nothing in them that a terminal obeys."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from backend.cli.event_messages import MESSAGES, message
from backend.cli.event_output import Columns, json_line, visible
from backend.events.catalogue import ALL, EventType
from backend.events.feed import Found, parse
from backend.events.generate import example

EVIL = "a\x1b[2J\x9b31m\x07\r\nforged\u202egpj\u2028\u200b\x00\U000e0041"
KINDS = sorted(ALL.values(), key=lambda kind: kind.name)


def found(event: dict[str, Any]) -> Found:
    return Found("1-0", json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass"), event)


def test_each_type_has_a_sentence_and_no_other() -> None:
    assert MESSAGES.keys() == {kind.name for kind in ALL.values()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_sentences_of_the_examples(kind: EventType) -> None:
    text = message(kind.label, dict(kind.example))
    assert text
    assert not re.search(r"[{}\[\]]|=", text)
    least = {name for name, field in kind.payload.model_json_schema(by_alias=True)["properties"].items()
             if name in kind.payload.model_json_schema(by_alias=True).get("required", ())}  # fmt: skip
    short = message(kind.label, {name: value for name, value in kind.example.items() if name in least})
    assert not re.search(r"[{}\[\]]", short)


def test_sentences() -> None:
    assert message("session.ended.v1", {"reason": "closed", "address": "10.0.0.7:1", "durationSeconds": 3.21}) == (
        "closed after 3.2s, from 10.0.0.7:1"
    )
    made = {"path": "/home", "sizeBytes": 52428800, "files": 1204, "errors": 0}
    assert message("snapshot.created.v1", made) == "/home, 50.0 MiB in 1204 files"
    assert message("snapshot.created.v1", made | {"errors": 2}).endswith("files, 2 not read")
    missed = {"errors": 1, "unread": [{"path": "etc/key", "error": "permission denied"}]}
    assert message("snapshot.created.v1", made | missed).endswith("1 not read, without etc/key (permission denied)")
    assert message("new.thing.v1", {"b": [1, 2, 3, 4], "c": {"d": True}, "e": None}) == "b=1, 2, 3 and 1 more c=d yes"
    assert message("session.started.v2", {"from": "x"}) == "from=x"
    assert [message("x.y.v1", one) for one in (None, "text", 3)] == ["", "text", "3"]
    assert message("storage.failed.v1", {"reason": "A", "message": "[x] {reason}"}) == "A: [x] {reason}"


def test_nothing_reaches_the_terminal_as_a_command() -> None:
    event = {"time": EVIL, "severity": EVIL, "source": f"/1/2/3/namespaces/a/x/{EVIL}", "type": f"{EVIL}.v1",
             "subject": EVIL, "data": {"message": EVIL, EVIL: EVIL, "lone": "\ud800"}}  # fmt: skip
    for colour in (False, True):
        line = Columns(colour=colour)(found(event)).decode()
        assert line.endswith("\n")
        assert line[:-1].isprintable()
        assert r"\x1b[2J\x9b31m\x07\r\nforged\u202egpj\u2028\u200b\x00\U000e0041" in line
    assert visible("käse C:\\x") == "käse C:\\x"


def test_json_is_what_was_written_but_for_escapes() -> None:
    event = {"id": "1", "data": {"text": EVIL + "käse", "lone": "\\ud800"}}
    plain = found({"id": "1", "data": {"text": "käse"}})
    assert json_line(plain) == plain.raw + b"\n"
    line = json_line(found(event)).decode()
    assert line[:-1].isprintable()
    assert json.loads(line) == event
    spread = Found("1-0", json.dumps(event, indent=1).encode(), event)
    assert json_line(spread).count(b"\n") == 1
    assert json.loads(json_line(spread)) == event


def test_columns_line_up() -> None:
    columns = Columns(colour=False)
    lines = [columns(Found("1-0", raw, parse(raw))).decode() for raw in map(example, KINDS)]
    again = [columns(Found("1-0", raw, parse(raw))).decode() for raw in map(example, KINDS)]
    assert {line[:24] for line in lines} == {"2026-11-23T09:42:22.978Z"}
    starts = {line.index("backup/vms") for line in again}
    assert len(starts) == 1
    assert len({line.index(kind.name, 40) for line, kind in zip(again, KINDS, strict=True)}) == 1
    assert "backup/vms" not in Columns(colour=False, server=False)(Found("1-0", b"", parse(example(KINDS[0])))).decode()


def test_colours_are_of_severities_only() -> None:
    kind = next(kind for kind in KINDS if kind.severity == "error")
    raw = example(kind)
    assert b"\x1b[31merror  \x1b[0m" in Columns(colour=True)(Found("1-0", raw, parse(raw)))
    assert b"\x1b" not in Columns(colour=False)(Found("1-0", raw, parse(raw)))
