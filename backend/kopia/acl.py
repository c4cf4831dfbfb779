"""Access control entries: Kopia's own syntax a line, the profiles we add to it, and the plan that brings them about.

Of all entries that match a request Kopia takes the highest access, so an entry can only give. The profile
`append-only` therefore replaces the default entries, and gives the other tenants theirs back by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from backend.kopia.session import Manifest
from backend.kopia.sync import OWNER_LABEL
from backend.kopia.text_list import InvalidLine, Rejected, Rejects, lines, shown

ACL_LABELS = {"type": "acl"}
EVERYBODY = "*@*"
LEVELS = ("READ", "APPEND", "FULL")
NOBODY_COMMENT = b"# no entries"
_PART = r"(\*|[a-z0-9\-_.]+)"
_USER = re.compile(f"{_PART}@{_PART}")
_POLICY_TYPES = ("global", "host", "user", "path")
# What Kopia takes as a target (internal/acl of its source); `type` is always needed.
_KEYS: Mapping[str, frozenset[str]] = {
    "content": frozenset(),
    "acl": frozenset(),
    "user": frozenset({"username"}),
    "snapshot": frozenset({"username", "hostname", "path"}),
    "policy": frozenset({"username", "hostname", "path", "policyType"}),
}


@dataclass(frozen=True, order=True)
class AclEntry:
    """`target` as sorted (key, value) pairs, `type` among them."""

    user: str
    target: tuple[tuple[str, str], ...]
    access: str

    def body(self) -> dict[str, Any]:
        return {"user": self.user, "target": dict(self.target), "access": self.access}

    def __str__(self) -> str:
        pairs = sorted(self.target, key=lambda pair: (pair[0] != "type", pair))
        return f"{self.user} {','.join(f'{key}={value}' for key, value in pairs)} {self.access}"


class Profile(StrEnum):
    """`append-only`: may create snapshots, but neither delete them nor change their own policy."""

    FULL = "full"
    APPEND_ONLY = "append-only"


def entry(user: str, access: str, **target: str) -> AclEntry:
    return AclEntry(user, tuple(sorted(target.items())), access)


OWN = {"username": "OWN_USER", "hostname": "OWN_HOST"}
OWN_POLICIES = ("user", "path")
# Kopia's default entry for a tenant's own policies also matches a global policy that carries the tenant's name as
# further labels, and Kopia then takes that for everybody's. It is never left standing.
UNSAFE = entry(EVERYBODY, "FULL", type="policy", **OWN)
# What every tenant has instead, and what stands in its place once one of them is append-only.
DEFAULTS = (
    entry(EVERYBODY, "FULL", type="snapshot", **OWN),
    *(entry(EVERYBODY, "FULL", type="policy", policyType=kind, **OWN) for kind in OWN_POLICIES),
)
LOWERED = (entry(EVERYBODY, "APPEND", type="snapshot", **OWN), entry(EVERYBODY, "READ", type="policy", **OWN))


@dataclass(frozen=True)
class AclList:
    """A parsed list; profiles by user name or `*@*`."""

    entries: tuple[AclEntry, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    rejected_count: int = 0

    @property
    def restricts(self) -> bool:
        return Profile.APPEND_ONLY in self.profiles.values()


def parse_acl_list(data: bytes) -> AclList:
    """`user target access` or `user profile` a line; the order does not matter, a bad line spoils only itself."""
    entries: dict[AclEntry, int] = {}
    profiles: dict[str, Profile] = {}
    rejected = Rejects()
    for number, line in lines(data):
        try:
            words = _words(line)
            if len(words) == 2:
                user, profile = _profile(*words)
                if profiles.setdefault(user, profile) != profile:
                    raise InvalidLine(f"{user} has two profiles; keep one of them")
            else:
                entries.setdefault(_entry(words), number)
        except InvalidLine as error:
            rejected.add(number, error)
    return AclList(tuple(sorted(entries)), profiles, tuple(rejected.kept), rejected.count)


def _words(line: bytes) -> list[str]:
    try:
        words = line.decode("utf-8").split()
    except UnicodeDecodeError:
        raise InvalidLine("the line is not UTF-8 text") from None
    if len(words) < 2:
        raise InvalidLine("a line has the form 'user target access', for example 'ops@admin type=snapshot READ'")
    return words


def _user(text: str) -> str:
    if not _USER.fullmatch(text):
        raise InvalidLine("the user must have the form user@host in lower case; either part may be *")
    return text


def _profile(user: str, name: str) -> tuple[str, Profile]:
    if name not in tuple(Profile):
        raise InvalidLine("the second word is no profile; use append-only or full, or write 'user target access'")
    if "*" in user and user != EVERYBODY:
        raise InvalidLine(f"a profile is for one user@host or for {EVERYBODY}, not for a pattern")
    return _user(user), Profile(name)


def _entry(words: list[str]) -> AclEntry:
    user, access = _user(words[0]), words[-1].upper()
    target = _target(" ".join(words[1:-1]))
    if access not in LEVELS:
        raise InvalidLine(f"access {shown(words[-1])} must be READ, APPEND or FULL")
    kind = target["type"]
    own = f"{OWN['username']}@{OWN['hostname']}"
    if user == EVERYBODY and (kind == "acl" or (kind == "user" and target.get("username") != own)):
        raise InvalidLine(f"this would let every tenant at the {kind} entries of the server; name the administrator")
    return AclEntry(user, tuple(sorted(target.items())), access)


def _target(text: str) -> dict[str, str]:
    target: dict[str, str] = {}
    for pair in text.split(","):
        key, equals, value = pair.partition("=")
        if not equals or not value:
            raise InvalidLine(f"target {shown(text)} must be key=value pairs separated by commas, with a type")
        if key in target:
            raise InvalidLine(f"target {shown(text)} has {shown(key)} twice")
        target[key] = value
    kind = target.get("type", "")
    if kind not in _KEYS:
        raise InvalidLine(f"target {shown(text)} needs type= one of {', '.join(sorted(_KEYS))}")
    unknown = sorted(set(target) - _KEYS[kind] - {"type"})
    if unknown:
        allowed = ", ".join(sorted(_KEYS[kind])) or "no further key"
        raise InvalidLine(f"a target of type {kind} takes {allowed}, not {shown(unknown[0])}")
    if target.get("policyType", "global") not in _POLICY_TYPES:
        raise InvalidLine(f"policyType must be one of {', '.join(_POLICY_TYPES)}")
    return target


def wanted_entries(listed: AclList, users: Iterable[str]) -> frozenset[AclEntry]:
    """The entries to have beside Kopia's defaults; `users` are all who can log in."""
    wanted = set(listed.entries)
    if listed.restricts:
        wanted.update(LOWERED)
        everybody = listed.profiles.get(EVERYBODY, Profile.FULL)
        for user in users:
            if listed.profiles.get(user, everybody) is Profile.FULL:
                name, _, host = user.partition("@")
                own = {"username": name, "hostname": host}
                wanted.add(entry(user, "FULL", type="snapshot", **own))
                wanted.update(entry(user, "FULL", type="policy", policyType=kind, **own) for kind in OWN_POLICIES)
    return frozenset(wanted)


