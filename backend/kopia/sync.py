"""Make the users in the repository those of the list: a pure plan, and its application with all requests in flight.

Ownership is a label on the user's manifest. A tenant who changes their own password by the `kopia` client loses our
labels; the next plan sees that and puts the listed hash back. Users nobody listed and we never made are left alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field

from backend.kopia.errors import NotFound
from backend.kopia.session import KopiaSession, ManifestEntry
from backend.kopia.users import PasswordHash

USER_LABELS = {"type": "user"}
NAME_LABEL = "username"
OWNER_LABEL = "bsls-owner"
HASH_LABEL = "bsls-hash"
APPLY_DEADLINE = 60.0


@dataclass(frozen=True)
class PresentUser:
    """What the repository holds for one name; the newest manifest counts, older ones are left-overs."""

    manifest_ids: tuple[str, ...]  # newest first
    owner: str
    digest: str


@dataclass(frozen=True)
class UserPlan:
    """What to do; `changes` puts a new manifest and then deletes the old ones, so that no login falls between."""

    owner: str
    adds: Mapping[str, PasswordHash] = field(default_factory=dict)
    changes: Mapping[str, PasswordHash] = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()  # listed names that belong to someone else (the admin user)
    delete_ids: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.adds or self.changes or self.delete_ids)


@dataclass(frozen=True)
class Applied:
    """What was done; written counts adds and changes."""

    written: int = 0
    removed: int = 0


def present_users(entries: Iterable[ManifestEntry]) -> dict[str, PresentUser]:
    """Group user manifests by name, as Kopia does: the latest wins."""
    by_name: dict[str, list[ManifestEntry]] = {}
    for entry in entries:
        by_name.setdefault(entry.labels.get(NAME_LABEL, ""), []).append(entry)
    return {name: _present(found) for name, found in by_name.items() if name}


def plan_users(
    wanted: Mapping[str, PasswordHash],
    present: Mapping[str, PresentUser],
    owner: str,
    *,
    protected: Collection[str] = (),
    owned: Collection[str] = (),
) -> UserPlan:
    """The difference. `protected` names are never touched; `owned` names count as ours even without the label."""
    adds: dict[str, PasswordHash] = {}
    changes: dict[str, PasswordHash] = {}
    deletes: list[str] = []
    for name, password_hash in wanted.items():
        if name in protected:
            continue
        there = present.get(name)
        if there is None:
            adds[name] = password_hash
        elif there.owner != owner or there.digest != password_hash.digest():
            changes[name] = password_hash
            deletes.extend(there.manifest_ids)
        else:
            deletes.extend(there.manifest_ids[1:])
    removes = sorted(
        name
        for name, there in present.items()
        if name not in wanted and name not in protected and (there.owner == owner or name in owned)
    )
    for name in removes:
        deletes.extend(present[name].manifest_ids)
    refused = tuple(sorted(name for name in wanted if name in protected))
    return UserPlan(owner, adds, changes, tuple(removes), refused, tuple(deletes))


async def read_users(session: KopiaSession, *, deadline: float | None = None) -> dict[str, PresentUser]:
    """One request, whatever the number of users: the labels tell everything a plan needs."""
    return present_users(await session.find_manifests(USER_LABELS, deadline=deadline))


async def apply_users(session: KopiaSession, plan: UserPlan, *, deadline: float = APPLY_DEADLINE) -> Applied:
    """Write, then delete, then flush; all requests of a step in flight at once. The first error is raised."""
    if plan.empty:
        return Applied()
    wanted = {**plan.adds, **plan.changes}
    await _all(_put(session, name, password_hash, plan.owner, deadline) for name, password_hash in wanted.items())
    await _all(_delete(session, manifest_id, deadline) for manifest_id in plan.delete_ids)
    await session.flush(deadline=deadline)
    return Applied(written=len(wanted), removed=len(plan.removes))


async def _all(calls: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all at once; the first error is raised, and the rest given up."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _put(session: KopiaSession, name: str, password_hash: PasswordHash, owner: str, deadline: float) -> None:
    labels = {**USER_LABELS, NAME_LABEL: name, OWNER_LABEL: owner, HASH_LABEL: password_hash.digest()}
    await session.put_manifest(password_hash.manifest_body(name), labels, deadline=deadline)


async def _delete(session: KopiaSession, manifest_id: str, deadline: float) -> None:
    try:
        await session.delete_manifest(manifest_id, deadline=deadline)
    except NotFound:
        return


def _present(found: list[ManifestEntry]) -> PresentUser:
    newest_first = sorted(found, key=lambda entry: entry.modified_ns, reverse=True)
    labels = newest_first[0].labels
    return PresentUser(
        tuple(entry.id for entry in newest_first), labels.get(OWNER_LABEL, ""), labels.get(HASH_LABEL, "")
    )
