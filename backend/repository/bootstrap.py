"""What a repository needs before its server starts: our admin user, ACLs, ourselves as maintenance owner.

Readers run side by side and writers only where something is missing: each call costs about 0.3 s, most of it the
derivation of the repository's key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from backend.kopia.text_list import InvalidLine
from backend.kopia.users import hash_from_manifest, make_hash
from backend.repository.classify import Problem, classify
from backend.repository.config import secret_values
from backend.repository.kopia_cli import Answer, KopiaCli
from backend.repository.settings import RepositorySettings

# The admin writes users, ACLs and policies and reads every snapshot; a flush needs to append contents.
ADMIN_ACCESS = {"acl": "FULL", "user": "FULL", "snapshot": "FULL", "policy": "FULL", "content": "APPEND"}
DEFAULT_ACCESS = frozenset({"content"})  # what `acl enable` gives everybody, us included
EVERYBODY = "*@*"
LEVELS = ("READ", "APPEND", "FULL")
FULL_TASK = "snapshot-gc"
USER_MISSING = "user not found"


class CallFailed(Exception):
    """A call that should have worked did not."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Present:
    """What the repository holds of the above."""

    admin_exists: bool = False
    admin_current: bool = False
    acls_enabled: bool = False
    admin_access: frozenset[str] = frozenset()
    owner: str = ""
    last_quick: str = ""  # RFC 3339, "" when it never ran
    last_full: str = ""


def missing_access(entries: Any, admin: str) -> frozenset[str]:
    """The targets of ADMIN_ACCESS that no ACL entry gives the admin; entries are those of `acl list --json`."""
    given = {
        entry["target"].get("type")
        for entry in _dicts(entries)
        if entry.get("user") in (admin, EVERYBODY) and isinstance(entry.get("target"), dict) and _suffices(entry)
    }
    return frozenset(ADMIN_ACCESS) - given


def _suffices(entry: dict[str, Any]) -> bool:
    """The entry covers a whole type, at the level we need."""
    target, access = entry["target"], entry.get("access")
    needed = ADMIN_ACCESS.get(str(target.get("type")))
    return set(target) == {"type"} and needed in LEVELS and access in LEVELS[LEVELS.index(needed) :]


def fresh(settings: RepositorySettings) -> Present:
    """Just created by us: we own its maintenance, unless that must still learn to extend object locks."""
    return Present(owner="" if settings.retention_mode else settings.identity)


async def read_present(cli: KopiaCli, settings: RepositorySettings) -> Present:
    """Three readers side by side."""
    (exists, current), acls, maintenance = await finish_all(
        _read_admin(cli, settings),
        cli.run("server", "acl", "list", "--json"),
        cli.run("maintenance", "info", "--json"),
    )
    require(acls, settings)
    # A repository whose creation was cut short has no maintenance parameters yet: that is no owner, not an error.
    info = maintenance.json() if maintenance.ok else None
    entries = acls.json()
    last_quick, last_full = last_maintenance(info)
    return Present(
        admin_exists=exists,
        admin_current=current,
        acls_enabled=bool(entries),
        admin_access=frozenset(ADMIN_ACCESS) - missing_access(entries, settings.admin_user),
        owner=str(info.get("owner", "")) if isinstance(info, dict) else "",
        last_quick=last_quick,
        last_full=last_full,
    )


def last_maintenance(info: Any) -> tuple[str, str]:
    """Ends of the last quick and full maintenance in `maintenance info --json`: only a full one collects snapshots."""
    schedule = info.get("schedule") if isinstance(info, dict) else None
    runs = schedule.get("runs") if isinstance(schedule, dict) else None
    ends: dict[str, str] = {}
    for task, found in (runs if isinstance(runs, dict) else {}).items():
        done = [str(run["end"]) for run in _dicts(found) if run.get("success") and run.get("end")]
        if done:
            ends[task] = max(done)
    return max(ends.values(), default=""), ends.get(FULL_TASK, "")


async def finish_all(*calls: Awaitable[Any]) -> list[Any]:
    """Like gather, but nothing is left running when one of them fails."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _read_admin(cli: KopiaCli, settings: RepositorySettings) -> tuple[bool, bool]:
    """Whether the admin user exists, and with the password of the Secret."""
    user = await cli.run("server", "user", "info", settings.admin_user)
    if USER_MISSING in user.stderr:
        return False, False
    require(user, settings)
    return True, await asyncio.to_thread(_is_current, user.json(), settings.admin_password)


async def write_missing(cli: KopiaCli, settings: RepositorySettings, present: Present) -> int:
    """Bring the repository from `present` to what is needed; the number of calls made."""
    first = _first_calls(settings, present)
    await _all_must_work(cli, settings, first)
    # Only after `acl enable`, which refuses to work when there is any entry.
    given = present.admin_access if present.acls_enabled else DEFAULT_ACCESS
    adds = [_acl_add(settings.admin_user, target) for target in sorted(frozenset(ADMIN_ACCESS) - given)]
    await _all_must_work(cli, settings, adds)
    return len(first) + len(adds)


async def _all_must_work(cli: KopiaCli, settings: RepositorySettings, calls: Sequence[tuple[str, ...]]) -> None:
    for answer in await asyncio.gather(*(cli.run(*arguments) for arguments in calls)):
        require(answer, settings)


def require(answer: Answer, settings: RepositorySettings) -> None:
    """Raise CallFailed unless the call worked."""
    if not answer.ok:
        raise CallFailed(classify(answer.stderr, secret_values(settings)))


def _first_calls(settings: RepositorySettings, present: Present) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    if not present.acls_enabled:
        calls.append(("server", "acl", "enable"))
    if not present.admin_current:
        # The command takes a password or its hash by argument only: the hash it is.
        verb = "set" if present.admin_exists else "add"
        password_hash = make_hash(settings.admin_password).encoded()
        calls.append(("server", "user", verb, settings.admin_user, f"--user-password-hash={password_hash}"))
    if present.owner != settings.identity:
        calls.append(("maintenance", "set", "--owner=me", *_object_lock(settings)))
    return calls


def _object_lock(settings: RepositorySettings) -> tuple[str, ...]:
    return ("--extend-object-locks=true",) if settings.retention_mode else ()


def _acl_add(admin: str, target: str) -> tuple[str, ...]:
    access = ADMIN_ACCESS[target]
    return ("server", "acl", "add", f"--user={admin}", f"--target=type={target}", f"--access={access}", "--overwrite")


def _is_current(profile: Any, password: str) -> bool:
    try:
        return isinstance(profile, dict) and hash_from_manifest(profile).verifies(password)
    except InvalidLine:
        return False


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
