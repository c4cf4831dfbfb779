"""Server-sent events as bytes. Pure."""

from __future__ import annotations

import json

from backend.api.stream.position import Position

GAP = "gap"
END = "end"


def event_frame(position: Position, name: str, raw: bytes) -> bytes:
    """`raw`: the CloudEvent in JSON. `name`: a short type, such as `session.started.v1`."""
    data = b"\ndata: ".join(raw.splitlines()) if b"\n" in raw or b"\r" in raw else raw
    kind = name if name and name.isprintable() else "message"
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(position).encode(), kind.encode(errors="replace"), data)


def gap_frame(after: Position, upto: Position, reason: str) -> bytes:
    """What was stored after `after`, up to and with `upto`, does not come in this stream."""
    return _named(GAP, {"after": str(after), "upto": str(upto), "reason": reason}, b"id: %b\n" % str(upto).encode())


def end_frame(reason: str, message: str, retry_ms: int) -> bytes:
    """The last one: why it ends, and when to come again."""
    return _named(END, {"reason": reason, "message": message}, b"retry: %d\n" % retry_ms)


def comment(text: str) -> bytes:
    return f": {' '.join(text.split())}\n\n".encode()


def place(position: Position | None, retry_ms: int | None = None) -> bytes:
    """Moves the `Last-Event-ID` of the client without an event, as the standard has it; also the heartbeat."""
    lines = [b":"]
    if retry_ms is not None:
        lines.append(b"retry: %d" % retry_ms)
    if position is not None:
        lines.append(b"id: " + str(position).encode())
    return b"\n".join(lines) + b"\n\n"


def chunk(data: bytes) -> bytes:
    """As one chunk of a chunked HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _named(name: str, data: dict[str, str], head: bytes) -> bytes:
    return b"%bevent: %b\ndata: %b\n\n" % (head, name.encode(), json.dumps(data, ensure_ascii=False).encode())