@dataclass(frozen=True, slots=True)
class AclManifest:
    """One entry in the repository; `entry` is None when its body is not readable."""

    id: str
    owner: str
    entry: AclEntry | None


def parse_acl(manifest: Manifest) -> AclManifest:
    body = manifest.body or {}
    user, target, access = body.get("user"), body.get("target"), body.get("access")
    found = None
    if isinstance(user, str) and isinstance(target, dict) and isinstance(access, str):
        found = AclEntry(user, tuple(sorted((str(key), str(value)) for key, value in target.items())), access)
    return AclManifest(manifest.entry.id, manifest.entry.labels.get(OWNER_LABEL, ""), found)


@dataclass(frozen=True)
class AclPlan:
    """`plain_puts` are the default entries, which belong to no server of ours."""

    puts: tuple[AclEntry, ...] = ()
    plain_puts: tuple[AclEntry, ...] = ()
    delete_ids: tuple[str, ...] = ()
    applied: int = 0

    @property
    def empty(self) -> bool:
        return not (self.puts or self.plain_puts or self.delete_ids)


def plan_acl(
    wanted: Collection[AclEntry], restricts: bool, present: Iterable[AclManifest], owner: str, *, keep_all: bool = False
) -> AclPlan:
    """Add what is missing, remove what is ours and not wanted; entries of others stay, but for the replaced defaults.

    `keep_all`: lines of the list are unreadable, so nothing is taken away.
    """
    found = list(present)
    there = {one.entry for one in found if one.entry}
    deletes: list[str] = []
    lowered = {one.owner for one in found if one.entry in LOWERED}
    replaced = (UNSAFE, *DEFAULTS) if restricts else (UNSAFE,)
    seen: set[AclEntry] = set()
    for one in found:
        ours = one.owner == owner
        unwanted = ours and not keep_all and (one.entry not in wanted or one.entry in seen)
        if unwanted or one.entry in replaced:
            deletes.append(one.id)
        elif ours and one.entry:
            seen.add(one.entry)
    ours_to_restore = UNSAFE in there or (owner in lowered and not keep_all)
    restores = not restricts and ours_to_restore and not lowered - {owner}
    plain = tuple(default for default in DEFAULTS if default not in there) if restores else ()
    return AclPlan(tuple(sorted(set(wanted) - there)), plain, tuple(deletes), len(wanted))


def acl_manifest(item: AclEntry, owner: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and labels of an entry's manifest; without an owner it is like one of Kopia's own."""
    return item.body(), {**ACL_LABELS, OWNER_LABEL: owner} if owner else dict(ACL_LABELS)
