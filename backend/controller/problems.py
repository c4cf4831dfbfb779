"""What can be wrong with a server: an area (a condition), a stable reason, a sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Area(StrEnum):
    """The narrower conditions. Their order is the order in which a problem is named as the cause."""

    STORAGE = "StorageReady"
    REPOSITORY = "RepositoryReady"
    TLS = "TLSReady"
    USERS = "UsersSynced"
    ACCESS = "AccessControlSynced"
    POLICY = "PolicySynced"
    OBJECTIVES = "ObjectivesMet"
    POD = "Pod"


class Next(StrEnum):
    """What happens next. USER: nothing until somebody repairs it (we are told by a watch or a probe);
    WAIT: it is under way, we look again; RETRY: back-off."""

    USER = "User"
    WAIT = "Wait"
    RETRY = "Retry"


@dataclass(frozen=True)
class Problem:
    """One violated expectation. `stop` means the running server must not go on either."""

    area: Area
    reason: str
    message: str
    next: Next = Next.USER
    stop: bool = False


class WaitError(Exception):
    """Look again after `delay_s` seconds; not a failure."""

    def __init__(self, message: str, delay_s: float) -> None:
        super().__init__(message)
        self.delay_s = delay_s
