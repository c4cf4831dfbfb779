"""The projections of one server as they are held in memory, and changed field by field."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Set
from typing import Any

from backend.api.data.index import Collection, Item
from backend.api.data.records import session_item, snapshot_item, time_of
from backend.api.data.tenants import LAST_TIME, SNAPSHOTS, Tenants
from backend.events.keys import ServerKeys
from backend.kopia.users import ADMIN_NAME, PROBE_NAME

log = logging.getLogger(__name__)


class Projections:
    """Snapshots, open sessions and tenants of one server."""

    def __init__(self, keys: ServerKeys) -> None:
        self.keys = keys
        self.snapshots = Collection(3)
        self.sessions = Collection(1)
        self._own = own_accounts(keys.namespace, keys.name)
        self.tenants = Tenants(self.snapshots, self.sessions, self._own)
        self._users: tuple[int, frozenset[str]] = (0, frozenset())

    def take_snapshots(self, fields: Mapping[str, bytes | None]) -> None:
        """Fields of the projection `snapshots`; None for one that is gone."""
        change = {name: None if text is None else self._snapshot(name, text) for name, text in fields.items()}
        self.tenants.touch(self.snapshots.apply(change))

    def load_snapshots(self, fields: Mapping[str, bytes | None]) -> None:
        """The same of fields that are new, faster; `snapshots.sort` has to follow."""
        found = ((name, None if text is None else self._snapshot(name, text)) for name, text in fields.items())
        self.tenants.touch(self.snapshots.add({name: item for name, item in found if item is not None}))

    def _snapshot(self, name: str, text: bytes) -> Item | None:
        try:
            return snapshot_item(text)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            self._refused("snapshot", name, error)
            return None

    def take_sessions(self, fields: Mapping[bytes, bytes]) -> None:
        """All of the projection `sessions`."""
        change: dict[str, Item | None] = dict.fromkeys(self.sessions.all.items)
        for field, text in fields.items():
            try:
                name, item = session_item(text)
            except (ValueError, KeyError, TypeError, OverflowError) as error:
                self._refused("session", field.decode("utf-8", "replace"), error)
                continue
            if item.owner not in self._own:
                change[name] = item
        self.tenants.touch(self.sessions.apply(change))

    def take_tenants(self, fields: Mapping[bytes, bytes]) -> None:
        """All of the projection `tenants`."""
        self.tenants.load(
            {name.decode("utf-8", "replace"): text.decode("utf-8", "replace") for name, text in fields.items()}
        )

    def users(self) -> frozenset[str]:
        """All tenants: the same object while they are the same; rows have to be refreshed."""
        rows = self.tenants.rows
        if self._users[0] != rows.version:
            self._users = (rows.version, frozenset(rows.items))
        return self._users[1]

    def figures(self) -> dict[str, Any]:
        """Of all tenants; rows have to be refreshed."""
        rows, snapshots = self.tenants.rows, self.snapshots
        return _figures(
            tenants=len(rows.items),
            overdue=sum(user in rows.items for user in self.tenants.overdue),
            snapshots=len(snapshots.all.items),
            incomplete=len(snapshots.incomplete.items),
            last=next((item.keys[LAST_TIME] for item in self._newest()), 0),
            sessions=len(self.sessions.all.items),
        )

    def figures_of(self, users: Set[str]) -> dict[str, Any]:
        """The same of these tenants; each has a row."""
        rows = [self.tenants.rows.items[user] for user in users]
        return _figures(
            tenants=len(rows),
            overdue=sum(user in users for user in self.tenants.overdue),
            snapshots=sum(row.keys[SNAPSHOTS] for row in rows),
            incomplete=sum(item.owner in users for item in self.snapshots.incomplete.items.values()),
            last=max((row.keys[LAST_TIME] for row in rows), default=0),
            sessions=sum(len(self.sessions.tenant(user).items) for user in users),
        )

    def _newest(self) -> Iterator[Item]:
        """Rows of tenants, who last finished a snapshot first."""
        rows = self.tenants.rows
        return (rows.items[name] for _, name in reversed(rows.entries(LAST_TIME)))

    def _refused(self, what: str, name: str, error: Exception) -> None:
        log.warning("what Redis holds of %s %r of %s is left out: %r", what, name, self.keys.server.decode(), error)


def own_accounts(namespace: str, name: str) -> frozenset[str]:
    """The controller's accounts at a server: they are no tenants."""
    return frozenset(f"{account}@{name}.{namespace}" for account in (ADMIN_NAME, PROBE_NAME))


def _figures(
    *, tenants: int, overdue: int, snapshots: int, incomplete: int, last: int, sessions: int
) -> dict[str, Any]:
    """`last`: when the newest snapshot ended, 0 for never."""
    total = {"total": snapshots, "incomplete": incomplete}
    return {
        "tenants": {"total": tenants, "overdue": overdue},
        "snapshots": total | ({"lastTime": time_of(last)} if last else {}),
        "sessions": sessions,
    }
