"""Bring users, access control entries and the global policy of one repository to what is asked for, through one
session; then let the server take them over, and prove it by a login.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backend.kopia.acl import ACL_LABELS, AclList, AclPlan, acl_manifest, parse_acl, plan_acl, wanted_entries
from backend.kopia.control import ControlClient
from backend.kopia.errors import AccessDenied, KopiaError
from backend.kopia.manifests import ManifestCache
from backend.kopia.policy import differences, merge, read_global, write_global
from backend.kopia.probe_login import Credential, ProbeAccount
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
from backend.kopia.users import PasswordHash, is_reserved

WRITE_DEADLINE_S = 60.0
REFRESH_DEADLINE_S = 5.0
LOGIN_DEADLINE_S = 10.0

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
class Endpoint:
    """Where the server is. Passwords never show in a repr."""

    address: str
    certificate: bytes = field(repr=False)
    control_passwords: tuple[str, ...] = field(repr=False)


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
        self._probe = ProbeAccount(probe_user)
        self._unproven = True

    def present(self) -> dict[str, PresentUser]:
        """Who can log in, without the accounts of controllers."""
        return {name: user for name, user in present_users(self.users.values()).items() if not is_reserved(name)}

    async def touched(self, session: KopiaSession, name: str) -> bool:
        """Whether somebody changed this user since the last sync; one small request."""
        listed = await session.find_manifests({**USER_LABELS, NAME_LABEL: name})
        return {entry.id for entry in listed} != {one.id for one in self.users.group(name).values()}

    def doubt(self) -> None:
        """Another server process: whether it has taken everything over is not known."""
        self._unproven = True

    async def sync(
        self, session: KopiaSession, endpoint: Endpoint, asked: Asked, *, may_refresh: bool = True
    ) -> SyncReport:
        """One pass. `may_refresh` False while the storage is bad: a refresh would hang the whole server."""
        self._probe.prepare()
        for cache in (self.users, self.acls):
            if await cache.refresh(session):
                self._unproven = True  # somebody else's change shall be in effect too
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
        self._unproven = self._unproven or repairing or bool(policy.forged) or not (users.empty and acl.empty)
        credential = await self._probe.take() if self._unproven and may_refresh else None
        written = await self._write(session, asked.rules.owner, users, acl, credential, policy.forged)
        live_error = await self._prove(endpoint, credential)
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
            items.append(user_manifest(self._probe.user, credential.hash, owner))
            deletes += [one.id for one in self.users.values() if one.name == self._probe.user]
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

    async def _prove(self, endpoint: Endpoint, credential: Credential | None) -> str:
        """Refresh and log in; a sentence when that cannot be done."""
        if not self._unproven:
            return ""
        if credential is None:
            return "The storage does not answer, so the server was not told of the change yet."
        try:
            await refresh(endpoint)
            await self._probe.log_in(endpoint.address, endpoint.certificate, credential, deadline=LOGIN_DEADLINE_S)
        except AccessDenied as error:
            return f"The server does not let our own probe user in after the change: {error}"
        except KopiaError as error:
            return f"The server could not be asked to take the change over: {error}"
        self._unproven = False
        self._probe.prepare()
        return ""

    async def close(self) -> None:
        await self._probe.close()


async def refresh(endpoint: Endpoint) -> None:
    """Let the server take over what was written; of several control passwords (one may be due) the first that fits."""
    for left, password in zip(
        range(len(endpoint.control_passwords) - 1, -1, -1), endpoint.control_passwords, strict=True
    ):
        async with ControlClient(endpoint.address, endpoint.certificate, password) as control:
            try:
                await control.refresh(deadline=REFRESH_DEADLINE_S)
                return
            except AccessDenied:
                if not left:
                    raise
