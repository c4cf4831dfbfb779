"""Somebody who scrapes a port of this machine, as Prometheus would more seldom; and reads memory."""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scraped(port: int, every_s: float) -> Iterator[list[int]]:
    """The sizes of the answers so far."""
    stop, sizes = threading.Event(), [0][:0]

    def scrape() -> None:
        while not stop.wait(every_s):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                    sizes.append(len(answer.read()))
            except OSError:
                continue  # it is starting, or ends

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield sizes
    finally:
        stop.set()
        thread.join()


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no memory in /proc")
