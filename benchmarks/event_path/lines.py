"""Logs as kubelet gives them, shaped like those of real servers: what stock clients leave behind, line by line.

A client connects once for each command. `kopia snapshot create` opens two streams over its connection (four lines), a
short command one (two lines); every few hundred lines there is maintenance or plain text. See the captures
under tests/unit/kopia.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, tzinfo=UTC)
TENANTS = 200
_SESSION = '{"l":"INFO","t":"%s","n":"kopia/server","m":"%s for user \\"%s\\" from %s"}'
_MAINTENANCE = '{"l":"INFO","t":"%s","n":"maintenance","m":"%s"}'
_LOGIN = '{"l":"INFO","t":"%s","n":"kopia/server","m":"successful login by client %s for user server-control"}'
_PLAIN = "2026/11/01 00:00:00 http: TLS handshake error from %s: EOF"


@dataclass
class Log:
    """The log of one server, and what must come of it."""

    text: bytes
    lines: int
    events: int


def make_log(lines: int, seed: int, *, every_line: bool = False) -> Log:
    """`every_line`: the worst case, in which each line is an event of its own."""
    rng = random.Random(seed)
    made: list[bytes] = []
    events = 0
    time = START
    for texts, told in _visits(rng, every_line=every_line):
        for text in texts:
            time += timedelta(microseconds=rng.randrange(50, 5000))
            now = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}"
            made.append(f"{now}{rng.randrange(1000):03}Z {text.replace('%s', f'{now}Z', 1)}\n".encode())
        events += told
        if len(made) >= lines:
            return Log(b"".join(made), len(made), events)
    raise AssertionError("visits never end")


def _visits(rng: random.Random, *, every_line: bool) -> Iterator[tuple[list[str], int]]:
    """Lines that belong together, with `%s` for the time, and how many events they are."""
    number = 0
    while True:
        number += 1
        tenant = rng.randrange(TENANTS)
        user = f"tenant-{tenant:03}@vm-{tenant:03}"
        address = f"10.128.{rng.randrange(256)}.{rng.randrange(256)}:{32768 + number % 28000}"
        begin, end = (_SESSION % ("%s", what, user, address) for what in ("starting session", "session ended"))
        if every_line or rng.random() < 0.4:
            yield [begin, end], 2
        else:
            yield [begin, begin, end, end], 2
        if every_line:
            continue
        if number % 100 == 0:
            yield [_MAINTENANCE % ("%s", f"{word} quick maintenance{dots}")
                   for word, dots in (("Running", "..."), ("Finished", "."))], 2  # fmt: skip
        if number % 20 == 0:
            yield [_LOGIN % ("%s", address)], 0
        if number % 50 == 0:
            yield [_PLAIN % address], 0
