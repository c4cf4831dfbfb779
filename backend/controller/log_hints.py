"""What the watch of a server needs of its log at once, whether or not events are kept: whose sessions have ended, and
when maintenance ran. Hints only: what is missed here, the slow poll finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from backend.controller.watcher import Watcher
from backend.kopia.log_lines import parse_line
from backend.kopia.log_records import MaintenanceFinished
from backend.kopia.snapshots import seconds

# Inside of a message its quotes would be escaped.
_ENDED: Final = re.compile(rb'"m":"session ended for user \\"([^\\\n]{1,300})\\"')
_FINISHED: Final = b'"m":"Finished '


def take_hints(watcher: Watcher, lines: bytes) -> None:
    """Whole lines, each with kubelet's timestamp."""
    for user in set(_ENDED.findall(lines)):
        name = user.decode("utf-8", "replace")
        if name != watcher.target.probe_user:
            watcher.session_ended(name)
    for line in _lines_with(_FINISHED, lines):
        run = parse_line(line.partition(b" ")[2])
        if isinstance(run, MaintenanceFinished):
            known, time = watcher.facts.maintenance, seconds(run.time)
            watcher.learn(maintenance=replace(known, full=time) if run.full else replace(known, quick=time))


def _lines_with(text: bytes, lines: bytes) -> Iterator[bytes]:
    end = 0
    while (found := lines.find(text, end)) >= 0:
        end = lines.index(b"\n", found)
        yield lines[lines.rfind(b"\n", 0, found) + 1 : end]
