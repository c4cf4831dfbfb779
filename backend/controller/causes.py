"""Why a server waits for a pass: the first change since the last one, and the trace that it belongs to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backend.controller.cache import Key
from backend.controller.problems import WaitError
from backend.kube.errors import ConflictError
from backend.telemetry.spans import Kept, Ref, Step, current, step, story

HARMLESS = (WaitError, ConflictError)  # the pass is repeated, nothing is wrong
Keep = Callable[[Key, list[Kept]], None]


@dataclass(frozen=True)
class Cause:
    """`what`: the object that changed, as `Secret backup/users`, or `""`; `at`: when that was seen, in nanoseconds
    since the epoch; `ref`: the work that brought it about, if it was our own.
    """

    what: str
    at: int
    ref: Ref | None
    echo: bool = False


class Causes:
    """`keep` gets the spans of passes that did something."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._waiting: dict[Key, Cause] = {}

    def note(self, key: Key, what: str = "", *, echo: bool = False) -> None:
        """The first cause counts. But what may be an `echo` of our own writing (the server's status, an object of ours)
        gives way to work of ours whose trace is known: that brought about what the pass will find.
        """
        cause, waiting = Cause(what, time.time_ns(), current(), echo), self._waiting.get(key)
        if waiting is None or (waiting.echo and cause.ref is not None):
            self._waiting[key] = cause

    @contextmanager
    def reconcile(self, key: Key) -> Iterator[Step]:
        """Around a pass, in the trace of its cause. A change from outside begins one, with the time in the queue."""
        cause = self._waiting.pop(key, None)
        of = {"bsls.namespace": key[0], "bsls.server": key[1]}

        def keep(spans: list[Kept]) -> None:
            self._keep(key, spans)

        if cause is None or cause.ref is not None:
            with story("reconcile", parent=cause.ref if cause else None, keep=keep, attributes=of) as made:
                made.harmless = HARMLESS
                yield made
            return
        changed = of | ({"bsls.changed": cause.what} if cause.what else {})
        with story("change", keep=keep, attributes=changed, start=cause.at) as whole, step("reconcile") as made:
            whole.harmless = made.harmless = HARMLESS
            yield made
