"""Steps with visible progress, and what they took as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Report:
    """Print each step as it begins and ends; remember its seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._steps: list[dict[str, object]] = []
        self._started = time.monotonic()
        self.facts: dict[str, object] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        print(f"==> {title}", flush=True)
        started = time.monotonic()
        record: dict[str, object] = {"step": title, "ok": False}
        self._steps.append(record)
        try:
            yield
            record["ok"] = True
        except BaseException as error:
            record["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            record["seconds"] = round(time.monotonic() - started, 3)
            mark = "ok" if record["ok"] else "FAILED"
            print(f"    {mark}, {record['seconds']:.1f} s", flush=True)

    def say(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            print(f"    {line}", flush=True)

    def seconds(self, title: str) -> float:
        """What the step took."""
        return next(float(str(step["seconds"])) for step in self._steps if step["step"] == title)

    def write(self) -> bool:
        """Write demo-report.json; whether every step succeeded."""
        ok = all(step["ok"] for step in self._steps)
        total = round(time.monotonic() - self._started, 3)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(
            json.dumps({"ok": ok, "seconds": total, "facts": self.facts, "steps": self._steps}, indent=2) + "\n"
        )
        print(f"==> {'all steps succeeded' if ok else 'a step FAILED'} in {total:.1f} s; report: {self.path}")
        sys.stdout.flush()
        return ok
