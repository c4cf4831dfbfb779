"""Which kind of record a line of Kopia's log must become, told by its text alone: written by hand from Kopia's sources,
without the parser. The samples, the captures and the real servers are all held against it.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = r'\\"[a-z0-9._-]+@[a-z0-9._-]+\\"'
_SERVER: Final = r'^\{.*"n":"kopia/server","m":"'
_CLI: Final = r'^\{.*"n":"kopia/cli","m":"'

# The first that fits counts; a line that fits none says nothing.
_KINDS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (_SERVER + rf'starting session for user {_NAME} from \S+"\}}$', "SessionStarted"),
        (_SERVER + rf'session ended for user {_NAME} from \S+"\}}$', "SessionEnded"),
        (_SERVER + r"failed login attempt by client ", "LoginRefused"),
        (_SERVER + r'shutting down due to API request"', "ShuttingDown"),
        (_CLI + r'Shutting down HTTP server \.\.\."', "ShuttingDown"),
        (r'^\{.*"n":"(maintenance|-)","m":"Running (full|quick) maintenance\.\.\."', "MaintenanceStarted"),
        (r'^\{.*"n":"(maintenance|-)","m":"Finished (full|quick) maintenance\."', "MaintenanceFinished"),
        (r'^NOTIFICATION: .*"body":"Operation: Scheduled Maintenance\\n', "MaintenanceFailed"),
        (r"^NOTIFICATION: \{", "Notification"),
        (r'^\{.*"n":"retry","m":"got error (.* )?context canceled when', "None"),
        (r'^\{.*"n":"retry","m":"got error .*(SlowDown|reduce your request rate)', "Throttled"),
        (r'^\{.*"n":"retry","m":"got error ', "StorageFailed"),
        (_SERVER + r"(refresh error|unable to refresh \w+: ).*(SlowDown|reduce your request rate)", "Throttled"),
        (_SERVER + r'refresh error"|' + _SERVER + r"unable to refresh \w+: ", "StorageFailed"),
        (r'^\{.*"m":"unable to load (userProfiles map|aclEntries): ', "StorageFailed"),
        (r'^\{.*"n":"cache","m":"unable to ', "CacheFailed"),
        (_SERVER + r"(unable to open repository: |the repository connection is read-only)", "RepositoryProblem"),
        (_CLI + r"unable to initialize repository: ", "RepositoryProblem"),
        (r'^\{.*"n":"kopia/repo","m":"failed to open repository: ', "RepositoryProblem"),
        (r'^\{"l":"(WARN|ERROR)"', "LogMessage"),
        (r"^SERVER ADDRESS: https://", "ServerStarted"),
        (r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d http: TLS handshake error from ", "TLSHandshakeFailed"),
        (r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d http2?: panic serving ", "Panic"),
        (r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d http2?: ", "LogMessage"),
    )
)


def kind_of(line: str) -> str:
    """Name of the record's class, or `None`."""
    return next((kind for pattern, kind in _KINDS if pattern.search(line)), "None")
