"""Events of snapshots and tenants: what the repository holds now, against what was published last. Pure.

The projections `snapshots` (by manifest id) and `tenants` (by user@host) in Redis hold what was published.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from backend.controller.session_events import Open, seconds_of
from backend.controller.state_events import News, cut, stamp
from backend.events.catalogue import snapshot as events
from backend.events.envelope import Trace, trace_of
from backend.kopia.snapshots import Snapshot

MANY = 10  # complete snapshots of one tenant that go in one look; a retention policy takes one or two for each backup
FEW = 3  # that many are many as well, when nothing is left
MAX_PATH = 4096
# Whatever else was kept of a snapshot, by this version or another one, is not told again when it goes.
_DELETED = frozenset(field.alias for field in events.SnapshotDeleted.model_fields.values())
SKEW_S = 300.0  # that a client's clock may go after the server's


@dataclass
class SnapshotStep:
    """Events, and the fields of both projections that are other now ("" for gone)."""

    news: list[News] = field(default_factory=list)
    snapshots: dict[str, str] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What else an event tells: retention reasons by snapshot, and the latest session of a tenant."""

    now: datetime
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    session: Callable[[str], Open | None] = lambda _user: None


Groups = Mapping[str, Mapping[str, Snapshot]]  # by tenant, by manifest id
Told = Mapping[str, Mapping[str, str]]  # the same of the projection


def snapshot_step(
    there: Groups,
    told: Told,
    known_tenants: Mapping[str, str],
    context: Context,
    *,
    tenants: Iterable[str] | None = None,
    passed: Iterable[Snapshot] = (),
    limit: int = 500,
) -> SnapshotStep:
    """The next `limit` changes or a few more, the oldest snapshot first. `tenants`: whom to look at; None for all.
    `passed`: snapshots that came and went before they could be told; they are told all the same.
    """
    step = SnapshotStep()
    for one in sorted(passed, key=lambda one: (one.end, one.id)):
        _add(one, known_tenants, context, step)
        _tell_deleted(one.id, step.snapshots[one.id], context, step)
    looked = sorted(there.keys() | told.keys()) if tenants is None else sorted(set(tenants))
    added = [one for name in looked for one in there.get(name, {}).values() if one.id not in told.get(name, {})]
    added.sort(key=lambda one: (one.end, one.id))
    for one in added[:limit]:
        _add(one, known_tenants, context, step)
    for name in looked:
        if len(added) + len(step.snapshots) >= 2 * limit:
            break  # the next step goes on
        gone = told.get(name, {}).keys() - there.get(name, {}).keys()
        if gone:
            _remove(name, sorted(gone), told[name], there.get(name, {}), context, step)
    return step


def _add(one: Snapshot, known_tenants: Mapping[str, str], context: Context, step: SnapshotStep) -> None:
    body = _body(one)
    seen = _time(one.end) or _time(one.start) or stamp(context.now)
    step.snapshots[one.id] = json.dumps(body | {"incomplete": one.incomplete}, separators=(",", ":"))
    if one.tenant not in known_tenants and one.tenant not in step.tenants:
        step.tenants[one.tenant] = seen
        step.news.append(News(events.TenantFirstSeen(user=one.tenant), f"{one.tenant}.first-seen", seen))
    session = context.session(one.tenant)
    if session is not None and one.start < seconds_of(session[1]) - SKEW_S:
        session = None  # it is older than the session
    extra: dict[str, Any] = {"session": session[0].decode() if session else None}
    trace = Trace(session[2].decode(), trace_of(one.id).span_id) if session else None
    if one.complete:
        payload: Any = events.SnapshotCreated.model_validate(
            body | extra | {"retention": context.reasons.get(one.id, ())}
        )
        step.news.append(News(payload, f"snapshot.{one.id}.created", seen, trace))
    else:
        cause = cut(one.incomplete or "no end")
        payload = events.SnapshotIncomplete.model_validate(body | extra | {"cause": cause})
        step.news.append(News(payload, f"snapshot.{one.id}.incomplete", seen, trace))


def _remove(
    tenant: str,
    gone: list[str],
    told: Mapping[str, str],
    there: Mapping[str, Snapshot],
    context: Context,
    step: SnapshotStep,
) -> None:
    """All that a tenant lost goes into one step, so that many are seen as many."""
    lost = 0
    for name in gone:
        lost += _tell_deleted(name, told[name], context, step)
    left = sum(one.complete for one in there.values())
    if lost >= MANY or (lost >= FEW and not left):
        mass = events.SnapshotsMassDeleted(user=tenant, deleted=lost, left=left)
        step.news.append(News(mass, f"{tenant}.mass-deleted.{gone[0]}", stamp(context.now)))


def _tell_deleted(name: str, told: str, context: Context, step: SnapshotStep) -> bool:
    """Whether it was complete."""
    body = json.loads(told)
    complete = not body.pop("incomplete", "")
    step.snapshots[name] = ""
    known = {field: value for field, value in body.items() if field in _DELETED}
    payload = events.SnapshotDeleted.model_validate(known | {"complete": complete})
    step.news.append(News(payload, f"snapshot.{name}.deleted", stamp(context.now)))
    return complete


def _body(one: Snapshot) -> dict[str, Any]:
    found = {
        "snapshot": one.id,
        "user": one.tenant,
        "path": one.path[:MAX_PATH],
        "startTime": _time(one.start),
        "endTime": _time(one.end),
        "sizeBytes": one.size,
        "files": one.files,
        "errors": one.errors,
        "ignoredErrors": one.ignored_errors,
        "unread": [{"path": item.path, "error": item.error} for item in one.unread] or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _time(seconds: float) -> str | None:
    if not seconds:
        return None
    try:
        return stamp(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return None  # a time that no calendar has: it is the client's word


# --- objectives ------------------------------------------------------------------------------------------------------


def overdue_step(
    late: Mapping[str, float],
    known: Mapping[str, str],
    now: datetime,
    age: str,
    newest: Callable[[str], str | None] = lambda _user: None,
) -> SnapshotStep:
    """`late`: the overdue users and their last complete snapshot; `known`: those told, by name; `newest`: when a user's
    newest complete snapshot ended. In `tenants` of the result: who is overdue now, and "" for who is no longer.
    """
    step = SnapshotStep()
    for user in sorted(late.keys() - known.keys()):
        last = _time(late[user])
        step.tenants[user] = last or "never"
        payload = events.TenantOverdue(user=user, last_complete_time=last, max_snapshot_age=age)
        step.news.append(News(payload, f"{user}.overdue.{last or 'never'}.{age}", stamp(now)))
    for user in sorted(known.keys() - late.keys()):
        step.tenants[user] = ""
        recovered = events.TenantRecovered(user=user, last_complete_time=newest(user))
        step.news.append(News(recovered, f"{user}.recovered.{known[user]}.{stamp(now)}", stamp(now)))
    return step
