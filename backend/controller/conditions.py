"""metav1.Condition: stable order, transition times that change only with the status. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]
MAX_MESSAGE = 32768
NAMES_MATTER = frozenset(
    {"UserListMalformed", "AccessControlListMalformed", "UsersConflict", "UsersDrifted", "DriftRepaired",
     "PolicyDrifted", "TenantsOverdue"}
)  # fmt: skip
SUMMARIES = frozenset({"Degraded", "Progressing"})


@dataclass(frozen=True)
class Verdict:
    """`status` None means Unknown."""

    type: str
    status: bool | None
    reason: str
    message: str


def timestamp(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def to_conditions(verdicts: Iterable[Verdict], before: Iterable[Json], generation: int, now: datetime) -> list[Json]:
    """The conditions to write; a transition time is kept while its status is."""
    known = {item["type"]: item for item in before}
    found = []
    for verdict in verdicts:
        status = "Unknown" if verdict.status is None else str(verdict.status)
        last = known.get(verdict.type)
        same = last is not None and last["status"] == status
        found.append(
            {
                "type": verdict.type,
                "status": status,
                "observedGeneration": generation,
                "lastTransitionTime": last["lastTransitionTime"] if last and same else timestamp(now),
                "reason": verdict.reason,
                "message": verdict.message[:MAX_MESSAGE],
            }
        )
    return found


def news(before: Iterable[Json], after: Iterable[Json]) -> list[Json]:
    """Conditions whose status or reason is new: what an admin wants to be told. For a list of lines or users, another
    list is news too.
    """
    known = {item["type"]: _story(item) for item in before}
    return [item for item in after if known.get(item["type"]) != _story(item)]


def _story(item: Json) -> tuple[str, ...]:
    story = (item["status"], item["reason"])
    return (*story, item["message"]) if item["reason"] in NAMES_MATTER and item["type"] not in SUMMARIES else story
