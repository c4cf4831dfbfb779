"""Make the users in the repository those of the list: a pure plan. Bodies count, labels are hints: a tenant may write
labels of their own on their own manifest.

`ours` is what this server wrote last, by name (a digest of the hash). It outlives what tenants do to our labels, so a
tenant who changed their own password is still ours: repaired, or only reported, and removed when the list says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.kopia.session import Manifest
from backend.kopia.text_list import InvalidLine
from backend.kopia.users import PasswordHash, hash_from_manifest, is_reserved

USER_LABELS = {"type": "user"}
NAME_LABEL = "username"
OWNER_LABEL = "bsls-owner"


@dataclass(frozen=True, slots=True)
class UserManifest:
    """One user manifest. `password` is None when the body holds no hash that Kopia would take."""

    id: str
    name: str
    owner: str
    modified_ns: int
    password: PasswordHash | None


def parse_user(manifest: Manifest) -> UserManifest:
    """Kopia goes by the label, not by the name in the body."""
    entry = manifest.entry
    try:
        password = hash_from_manifest(manifest.body or {})
    except InvalidLine:
        password = None
    labels = entry.labels
    return UserManifest(entry.id, labels.get(NAME_LABEL, ""), labels.get(OWNER_LABEL, ""), entry.modified_ns, password)


@dataclass(frozen=True, slots=True)
class PresentUser:
    """What the repository holds for one name; the newest manifest counts, older ones are left-overs."""

    manifest_ids: tuple[str, ...]  # newest first
    owner: str
    password: PasswordHash | None
    modified_ns: int


@dataclass(frozen=True)
class UserPlan:
    """What to do, and what was found. `writes` are put before the old manifests in `delete_ids` go, so that no login
    falls between.

    `drifted`: ours and listed, but changed or deleted by somebody else. `conflicts`: listed, but made by somebody else
    with another password (the name, and the server that made it or ""). `unmanaged`: made by somebody else, not listed.
    """

    owner: str
    writes: Mapping[str, PasswordHash] = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    delete_ids: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()
    unmanaged: tuple[str, ...] = ()
    ours: Mapping[str, str] = field(default_factory=dict)
    applied: int = 0

    @property
    def empty(self) -> bool:
        return not (self.writes or self.delete_ids)


def present_users(manifests: Iterable[UserManifest]) -> dict[str, PresentUser]:
    """Group user manifests by name, as Kopia does: the latest wins."""
    by_name: dict[str, list[UserManifest]] = {}
    for manifest in manifests:
        if manifest.name:
            by_name.setdefault(manifest.name, []).append(manifest)
    return {name: _present(found) for name, found in by_name.items()}


def _present(found: list[UserManifest]) -> PresentUser:
    if len(found) > 1:
        found = sorted(found, key=lambda manifest: manifest.modified_ns, reverse=True)
    newest = found[0]
    return PresentUser(tuple(one.id for one in found), newest.owner, newest.password, newest.modified_ns)


@dataclass(frozen=True)
class UserRules:
    """How to plan. `keep_all`: nobody is removed; `kept`: these are not (their line is unreadable)."""

    owner: str
    ours: Mapping[str, str] = field(default_factory=dict)
    repair: bool = True
    keep_all: bool = False
    kept: Collection[str] = ()


def plan_users(wanted: Mapping[str, PasswordHash], present: Mapping[str, PresentUser], rules: UserRules) -> UserPlan:
    """The difference between list and repository."""
    made = _Plan(rules)
    for name, password in wanted.items():
        made.listed(name, password, present.get(name))
    for name, there in present.items():
        if name not in wanted and not is_reserved(name):
            made.unlisted(name, there)
    for name, digest in rules.ours.items():  # a kept name that is gone: it stays ours, should it come back
        if name not in wanted and name not in present and made.kept(name):
            made.ours[name] = digest
    return UserPlan(
        rules.owner,
        made.writes,
        tuple(sorted(made.removes)),
        tuple(made.delete_ids),
        tuple(sorted(made.drifted)),
        tuple(sorted(made.conflicts)),
        tuple(sorted(made.unmanaged)),
        made.ours,
        made.applied,
    )


class _Plan:
    """The plan while it is made."""

    def __init__(self, rules: UserRules) -> None:
        self.rules = rules
        self.writes: dict[str, PasswordHash] = {}
        self.ours: dict[str, str] = {}
        self.removes: list[str] = []
        self.delete_ids: list[str] = []
        self.drifted: list[str] = []
        self.conflicts: list[tuple[str, str]] = []
        self.unmanaged: list[str] = []
        self.applied = 0

    def kept(self, name: str) -> bool:
        return self.rules.keep_all or name in self.rules.kept

    def mine(self, name: str, there: PresentUser) -> bool:
        return name in self.rules.ours or there.owner == self.rules.owner

    def listed(self, name: str, password: PasswordHash, there: PresentUser | None) -> None:
        digest = password.digest()
        last_written = self.rules.ours.get(name)
        if there is not None and there.password == password:
            self.applied += 1
            if self.mine(name, there):
                self.ours[name] = digest
                self.delete_ids.extend(there.manifest_ids[1:])
            return
        if there is not None and not self.mine(name, there):
            self.conflicts.append((name, there.owner))
            return
        self.ours[name] = digest
        if last_written == digest:  # the list is what it was, so somebody else changed or deleted the user
            self.drifted.append(name)
            if not self.rules.repair:
                return
        self.writes[name] = password
        self.applied += 1
        if there is not None:
            self.delete_ids.extend(there.manifest_ids)

    def unlisted(self, name: str, there: PresentUser) -> None:
        if not self.mine(name, there):
            self.unmanaged.append(name)
        elif self.kept(name):
            self.ours[name] = self.rules.ours.get(name) or (there.password.digest() if there.password else "")
        else:
            self.removes.append(name)
            self.delete_ids.extend(there.manifest_ids)


def user_manifest(name: str, password: PasswordHash, owner: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and labels of the manifest that lets the user in."""
    return password.manifest_body(name), {**USER_LABELS, NAME_LABEL: name, OWNER_LABEL: owner}
