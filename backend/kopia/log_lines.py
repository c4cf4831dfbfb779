r"""Reads the log of a Kopia server pod: each line becomes a record of what it says, or None. Pure; never raises.

Which lines count. The server runs with the flags of backend/repository/command.py: JSON lines with levels, mixed with
plain text of Go's own log, of notifications, and of errors (the console prints these once more). A JSON line counts by
its logger and its whole message, so text inside of a message stays a part of it. A plain line can never become a
session, a login, maintenance that ran, or a storage failure.

Refused logins. HTTP: one WARN line each, in 0.21.1, 0.22.3 and 0.23.1. gRPC, which the stock client uses: no line at
any level in any of them, and no metric: the metrics port has no counters of gRPC, HTTP or logins. Only the client gets
PermissionDenied.

Storage. While Kopia tries again, for minutes, it says nothing at our level, whether the storage denies, slows down or
is gone: the failed snapshot's notification has the error, and the controller's own probe finds it out sooner.

Notifications are what a client claims, before its last write. Maintenance that failed is told by a notification only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from backend.kopia.log_notifications import parse_notification
from backend.kopia.log_records import (
    CacheFailed,
    LoginRefused,
    LogMessage,
    MaintenanceFailed,
    MaintenanceFinished,
    MaintenanceStarted,
    Panic,
    Record,
    RepositoryProblem,
    ServerStarted,
    SessionEnded,
    SessionStarted,
    ShuttingDown,
    StorageFailed,
    Throttled,
    TLSHandshakeFailed,
)
from backend.kopia.redact import redact

NAME_LIMIT: Final = 200  # characters of a claimed user name

_ADDRESS: Final = r"([0-9a-zA-Z.:\[\]%-]+)"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_LEVELS: Final = {"WARN": "warning", "ERROR": "error", "DPANIC": "error", "PANIC": "error", "FATAL": "error"}
_THROTTLED: Final = re.compile(
    r"SlowDown|Slow Down|TooManyRequests|429 Too Many|reduce your request rate", re.IGNORECASE
)

_GO_LOG: Final = r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )"
_HANDSHAKE: Final = re.compile(rf"{_GO_LOG}http: TLS handshake error from {_ADDRESS}: (.*)", re.DOTALL)
_HTTP: Final = re.compile(rf"{_GO_LOG}(http2?: .*)", re.DOTALL)
_STARTED: Final = re.compile(r"SERVER ADDRESS: (?:unix\+)?https?://(\S{1,300})", re.ASCII)
_PANIC: Final = re.compile(rf"{_GO_LOG}http2?: panic serving .*|(?:panic|fatal error): .*", re.DOTALL)
_NOTIFICATION: Final = "NOTIFICATION: "

# What a busy server prints most and nobody asks for, as it prints it.
_NOTHING: Final = re.compile(
    rb'\{"l":"INFO","t":"[^"\\]*","n":"(?:kopia/server","m":"successful login by client |scheduler",)'
)

Made = Callable[[str, re.Match[str], str], Record | None]  # of time, match, and the text of the field `err`


def _storage(operation: str, time: str, error: str) -> Record | None:
    if error.endswith("context canceled"):
        return None  # somebody did not wait, or the server stops: the storage did nothing wrong
    if _THROTTLED.search(error):
        return Throttled(time, redact(error))
    return StorageFailed(time, operation, redact(error))


def _fails(operation: str) -> Made:
    return lambda time, found, err: _storage(operation, time, err or found[1])


_OLD_MAINTENANCE: Final = "-"  # what 0.21 calls the logger `maintenance`

# logger, whole message -> record. The first that fits counts.
_RULES: Final[tuple[tuple[str, re.Pattern[str], Made], ...]] = tuple(
    (logger, re.compile(message, re.DOTALL), made)
    for logger, message, made in (
        ("kopia/server", rf'starting session for user "([a-z0-9._-]+@[a-z0-9._-]+)" from {_ADDRESS}',
         lambda time, m, _: SessionStarted(time, m[1], m[2])),
        ("kopia/server", rf'session ended for user "([a-z0-9._-]+@[a-z0-9._-]+)" from {_ADDRESS}',
         lambda time, m, _: SessionEnded(time, m[1], m[2])),
        ("kopia/server", rf"failed login attempt by client {_ADDRESS} for user (.*)",
         lambda time, m, _: LoginRefused(time, redact(m[2], NAME_LIMIT), m[1])),
        ("maintenance", r"Running (full|quick) maintenance\.\.\.",
         lambda time, m, _: MaintenanceStarted(time, m[1] == "full")),
        ("maintenance", r"Finished (full|quick) maintenance\.",
         lambda time, m, _: MaintenanceFinished(time, m[1] == "full")),
        ("maintenance", r"unable to report run: (.*)",
         lambda time, m, _: MaintenanceFailed(time, None, redact(m[0]))),
        ("kopia/cli", r"Shutting down HTTP server \.\.\.", lambda time, *_: ShuttingDown(time)),
        ("kopia/server", r"shutting down due to API request", lambda time, *_: ShuttingDown(time)),
        ("kopia/server", r"(refresh error)", _fails("refresh")),
        ("kopia/server", r"unable to refresh authenticator: (.*)", _fails("refresh users")),
        ("kopia/server", r"unable to refresh authorizer: (.*)", _fails("refresh access control")),
        # of the loggers of internal/auth, whose names differ between versions
        ("", r"unable to load userProfiles map: (.*)", _fails("load users")),
        ("", r"unable to load aclEntries: (.*)", _fails("load access control")),
        ("retry", r"got error (.*) when (\w+)\([^()]*\) \(#\d+\), sleeping for \S+ before retrying",
         lambda time, m, _: _storage(m[2], time, m[1])),
        ("cache", r"unable to .*", lambda time, m, err: CacheFailed(time, redact(f"{m[0]}: {err}" if err else m[0]))),
        ("kopia/server", r"(unable to open repository: .*), will keep trying until canceled\. Sleeping for \S+",
         lambda time, m, _: RepositoryProblem(time, redact(m[1]))),
        ("kopia/cli", r"unable to initialize repository: .*",
         lambda time, m, _: RepositoryProblem(time, redact(m[0]))),
        ("kopia/repo", r"(?:failed to open repository|FATAL): .*",
         lambda time, m, _: RepositoryProblem(time, redact(m[0]))),
        ("kopia/server", r"the repository connection is read-only, .*|Repository not configured\.",
         lambda time, m, _: RepositoryProblem(time, redact(m[0]))),
    )
)  # fmt: skip


def parse_line(line: bytes) -> Record | None:
    """What a line says, without kubelet's timestamp and line end; None for one that says nothing."""
    if _NOTHING.match(line):
        return None
    text = line.decode("utf-8", "replace")
    return _of_json(text) if text.startswith("{") else _of_plain_text(text)


