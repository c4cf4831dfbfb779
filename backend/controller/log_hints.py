"""What the watch of a server needs of its log at once, whether or not events are kept: whose sessions have ended, and
when maintenance ran. Hints only: what is missed here, the slow poll finds.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from backend.controller.watcher import Watcher
from backend.kopia.log_lines import parse_line
from backend.kopia.log_records import MaintenanceFinished
from backend.kopia.snapshots import seconds

_ENDED: Final = re.compile(
    rb'^\S+ \{"l":"INFO","t":"[^"]*","n":"kopia/server",'
    rb'"m":"session ended for user \\"([a-z0-9._-]+@[a-z0-9._-]+)\\" from ',
    re.MULTILINE,
)
_FINISHED: Final = re.compile(rb'^\S+ (\{[^\n]*"m":"Finished [a-z]+ maintenance\."[^\n]*)$', re.MULTILINE)


def take_hints(watcher: Watcher, lines: bytes) -> None:
    """Whole lines, each with kubelet's timestamp."""
    for user in set(_ENDED.findall(lines)):
        name = user.decode()
        if name != watcher.target.probe_user:
            watcher.session_ended(name)
    for line in _FINISHED.findall(lines) if b'"Finished ' in lines else ():
        run = parse_line(line)
        if isinstance(run, MaintenanceFinished):
            known, time = watcher.facts.maintenance, seconds(run.time)
            watcher.learn(maintenance=replace(known, full=time) if run.full else replace(known, quick=time))
