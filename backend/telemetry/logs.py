"""Log lines: one JSON object each, so that no value can forge a line, or text for people at a terminal.

Levels are set for each module, and can be changed while the process runs: `bsls log-level`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from backend.telemetry.spans import current

log = logging.getLogger(__name__)

LEVELS = ("debug", "info", "warning", "error")
_changed: set[str] = set()  # loggers that have a level of their own
_QUIET_S = 60.0  # between two equal complaints of the SDK, which makes one for each try


class InvalidLevels(ValueError):
    """The text says what to correct."""


def parse_levels(text: str) -> dict[str, str]:
    """`info,backend.kopia=debug`: by logger, `""` for all others. Raises InvalidLevels."""
    found: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, given, level = part.rpartition("=")
        if level not in LEVELS or (given and not name) or name in found:
            raise InvalidLevels(
                f"{part!r}: give a level ({', '.join(LEVELS)}) or logger=level, each once, separated by commas"
            )
        found[name] = level
    return found


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        span = current()
        if span:
            line |= {"trace_id": span.trace_id, "span_id": span.span_id}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """`09:42:22.978 WARNING kopia.session  message`; control characters are shown, not obeyed."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone()
        name = record.name.removeprefix("backend.")
        text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in record.getMessage())
        line = f"{moment:%H:%M:%S}.{int(record.msecs):03} {record.levelname:7} {name}  {text}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Seldom(logging.Filter):
    """Of the SDK's complaints about a receiver, the same one once a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("opentelemetry"):
            return True
        now, key = time.monotonic(), f"{record.name} {record.msg}"
        if now - self._told.get(key, -_QUIET_S) < _QUIET_S:
            return False
        if len(self._told) > 100:
            self._told.clear()
        self._told[key] = now
        return True


def set_up(levels: str, stream: TextIO | None = None, env: Mapping[str, str] = os.environ) -> None:
    """Text at a terminal, else JSON; `BSLS_LOG_FORMAT` (`json`, `text`) decides otherwise. Raises InvalidLevels."""
    wanted = parse_levels(levels)
    stream = stream or sys.stderr
    text = env.get("BSLS_LOG_FORMAT", "text" if stream.isatty() else "json") == "text"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter() if text else JsonFormatter())
    handler.addFilter(_Seldom())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    apply(wanted)


def apply(levels: Mapping[str, str]) -> None:
    """These, and no others that were set before."""
    for name in _changed - levels.keys():
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.getLogger().setLevel(levels.get("", "info").upper())
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level.upper())
    _changed.clear()
    _changed.update(filter(None, levels))


# --- at run time -----------------------------------------------------------------------------------------------------


def level_file(pid: int) -> Path:
    """What the process with this id reads at SIGHUP."""
    return Path(os.environ.get("TMPDIR", "/tmp")) / f"bsls-log-level.{pid}"  # noqa: S108 - checked to be our own


def reload() -> None:
    """Take over what the file says: the handler of SIGHUP."""
    path = level_file(os.getpid())
    try:
        if path.lstat().st_uid != os.getuid() or path.is_symlink():
            raise PermissionError(f"{path} is not our own")
        text = path.read_text(encoding="utf-8")
        apply(parse_levels(text))
    except (OSError, ValueError) as error:
        log.warning("the log levels stay as they are: %s", error)
    else:
        log.warning("log levels from now on: %s", text.strip() or "info")
