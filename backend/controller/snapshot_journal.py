"""The part of a server's journal about snapshots and tenants: what was published of them, and what is there now."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from backend.controller.claims import Claims
from backend.controller.session_events import Open
from backend.controller.snapshot_events import Context, SnapshotStep, overdue_step, snapshot_step
from backend.controller.state_events import News
from backend.kopia.snapshots import Snapshot

AT_ONCE = 500  # snapshots in one commit
OVERDUE = "overdue:"  # in the projection `tenants`: who was told to be overdue, beside who was seen


@dataclass(frozen=True)
class Holdings:
    """What the repository holds, as the live view has it: the view's own mappings, read at once, never kept."""

    groups: Mapping[str, Mapping[str, Snapshot]]
    reasons: Callable[[str], Mapping[str, tuple[str, ...]]]


class SnapshotJournal:
    """Published and present snapshots of one server."""

    def __init__(self) -> None:
        self._tenants: dict[str, str] = {}
        self._overdue: dict[str, str] = {}
        self._told: dict[str, dict[str, str]] = {}  # by tenant, by manifest
        self._holdings: Holdings | None = None
        self._looked: set[str] | None = set()  # whom to compare; None: everybody
        # Seen, by manifest, and not known to be in Redis: they may go before they can be told.
        self._untold: dict[str, Snapshot] = {}
        self._look_back = False  # some of them may have gone since the last step
        self._telling: set[str] = set()  # those of them that the next commit tells of
        self._sent: dict[bytes, set[str]] = {}  # and that commits do whose outcome is not known yet, by token, in order

    def load(self, snapshots: Mapping[str, str], tenants: Mapping[str, str], token: bytes = b"") -> None:
        """Begin with what was published, the last of it by the commit with this token."""
        self._tenants, self._overdue, self._told = {}, {}, {}
        for name, text in tenants.items():
            if name.startswith(OVERDUE):
                self._overdue[name.removeprefix(OVERDUE)] = text
            else:
                self._tenants[name] = text
        for name, text in snapshots.items():
            self._told.setdefault(json.loads(text)["user"], {})[name] = text
        for name in snapshots:
            self._untold.pop(name, None)
        self.committed(token)
        self._telling, self._sent = set(), {}
        self._looked, self._look_back = None, True

    def sent(self, token: bytes) -> None:
        """What the last steps told is in the commit with this token."""
        self._sent[token], self._telling = self._telling, set()

    def committed(self, token: bytes) -> None:
        """That commit is in Redis, and so are those before it. Of one that we did not send we know nothing."""
        while token in self._sent:
            first = next(iter(self._sent))
            for name in self._sent.pop(first):
                self._untold.pop(name, None)

    def compare(self, holdings: Holdings, tenants: Iterable[str] | None) -> bool:
        """Whether that is something to do: before the first whole look, some tenants' snapshots tell nothing."""
        if tenants is None:
            self._holdings, self._looked = holdings, None
        elif self._holdings is None:
            return False
        elif self._looked is not None:
            self._looked |= set(tenants)
        self._see(holdings, holdings.groups.keys() if tenants is None else tenants)
        return self.due

    def _see(self, holdings: Holdings, tenants: Iterable[str]) -> None:
        self._look_back = True
        for name in tenants:
            told = self._told.get(name, {})
            self._untold.update((key, one) for key, one in holdings.groups.get(name, {}).items() if key not in told)

    def doubt(self) -> None:
        self._holdings, self._looked = None, set()
        self._untold.clear()

    @property
    def due(self) -> bool:
        return self._holdings is not None and self._looked != set()

    def step(
        self, now: datetime, session: Callable[[str], Open | None], claims: Claims
    ) -> tuple[list[News], dict[str, str], dict[str, str], bool]:
        """Events, fields of the projections `snapshots` and `tenants`, and whether reported failures were settled."""
        holdings, looked = self._holdings, self._looked
        if holdings is None or looked == set():
            return [], {}, {}, False
        names = holdings.groups.keys() if looked is None else looked
        reasons: dict[str, tuple[str, ...]] = {}
        for name in names:
            if holdings.groups.get(name, {}).keys() - self._told.get(name, {}).keys():
                reasons.update(holdings.reasons(name))
        context = Context(now, reasons, session)
        passed = self._passed(holdings) if self._look_back else []
        self._look_back = len(passed) == AT_ONCE
        step = snapshot_step(
            holdings.groups, self._told, self._tenants, context, tenants=looked, passed=passed, limit=AT_ONCE
        )
        failed = []
        waiting = len(claims.users)
        if len(step.snapshots) < AT_ONCE:  # else there may be more
            self._looked = set()
            failed = claims.settle(holdings.groups, looked)
        self._keep(step)
        return [*step.news, *failed], step.snapshots, step.tenants, len(claims.users) != waiting

    def _passed(self, holdings: Holdings) -> list[Snapshot]:
        """Those that came and went, and were never told."""
        there, told = holdings.groups, self._told
        gone = (one for one in self._untold.values() if one.id not in there.get(one.tenant, {}))
        sent = self._telling.union(*self._sent.values())
        untold = (one for one in gone if one.id not in sent and one.id not in told.get(one.tenant, {}))
        return list(islice(untold, AT_ONCE))

    def _keep(self, step: SnapshotStep) -> None:
        self._telling |= step.snapshots.keys() & self._untold.keys()
        gone = {name for name, text in step.snapshots.items() if not text}
        for name, text in step.snapshots.items():
            if text:
                self._told.setdefault(json.loads(text)["user"], {})[name] = text
        if gone:
            for user, items in list(self._told.items()):
                for name in gone & items.keys():
                    del items[name]
                if not items:
                    del self._told[user]
        self._tenants.update(step.tenants)

    def overdue(self, late: Mapping[str, float], age: str, now: datetime) -> tuple[list[News], dict[str, str]]:
        """`late`: since when by user; of whoever never had a snapshot, since the account was made."""
        last = {user: since if self._told.get(user) else 0.0 for user, since in late.items()}
        step = overdue_step(last, self._overdue, now, age, self._newest)
        for user, text in step.tenants.items():
            if text:
                self._overdue[user] = text
            else:
                self._overdue.pop(user, None)
        return step.news, {OVERDUE + user: text for user, text in step.tenants.items()}

    def _newest(self, user: str) -> str | None:
        bodies = map(json.loads, self._told.get(user, {}).values())
        return max((str(one["endTime"]) for one in bodies if not one["incomplete"] and "endTime" in one), default=None)
