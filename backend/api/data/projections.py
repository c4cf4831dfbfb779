"""The projections of one server as they are held in memory, and changed field by field."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from backend.api.data.index import Collection, Item
from backend.api.data.records import session_item, snapshot_item
from backend.api.data.tenants import Tenants
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

    def take_snapshots(self, fields: Mapping[str, bytes | None]) -> None:
        """Fields of the projection `snapshots`; None for one that is gone."""
        change = {name: None if text is None else self._snapshot(name, text) for name, text in fields.items()}
        self.tenants.touch(self.snapshots.apply(change))

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
            if item.user not in self._own:
                change[name] = item
        self.tenants.touch(self.sessions.apply(change))

    def take_tenants(self, fields: Mapping[bytes, bytes]) -> None:
        """All of the projection `tenants`."""
        self.tenants.load(
            {name.decode("utf-8", "replace"): text.decode("utf-8", "replace") for name, text in fields.items()}
        )

    def _refused(self, what: str, name: str, error: Exception) -> None:
        log.warning("what Redis holds of %s %r of %s is left out: %r", what, name, self.keys.server.decode(), error)


def own_accounts(namespace: str, name: str) -> frozenset[str]:
    """The controller's accounts at a server: they are no tenants."""
    return frozenset(f"{account}@{name}.{namespace}" for account in (ADMIN_NAME, PROBE_NAME))
