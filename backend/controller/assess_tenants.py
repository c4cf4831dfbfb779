"""The tenants' part of the status: users, access control, policy, objectives, and what the repository holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backend.controller.conditions import Verdict, timestamp
from backend.controller.inputs import Inputs
from backend.controller.observe import Observed
from backend.controller.pods import ensure_result
from backend.controller.problems import Area, Problem
from backend.crd.durations import parse_duration
from backend.kopia.acl import AclList
from backend.kopia.snapshots import seconds
from backend.kopia.tenancy import SyncReport
from backend.kopia.users import UserList

Json = dict[str, Any]
SHOWN = 5
LISTED = 20
MAX_REASON = 512


def sync_problems(observed: Observed) -> list[Problem]:
    """What the last sync could not bring about; nothing when there was none."""
    report = observed.facts.sync
    if report is None:
        return []
    found = []
    users = report.users
    if users.conflicts:
        names = _some(f"{name} (made by {owner or 'an administrator'})" for name, owner in users.conflicts)
        message = (
            f"Listed users exist with another password that this server did not set, and were left alone: {names}. "
            "Delete them with `kopia server user delete`, or take them off the list."
        )
        found.append(Problem(Area.USERS, "UsersConflict", message))
    if users.drifted and not _repairs(observed):
        message = (
            f"Listed users whom somebody else changed or deleted are left as they are: {_some(users.drifted)}. "
            "Bring the list up to date, or set spec.userManagement.driftPolicy to Repair."
        )
        found.append(Problem(Area.USERS, "UsersDrifted", message))
    if report.live_error:
        found.append(Problem(Area.USERS, "ChangesNotLive", report.live_error))
    if report.policy_drift and not report.policy_repaired:
        message = f"The global policy is not as asked for: {_some(report.policy_drift, '; ')}."
        found.append(Problem(Area.POLICY, "PolicyDrifted", message))
    return found


def _repairs(observed: Observed) -> bool:
    return observed.server.spec.user_management.drift_policy == "Repair"


def tenant_verdicts(observed: Observed, inputs: Inputs, problems: tuple[Problem, ...], now: datetime) -> list[Verdict]:
    """UsersSynced always; the others where the spec asks for them."""
    spec = observed.server.spec
    verdicts = [_users(observed, inputs, problems)]
    if spec.access_control:
        verdicts.append(_access(observed, inputs, problems))
    if spec.policy:
        verdicts.append(_policy(observed, inputs, problems))
    if spec.objectives.max_snapshot_age:
        verdicts.append(_objectives(observed, now))
    return verdicts


def _problem(problems: Iterable[Problem], area: Area) -> Verdict | None:
    cause = next((problem for problem in problems if problem.area is area), None)
    return Verdict(area, False, cause.reason, cause.message) if cause else None


def _users(observed: Observed, inputs: Inputs, problems: tuple[Problem, ...]) -> Verdict:
    if found := _problem(problems, Area.USERS):
        return found
    if inputs.users is None:
        return Verdict(Area.USERS, True, "NoUserList", "The optional user list does not exist; nobody was changed.")
    report = observed.facts.sync
    if report is None or not synced(observed, inputs):
        return Verdict(Area.USERS, None, "ServerNotReady", "The user list is applied once the server answers.")
    users = report.users
    told = f"{users.applied} users of the list can log in."
    if users.unmanaged:
        told += f" {len(users.unmanaged)} users were made by others and are left alone: {_some(users.unmanaged)}."
    if users.drifted:
        told += f" Set back to the list after somebody else changed them: {_some(users.drifted)}."
        return Verdict(Area.USERS, True, "DriftRepaired", told)
    return Verdict(Area.USERS, True, "Synced", told)


def synced(observed: Observed, inputs: Inputs) -> bool:
    """The last sync was for what is asked for now."""
    return observed.facts.sync is not None and observed.facts.synced_version == inputs.asked_version


def _access(observed: Observed, inputs: Inputs, problems: tuple[Problem, ...]) -> Verdict:
    if found := _problem(problems, Area.ACCESS):
        return found
    if inputs.acl is None:
        return Verdict(Area.ACCESS, True, "NoAccessControlList", "The optional list does not exist.")
    report = observed.facts.sync
    if report is None or not synced(observed, inputs):
        return Verdict(Area.ACCESS, None, "ServerNotReady", "The entries are applied once the server answers.")
    return Verdict(Area.ACCESS, True, "Synced", f"{_lines(inputs)} lines of the list are in effect.")


def _lines(inputs: Inputs) -> int:
    return len(inputs.acl.entries) + len(inputs.acl.profiles) if inputs.acl else 0


def _policy(observed: Observed, inputs: Inputs, problems: tuple[Problem, ...]) -> Verdict:
    if found := _problem(problems, Area.POLICY):
        return found
    report = observed.facts.sync
    if report is None or not synced(observed, inputs):
        return Verdict(Area.POLICY, None, "ServerNotReady", "The policy is written once the server answers.")
    if report.policy_repaired:
        message = f"The global policy was written; before: {_some(report.policy_drift, '; ')}."
        return Verdict(Area.POLICY, True, "PolicyWritten", message)
    return Verdict(Area.POLICY, True, "Synced", "The global policy is as asked for.")


# --- objectives ------------------------------------------------------------------------------------------------------


def overdue(observed: Observed, now: datetime) -> list[tuple[str, float]]:
    """(user@host, time of the last complete snapshot or of the account), the longest overdue first."""
    limit = _limit_s(observed)
    repository = observed.facts.repository
    if limit is None or repository is None:
        return []
    late = [(name, last) for name, last in repository.backed_up.items() if now.timestamp() - last > limit]
    return sorted(late, key=lambda pair: (pair[1], pair[0]))


def next_overdue_s(observed: Observed, now: datetime) -> float | None:
    """Seconds until the next tenant becomes overdue; None when none can."""
    limit = _limit_s(observed)
    repository = observed.facts.repository
    if limit is None or repository is None:
        return None
    ahead = [last + limit - now.timestamp() for last in repository.backed_up.values()]
    return min((left for left in ahead if left >= 0), default=None)


def _limit_s(observed: Observed) -> float | None:
    text = observed.server.spec.objectives.max_snapshot_age
    return parse_duration(text).total_seconds() if text else None


def _objectives(observed: Observed, now: datetime) -> Verdict:
    repository = observed.facts.repository
    age = observed.server.spec.objectives.max_snapshot_age
    if repository is None:
        return Verdict(Area.OBJECTIVES, None, "ServerNotReady", "The repository has not been read yet.")
    late = overdue(observed, now)
    everybody = len(repository.backed_up)
    if not late:
        message = f"All {everybody} users have a complete snapshot within {age}, or were made since."
        return Verdict(Area.OBJECTIVES, True, "AsExpected", message)
    names = _some(f"{name} (since {_time(last)})" for name, last in late)
    message = f"{len(late)} of {everybody} users have no complete snapshot within {age}: {names}."
    return Verdict(Area.OBJECTIVES, False, "TenantsOverdue", message)


# --- figures ---------------------------------------------------------------------------------------------------------


def tenant_status(observed: Observed, inputs: Inputs, now: datetime) -> Json:
    """The fields users, usersRefresh, accessControl, tenants, snapshots and maintenance of the status."""
    report = observed.facts.sync if synced(observed, inputs) else None
    return {
        "users": _user_counts(inputs, report),
        "usersRefresh": _refresh(observed, now),
        "accessControl": _access_counts(observed, inputs, report),
        **_repository(observed, now),
        "maintenance": _maintenance(observed),
    }


def _user_counts(inputs: Inputs, report: SyncReport | None) -> Json | None:
    if inputs.users is None:
        return None
    users = report.users if report else None
    live = report is not None and report.live
    return {
        "desired": len(inputs.users.users),
        "applied": users.applied if users and live else 0,
        **_rejected(inputs.users),
        "observedVersion": inputs.users_version,
        "drifted": len(users.drifted) if users else 0,
        "conflicting": len(users.conflicts) if users else 0,
        "unmanaged": len(users.unmanaged) if users else 0,
    }


def _refresh(observed: Observed, now: datetime) -> Json | None:
    """Of the last status the time only: a request is in effect since it was so first."""
    before: Json | None = (observed.raw.get("status") or {}).get("usersRefresh")
    done = observed.facts.refreshed
    if not done or (before and before["request"] == done):
        return before
    return {"request": done, "time": timestamp(now)}


def _access_counts(observed: Observed, inputs: Inputs, report: SyncReport | None) -> Json | None:
    if inputs.acl is None or observed.server.spec.access_control is None:
        return None
    return {
        "desired": _lines(inputs),
        "applied": _lines(inputs) if report and report.live else 0,
        **_rejected(inputs.acl),
        "observedVersion": inputs.acl_version,
    }


def _rejected(parsed: UserList | AclList) -> Json:
    listed = [{"line": one.line, "reason": one.reason[:MAX_REASON]} for one in parsed.rejected[:LISTED]]
    return {"rejected": parsed.rejected_count, "rejectedLines": listed or None}


def _repository(observed: Observed, now: datetime) -> Json:
    repository = observed.facts.repository
    if repository is None:
        return {}
    tenants: Json = {"total": repository.tenants, "overdue": None, "overdueNames": None}
    if _limit_s(observed) is not None:
        late = overdue(observed, now)
        tenants |= {"overdue": len(late), "overdueNames": [name for name, _ in late[:LISTED]] or None}
    snapshots = {
        "total": repository.snapshots,
        "incomplete": repository.incomplete,
        "lastTime": _time(repository.last_snapshot),
    }
    return {"tenants": tenants, "snapshots": snapshots}


def _maintenance(observed: Observed) -> Json | None:
    """What the pod found at its start, and the runs its log told of since."""
    started = ensure_result(observed.pod)
    if started is None or not started.maintenance_owner:
        return None
    runs = observed.facts.maintenance
    return {
        "owner": started.maintenance_owner,
        "lastQuickTime": _time(max(runs.quick, seconds(started.last_quick_maintenance))),
        "lastFullTime": _time(max(runs.full, seconds(started.last_full_maintenance))),
    }


def _time(moment: float) -> str | None:
    return timestamp(datetime.fromtimestamp(moment, UTC)) if moment else None


def _some(items: Iterable[str], separator: str = ", ") -> str:
    found = list(items)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return separator.join(found[:SHOWN]) + more
