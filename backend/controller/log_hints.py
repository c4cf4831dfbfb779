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

MUCH: Final = 1 << 15  # bytes of a log that is being caught up with: nobody is looked at on their own
# Inside of a message its quotes would be escaped.
_ENDED: Final = re.compile(rb'"m":"session ended for user \\"([^\\\n]{1,300})\\"')
_FINISH: Final = b'"m":"Finished '
_FINISHED: Final = (_FINISH + b'full maintenance."', _FINISH + b'quick maintenance."')


def take_hints(watcher: Watcher, lines: bytes) -> None:
    """Whole lines, each with kubelet's timestamp."""
    if len(lines) > MUCH:
        watcher.much_ended = True
    else:
        _sessions(watcher, lines)
    for text in _FINISHED if lines.rfind(_FINISH) >= 0 else ():  # one look instead of two, nearly always
        run = parse_line(_last_with(text, lines).partition(b" ")[2])
        if isinstance(run, MaintenanceFinished):
            known, time = watcher.facts.maintenance, seconds(run.time)
            watcher.learn(maintenance=replace(known, full=time) if run.full else replace(known, quick=time))


def _sessions(watcher: Watcher, lines: bytes) -> None:
    users = {user.decode("utf-8", "replace") for user in set(_ENDED.findall(lines))}
    users.discard(watcher.target.probe_user)
    if users:
        watcher.sessions_ended(users)


def _last_with(text: bytes, lines: bytes) -> bytes:
    found = lines.rfind(text)
    return lines[lines.rfind(b"\n", 0, found) + 1 : lines.index(b"\n", found)] if found >= 0 else b""
