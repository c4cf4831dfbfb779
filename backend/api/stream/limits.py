"""What a process spends on streams."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes and seconds. A slow client loses events when it is `behind_bytes` behind, or behind what the log holds."""

    clients: int = 20_000
    log_bytes: int = 8 << 20
    log_age_s: float = 300.0
    behind_bytes: int = 1 << 20
    write_bytes: int = 32 << 10
    socket_bytes: int = 128 << 10  # of the kernel, for each client; it takes twice that
    stuck_s: float = 60.0  # a client that takes nothing for so long is cut off
    heartbeat_s: float = 15.0
    ask_s: float = 30.0  # how often it is asked whether a stream is still allowed
    answer_s: float = 10.0  # how long that may take
    tick_s: float = 1.0  # how exact heartbeats, ends and cuts are
    retry_ms: int = 2000
    page: int = 32  # entries of the firehose read at once; each may have 256 KiB
    pages: int = 4  # read at the same time
