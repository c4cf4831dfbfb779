"""Tenants of one server: a row for each, made of its snapshots, its open sessions and what was told of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice

from backend.api.data.index import Collection, Index, Item, make_item
from backend.api.data.records import END, US, dump, micros, time_of
from backend.crd.durations import parse_duration

OVERDUE = "overdue:"
"""In the projection `tenants`: who was told to be overdue, beside who was seen."""

NAME, LAST_TIME, SNAPSHOTS = range(3)
"""Orders of tenants."""


class Tenants:
    """`rows` is up to date after `refresh`. `own`: accounts of the server itself, which are no tenants."""

    def __init__(self, snapshots: Collection, sessions: Collection, own: Iterable[str]) -> None:
        self.rows = Index(3)
        self.overdue: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._snapshots = snapshots
        self._sessions = sessions
        self._own = frozenset(own)
        self._age: timedelta | None = None
        self._max_age = ""
        self._stale: set[str] = set()

    def touch(self, users: Iterable[str]) -> None:
        """Snapshots or sessions of these are others now."""
        self._stale.update(users)

    def load(self, projection: Mapping[str, str]) -> None:
        """All of the projection `tenants`."""
        overdue, seen = {}, {}
        for name, text in projection.items():
            if name.startswith(OVERDUE):
                overdue[name.removeprefix(OVERDUE)] = text
            else:
                seen[name] = text
        self._stale |= {user for user, _ in self.overdue.items() ^ overdue.items()}
        self._stale |= {user for user, _ in self._seen.items() ^ seen.items()}
        self.overdue, self._seen = overdue, seen

    def objective(self, max_age: str) -> None:
        """`spec.objectives.maxSnapshotAge`, empty for none: an overdue tenant is so since that long after the last."""
        if max_age == self._max_age:
            return
        self._max_age = max_age
        age = parse_duration(max_age) if max_age else None
        if age != self._age:
            self._age = age
            self._stale |= self.overdue.keys()

    def refresh(self, at_once: int = 0) -> bool:
        """Make rows anew, at most so many; whether none is left."""
        stale = self._stale
        if not stale:
            return True
        wanted = [stale.pop() for _ in range(min(len(stale), at_once or len(stale)))]
        self.rows.apply({user: self._row(user) for user in wanted if self.rows.items.get(user) or self._known(user)})
        return not stale

    def _known(self, user: str) -> bool:
        return user not in self._own and (
            user in self._seen
            or user in self.overdue
            or user in self._snapshots.tenants
            or user in self._sessions.tenants
        )

    def _row(self, user: str) -> Item | None:
        if not self._known(user):
            return None
        held = self._snapshots.tenant(user)
        total = len(held.items)
        incomplete = sum(not item.good for item in held.items.values()) if total < _FEW else self._incomplete(user)
        last = next(_complete_ends(held), 0)
        snapshots = {"total": total, "incomplete": incomplete} | ({"lastTime": time_of(last)} if last else {})
        row = {
            "user": user,
            "snapshots": snapshots,
            "sessions": len(self._sessions.tenant(user).items),
            "overdue": user in self.overdue,
            "overdueSince": self._overdue_since(user),
            "unreadFiles": _unread(held, last) or None,
            "firstSeenTime": self._seen.get(user),
        }
        body = dump({name: value for name, value in row.items() if value is not None})
        return make_item(user, (0, last, total), body, good=user not in self.overdue)

    def _incomplete(self, user: str) -> int:
        return sum(item.owner == user for item in self._snapshots.incomplete.items.values())

    def _overdue_since(self, user: str) -> str | None:
        last = self.overdue.get(user, "never")
        if self._age is None or last == "never":
            return None
        try:
            return time_of(micros(last) + round(self._age.total_seconds() * US))
        except OverflowError:
            return None  # a client's clock was at the end of time


GIVEN_UP = timedelta(days=45)
"""A folder whose newest snapshot is so much older than the tenant's is no longer backed up. Longer than a month: some
folders are backed up monthly.
"""

_FEW = 2000  # snapshots of a tenant; with more, those of all tenants that are incomplete are fewer


def _unread(held: Index, last: int) -> int:
    """What the newest complete snapshot of each folder lacks: a later one of another folder does not make up for it.

    Folders of which none is among the newest, by number and by age, are no longer backed up. The age is that at the
    tenant's newest snapshot, which ended at `last`, not now: who backs up nothing at all lacks what they lacked.
    """
    folders: set[str] = set()
    unread = 0
    oldest = last - round(GIVEN_UP.total_seconds() * US)
    for end, name in islice(reversed(held.entries(END)), _FEW):
        item = held.items[name]
        if end < oldest:
            break
        if item.good and item.about not in folders:
            folders.add(item.about)
            unread += item.lacks
    return unread


def _complete_ends(held: Index) -> Iterator[int]:
    """Ends of complete snapshots, the newest first."""
    return (key for key, name in reversed(held.entries(END)) if held.items[name].good)
