"""Reads `NOTIFICATION: {json}` lines: a client's own report, rendered by the server from the repository's template.

Known texts: Kopia's own templates (these name no user), and a template that prints JSON. It is all the client's word.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Literal
from urllib.parse import unquote_plus

from backend.kopia.log_records import MaintenanceFailed, Notification, ReportedSnapshot
from backend.kopia.redact import clean, cut, redact

MAX_SNAPSHOTS: Final = 100
MAX_PATH: Final = 4096
MAX_BODY: Final = 1 << 20
_NAME: Final = 200
_TIME: Final = 64
_ERROR_SUBJECT: Final = re.compile(r"Kopia has encountered an error during (.*) on \S+", re.DOTALL)
_OPERATION: Final = re.compile(r"Operation: (.*)")
_USER: Final = re.compile(r"[a-z0-9._-]+@[a-z0-9._-]+")
_SOURCE: Final = re.compile(rf"while snapshotting ({_USER.pattern}):(\S.*?)\.?(?:\n|$)")
_FRAME: Final = re.compile(r"\n\S+\n\t.*", re.DOTALL)  # of Go's stack, which follows the text
_FIELD: Final = re.compile(r"^  (Status|Start|Duration|Error): +(.*)$", re.MULTILINE)
_FAILED_ENTRY: Final = re.compile(r"^  - (.*)$", re.MULTILINE)
Status = Literal["success", "warnings", "incomplete", "failed", "unknown"]
_STATUS: Final[dict[str, Status]] = {
    "success": "success",
    "warnings": "warnings",
    "incomplete": "incomplete",
    "fatal": "failed",
}


def parse_notification(text: str) -> Notification | MaintenanceFailed | None:
    """None for what is no notification."""
    fields = _object(text)
    if fields is None or not isinstance(fields.get("subject"), str) or not isinstance(fields.get("body"), str):
        return None
    subject, body, severity = fields["subject"], fields["body"][:MAX_BODY], fields.get("severity")
    level = severity if type(severity) is int and -100 <= severity <= 100 else 0
    if found := _ERROR_SUBJECT.fullmatch(subject):
        return _error(level, subject, body, found[1])
    report = _object(body)
    snapshots = _from_json(report) if report else _from_text(body)
    kind: Literal["snapshot-report", "other"] = "snapshot-report" if snapshots else "other"
    return Notification("", kind, level, redact(subject, _NAME), "", snapshots, "")


def _error(level: int, subject: str, body: str, operation: str) -> Notification | MaintenanceFailed:
    said = _OPERATION.match(body)
    error = redact(_message(body))
    if operation == "Maintenance" and said and said[1] == "Scheduled Maintenance":
        return MaintenanceFailed("", None, error, claimed=True)
    found = _SOURCE.search(body)
    snapshots = (ReportedSnapshot(found[1], clean(found[2], MAX_PATH), "", "", "failed", error),) if found else ()
    return Notification("", "error", level, redact(subject, _NAME), redact(operation, _NAME), snapshots, error)


def _message(body: str) -> str:
    """The error without the heading, the stack and the footer."""
    parts = body.split("\n\n", 1)
    return _FRAME.sub("", parts[-1].split("\n\nGenerated at ", 1)[0])


def _from_text(body: str) -> tuple[ReportedSnapshot, ...]:
    """Of Kopia's template: `Path: …`, an empty line, and indented fields."""
    found = []
    for part in re.split(r"^Path: ", body, flags=re.MULTILINE)[1 : MAX_SNAPSHOTS + 1]:
        path, _, rest = part.partition("\n")
        fields = {name: value for name, value in reversed(_FIELD.findall(rest))}  # noqa: C416 - the first one counts
        failed = [entry[1] for entry in _FAILED_ENTRY.finditer(rest)]
        error = fields.get("Error") or "; ".join(failed[:10])
        status = _STATUS.get(fields.get("Status", "").strip(), "unknown")
        start = redact(fields.get("Start", ""), _TIME)
        found.append(ReportedSnapshot("", clean(path, MAX_PATH), start, "", status, redact(error)))
    return tuple(found)


def _from_json(report: dict[str, Any]) -> tuple[ReportedSnapshot, ...]:
    """Of a template that prints JSON; names that end in Q are URL-quoted, as templates have no other quoting."""
    entries = report.get("snapshots")
    if not isinstance(entries, list):
        return ()
    found = []
    for entry in entries[:MAX_SNAPSHOTS]:
        if not isinstance(entry, dict):
            continue
        user, host = _said(entry, "user"), _said(entry, "host")
        name = _name(user, host) if user and host else ""
        status = _STATUS.get(_said(entry, "status"), "unknown")
        start, end = (redact(_said(entry, which), _TIME) for which in ("start", "end"))
        path = clean(_said(entry, "path"), MAX_PATH)
        found.append(ReportedSnapshot(name, path, start, end, status, redact(_said(entry, "error"))))
    return tuple(found)


def _name(user: str, host: str) -> str:
    """user@host; one that Kopia accepts as it is, as it is compared with others."""
    name = f"{user}@{host}"
    if len(name) <= _NAME and _USER.fullmatch(name):
        return name
    return cut(f"{redact(user, _NAME)}@{redact(host, _NAME)}", _NAME)


def _said(entry: dict[str, Any], name: str) -> str:
    plain, quoted = entry.get(name), entry.get(name + "Q")
    if isinstance(quoted, str):
        return unquote_plus(quoted, errors="replace")
    return plain if isinstance(plain, str) else ""


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
