"""Bring users, access control entries and the global policy of one repository to what is asked for, through one
session; then let the server take them over, and prove it by a login.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backend.kopia.acl import ACL_LABELS, AclList, AclPlan, acl_manifest, parse_acl, plan_acl, wanted_entries
from backend.kopia.manifests import ManifestCache
from backend.kopia.policy import differences, merge, read_global, write_global
from backend.kopia.session import KopiaSession, Manifest, ManifestEntry
from backend.kopia.sync import (
    NAME_LABEL,
    USER_LABELS,
    PresentUser,
    UserPlan,
    UserRules,
    parse_user,
    plan_users,
    present_users,
    user_manifest,
)
from backend.kopia.takeover import Credential, Endpoint, How, Takeover
from backend.kopia.users import PasswordHash, is_reserved

WRITE_DEADLINE_S = 60.0

Item = tuple[Mapping[str, Any], Mapping[str, str]]


@dataclass(frozen=True)
class Asked:
    """What the repository shall hold. `users` None: the users are left alone; so is the policy when it is empty.

    `acl_keep_all`: lines of that list are unreadable, so no entry is taken away.
    """

    users: Mapping[str, PasswordHash] | None = field(default=None, repr=False)
    rules: UserRules = field(default_factory=lambda: UserRules(""))
    acl: AclList = field(default_factory=AclList)
    acl_keep_all: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)
    policy_repair: bool = True

    def knowing(self, ours: Mapping[str, str]) -> Asked:
        """The same, with what this server wrote last."""
        return replace(self, rules=replace(self.rules, ours=ours))


@dataclass(frozen=True)
class SyncReport:
    """What one pass found and did. `written`: manifests put; `policy_drift`: differences found, one a line;
    `policy_repaired`: they were put right; `forged_policies`: policies that tenants had labelled as everybody's, and
    that were removed. `live`: a login proved that the server has taken everything over; else
    `live_error` says what is missing.
    """

    users: UserPlan
    acl: AclPlan
    present: int
    written: int
    policy_drift: tuple[str, ...] = ()
    policy_repaired: bool = False
    forged_policies: int = 0
    live: bool = False
    live_error: str = ""


class Tenancy:
    """One server's live copy of users and entries."""

    def __init__(self, probe_user: str) -> None:
        self.users = ManifestCache(USER_LABELS, parse_user, lambda labels: labels.get(NAME_LABEL, ""))
        self.acls = ManifestCache(ACL_LABELS, parse_acl)
        self._takeover = Takeover(probe_user)

    def present(self) -> dict[str, PresentUser]:
        """Who can log in, without the accounts of controllers."""
        return {name: user for name, user in present_users(self.users.values()).items() if not is_reserved(name)}

    async def touched(self, session: KopiaSession, name: str) -> bool:
        """Whether somebody changed this user since the last sync; one small request."""
        listed = await session.find_manifests({**USER_LABELS, NAME_LABEL: name})
        return {entry.id for entry in listed} != {one.id for one in self.users.group(name).values()}

    def doubt(self) -> None:
        """Another server process: whether it has taken everything over is not known."""
        self._takeover.doubt()

    async def sync(
        self, session: KopiaSession, endpoint: Endpoint, asked: Asked, *, how: How = How.REFRESH
    ) -> SyncReport:
        """One pass; `how` the server shall take over what changed."""
        self._takeover.prepare()
        for cache in (self.users, self.acls):
            if await cache.refresh(session):
                self._takeover.doubt()  # somebody else's change shall be in effect too
        present = present_users(self.users.values())
        users = plan_users(asked.users, present, asked.rules) if asked.users is not None else UserPlan("")
        acl = self._plan_acl(asked, present)
        policy = await read_global(session)
        drift = differences(policy.body, asked.policy)
        if asked.policy and len(policy.ids) > 1:
            drift = (*drift, f"there are {len(policy.ids)} global policies instead of one")
        repairing = bool(drift) and asked.policy_repair
        if repairing:
            await write_global(session, merge(policy.body, asked.policy), policy.ids)
        if repairing or policy.forged or not (users.empty and acl.empty):
            self._takeover.doubt()
        credential = await self._takeover.credential(how)
        written = await self._write(session, asked.rules.owner, users, acl, credential, policy.forged)
        live_error = await self._takeover.prove(endpoint, how)
        return SyncReport(
            users,
            acl,
            len(self.present()),
            written - bool(credential) + repairing,
            drift,
            repairing,
            len(policy.forged),
            live=not live_error,
            live_error=live_error,
        )

    def _plan_acl(self, asked: Asked, present: Mapping[str, PresentUser]) -> AclPlan:
        everybody = {name for name in (*present, *(asked.users or ())) if not is_reserved(name)}
        return plan_acl(
            wanted_entries(asked.acl, everybody),
            asked.acl.restricts,
            self.acls.values(),
            asked.rules.owner,
            keep_all=asked.acl_keep_all,
        )

    async def _write(
        self,
        session: KopiaSession,
        owner: str,
        users: UserPlan,
        acl: AclPlan,
        credential: Credential | None,
        forged: Sequence[str],
    ) -> int:
        """Put the new, then delete the old, then flush; all requests of a step in flight at once."""
        items: list[Item] = [user_manifest(name, password, owner) for name, password in users.writes.items()]
        items += [acl_manifest(item, owner) for item in acl.puts]
        items += [acl_manifest(item, "") for item in acl.plain_puts]
        deletes = [*users.delete_ids, *acl.delete_ids, *forged]
        if credential is not None:
            items.append(user_manifest(self._takeover.user, credential.hash, owner))
            deletes += [one.id for one in self.users.values() if one.name == self._takeover.user]
        if not items and not deletes:
            return 0
        ids = await session.put_manifests(items, deadline=WRITE_DEADLINE_S)
        await session.delete_manifests(deletes, deadline=WRITE_DEADLINE_S)
        await session.flush(deadline=WRITE_DEADLINE_S)
        self._remember(items, ids, deletes)
        return len(items)

    def _remember(self, items: Sequence[Item], ids: Sequence[str], deleted: Sequence[str]) -> None:
        """What we wrote need not be fetched again."""
        now = time.time_ns()
        for (body, labels), manifest_id in zip(items, ids, strict=True):
            manifest = Manifest(ManifestEntry(manifest_id, labels, now, 0), dict(body))
            (self.users if labels["type"] == USER_LABELS["type"] else self.acls).put(manifest)
        self.users.forget(deleted)
        self.acls.forget(deleted)

    async def close(self) -> None:
        await self._takeover.close()