def _of_plain_text(text: str) -> Record | None:
    if text.startswith(_NOTIFICATION):
        return parse_notification(text[len(_NOTIFICATION) :])
    if found := _HANDSHAKE.fullmatch(text):
        return TLSHandshakeFailed("", found[1], redact(found[2]))
    if found := _STARTED.fullmatch(text):
        return ServerStarted("", redact(found[1], NAME_LIMIT))
    if _PANIC.fullmatch(text):
        return Panic("", redact(text))
    found = _HTTP.fullmatch(text)
    return LogMessage("", "warning", "http", redact(found[1])) if found else None


def _of_json(text: str) -> Record | None:
    fields = _fields(text)
    if fields is None:
        return None
    logger, message, level = fields.get("n"), fields.get("m"), fields.get("l")
    if not isinstance(logger, str) or not isinstance(message, str):
        return None
    time, err = utc(fields.get("t")), _text(fields, "err", "error")
    known = "maintenance" if logger == _OLD_MAINTENANCE else logger
    for name, pattern, made in _RULES:
        if name in (known, "") and (found := pattern.fullmatch(message)):
            return made(time, found, err)
    kind = _LEVELS.get(level) if isinstance(level, str) else None
    if kind is None:
        return None
    whole = redact(f"{message}: {err}" if err else message)
    return LogMessage(time, "warning" if kind == "warning" else "error", redact(logger, NAME_LIMIT), whole)


def _text(fields: dict[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := fields.get(name), str)), "")


def utc(value: object) -> str:
    """RFC 3339 in UTC as it is, or made of another zone; empty for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return ""
    try:
        moment = datetime.fromisoformat(value)
        if _TIME.fullmatch(value):
            return value
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def _fields(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None
