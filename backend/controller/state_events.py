"""Events of a server's state: what its status says now, against what was published last. Pure.

What was published is the projection `state` in Redis, so that a change is told once, and one that happened while nobody
could write is told later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.events.catalogue import Payload, inputs, repository, server
from backend.events.envelope import Trace
from backend.telemetry.spans import Ref

Json = dict[str, Any]
VANISHED = frozenset({"RepositoryVanished", "RepositoryIdentityMismatch"})
EXPIRING = timedelta(days=30)
LISTED = 100


@dataclass(frozen=True)
class ServerView:
    """One server as the last pass left it. `drifted`: users that somebody else changed; `created`: its repository was
    made by the pod that runs now; `now` is when this was seen. `overdue`: since when, by user@host; None while that is
    not known. `trace`: of the pass, if it changed the status.
    """

    raw: Json
    now: datetime
    drifted: tuple[str, ...] = ()
    repairs: bool = True
    created: bool = False
    overdue: Mapping[str, float] | None = None
    max_snapshot_age: str = ""
    trace: Ref | None = None

    @property
    def status(self) -> Json:
        found: Json = self.raw.get("status") or {}
        return found

    @property
    def uid(self) -> str:
        return str(self.raw["metadata"]["uid"])

    def condition(self, kind: str) -> Json | None:
        return next((one for one in self.status.get("conditions") or () if one["type"] == kind), None)


@dataclass(frozen=True)
class News:
    """One event to publish. `key`: its id, the same at each replay; without a trace it is one of its own."""

    payload: Payload
    key: str
    time: str
    trace: Trace | None = None


@dataclass
class StateStep:
    """Events, and the fields of the projection that are other now ("" for none)."""

    news: list[News] = field(default_factory=list)
    changes: dict[str, str] = field(default_factory=dict)


Known = Mapping[str, str]
Rule = Callable[[ServerView, Known, StateStep], None]


def state_step(view: ServerView, known: Known) -> StateStep:
    """What is to be told, and remembered as told. Another uid under the same name is another server."""
    step = StateStep()
    if known.get("uid") != view.uid:
        step.changes.update(dict.fromkeys(known, ""))
        known = {}
    for rule in _RULES:
        rule(view, known, step)
    return step


def deleted_step(known: Known, now: datetime) -> StateStep:
    """The server is gone; nothing is left to compare with."""
    uid = known.get("uid", "")
    step = StateStep(changes=dict.fromkeys(known, ""))
    if uid:
        step.news.append(News(server.ServerDeleted(uid=uid), f"{uid}.deleted", stamp(now)))
    return step


def stamp(moment: datetime) -> str:
    """RFC 3339; years before 1000 have four digits too, as a client may claim any time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


# --- rules -----------------------------------------------------------------------------------------------------------


def _created(view: ServerView, known: Known, step: StateStep) -> None:
    if known.get("uid") == view.uid:
        return
    spec = view.raw.get("spec") or {}
    location = spec.get("backupStorageLocation") or {}
    payload = server.ServerCreated(
        uid=view.uid,
        prefix=str(spec.get("prefix", "")),
        backup_storage_location=f"{location.get('namespace', '')}/{location.get('name', '')}",
    )
    created = str(view.raw["metadata"].get("creationTimestamp") or stamp(view.now))
    step.news.append(News(payload, f"{view.uid}.created", created))
    step.changes["uid"] = view.uid


def _condition(
    kind: str,
    tell: Callable[[Json, str], Payload | None],
) -> Rule:
    """`tell` gives the event of a condition whose status or reason is new, from what it is and what its status was."""

    def rule(view: ServerView, known: Known, step: StateStep) -> None:
        found = view.condition(kind)
        if found is None:
            return
        story = f"{found['status']} {found['reason']}"
        before = known.get(kind, "")
        if story == before:
            return
        step.changes[kind] = story
        was = before.partition(" ")[0]
        payload = tell(found, was)
        if payload is None:
            return
        same_status = was == found["status"]
        since = stamp(view.now) if same_status else str(found["lastTransitionTime"])
        step.news.append(News(payload, f"{view.uid}.{kind}.{found['reason']}.{since}", since))

    return rule


def _fields(found: Json) -> Json:
    return {
        "reason": found["reason"],
        "message": cut(found["message"]),
        "generation": found.get("observedGeneration"),
    }


def cut(text: str, limit: int = 1000) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _cause(found: Json) -> Json:
    return {"reason": found["reason"], "message": cut(found["message"])}


def _available(found: Json, was: str) -> Payload | None:
    if found["status"] == "True":
        return server.ServerAvailable(**_fields(found)) if was != "True" else None
    return server.ServerUnavailable(**_fields(found)) if was == "True" else None


def _progressing(found: Json, _was: str) -> Payload | None:
    return server.ServerProgressing(**_fields(found)) if found["status"] == "True" else None


def _degraded(found: Json, was: str) -> Payload | None:
    if found["status"] == "True":
        return server.ServerDegraded(**_fields(found))
    return server.ServerRecovered(**_fields(found)) if was == "True" else None


def _storage(found: Json, was: str) -> Payload | None:
    if found["status"] == "False":
        return repository.StorageFailed(**_cause(found), origin="probe")
    return repository.StorageRecovered(**_cause(found)) if found["status"] == "True" and was == "False" else None


def _repository_ready(found: Json, _was: str) -> Payload | None:
    if found["status"] != "False":
        return None
    failed = repository.RepositoryVanished if found["reason"] in VANISHED else repository.RepositoryFailed
    return failed(**_cause(found))


def _connected(view: ServerView, known: Known, step: StateStep) -> None:
    """Opened: for the first time, or again after it could not be."""
    found, unique_id = view.condition("RepositoryReady"), view.status.get("repositoryUniqueID")
    if not found or found["status"] != "True" or not unique_id:
        return
    since = str(found["lastTransitionTime"])
    if known.get("repository") == f"{unique_id} {since}":
        return
    step.changes["repository"] = f"{unique_id} {since}"
    fields = {"unique_id": unique_id, "path": str(view.status.get("repositoryPath", ""))}
    if view.created and not known.get("repository"):
        step.news.append(News(repository.RepositoryCreated(**fields), f"{view.uid}.{unique_id}.created", since))
    step.news.append(News(repository.RepositoryConnected(**fields), f"{view.uid}.{unique_id}.connected.{since}", since))


def _certificate(view: ServerView, known: Known, step: StateStep) -> None:
    fingerprint, not_after = view.status.get("tlsFingerprint"), view.status.get("tlsNotAfter")
    if not fingerprint:
        return
    before = known.get("tlsFingerprint", "")
    fields = {"fingerprint": fingerprint, "not_after": not_after}
    if fingerprint != before:
        step.changes["tlsFingerprint"] = fingerprint
        made = inputs.TlsRotated(**fields, previous_fingerprint=before) if before else inputs.TlsIssued(**fields)
        step.news.append(News(made, f"{view.uid}.tls.{fingerprint}.{before[:16]}", stamp(view.now)))
    if not not_after or known.get("tlsExpiring") == fingerprint:
        return
    left = datetime.fromisoformat(not_after) - view.now
    if left <= EXPIRING:
        step.changes["tlsExpiring"] = fingerprint
        days = round(left / timedelta(days=1), 1)
        payload = inputs.TlsExpiring(**fields, days_left=days)
        step.news.append(News(payload, f"{view.uid}.tls.{fingerprint}.expiring", stamp(view.now)))


def _list(
    name: str,
    condition: str,
    synced: type[inputs.UsersSynced] | type[inputs.AclSynced],
    rejected: type[inputs.UsersRejected] | type[inputs.AclRejected],
) -> Rule:
    """A list that an administrator gives: each version is told once, in effect or with its bad lines."""

    def rule(view: ServerView, known: Known, step: StateStep) -> None:
        counts = view.status.get(name)
        found = view.condition(condition)
        if not counts or not found:
            return
        version = str(counts.get("observedVersion") or "")
        bad = counts.get("rejected") or 0
        if bad and known.get(f"{name}.rejected") != version:
            step.changes[f"{name}.rejected"] = version
            payload = rejected.model_validate({"rejected": bad, "lines": _lines(counts), "version": version or None})
            step.news.append(News(payload, f"{view.uid}.{name}.{version}.rejected", stamp(view.now)))
        whole = counts.get("applied") == counts.get("desired") and found["status"] != "Unknown"
        story = f"{version} {counts.get('desired')} {counts.get('unmanaged', 0)}"
        if whole and not bad and known.get(f"{name}.synced") != story:
            step.changes[f"{name}.synced"] = story
            fields = {key: counts[key] for key in ("desired", "applied", "unmanaged") if counts.get(key) is not None}
            good = synced.model_validate({**fields, "version": version or None})
            step.news.append(News(good, f"{view.uid}.{name}.{story.replace(' ', '.')}.synced", stamp(view.now)))

    return rule


def _lines(counts: Json) -> list[Json]:
    return [{"line": one["line"], "reason": cut(one["reason"])} for one in counts.get("rejectedLines") or ()]


def _refreshed(view: ServerView, known: Known, step: StateStep) -> None:
    done = view.status.get("usersRefresh")
    if not done or done["request"] == known.get("usersRefresh"):
        return
    step.changes["usersRefresh"] = done["request"]
    counts = view.status.get("users") or {}
    fields = {name: counts.get(name) for name in ("desired", "applied", "rejected")}
    payload = inputs.UsersRefreshed(request=done["request"], **fields)
    step.news.append(News(payload, f"{view.uid}.users.refreshed.{done['time']}", done["time"]))


def _drifted(view: ServerView, known: Known, step: StateStep) -> None:
    """The same names again are no news while they drift; repaired ones are told at each repair."""
    story = " ".join(view.drifted)
    if story == known.get("drifted", ""):
        return
    step.changes["drifted"] = story
    if view.drifted:
        payload = inputs.UsersDrifted(
            users=tuple(view.drifted[:LISTED]), drifted=len(view.drifted), repaired=view.repairs
        )
        step.news.append(News(payload, f"{view.uid}.drifted.{stamp(view.now)}", stamp(view.now)))


def _policy(found: Json, _was: str) -> Payload | None:
    if found["reason"] in {"PolicyDrifted", "PolicyWritten"}:
        return inputs.PolicyDrifted(message=cut(found["message"]), repaired=found["reason"] == "PolicyWritten")
    return None


_RULES: Iterable[Rule] = (
    _created,
    _condition("Progressing", _progressing),
    _condition("StorageReady", _storage),
    _condition("RepositoryReady", _repository_ready),
    _connected,
    _certificate,
    _condition("Degraded", _degraded),
    _condition("Available", _available),
    _list("users", "UsersSynced", inputs.UsersSynced, inputs.UsersRejected),
    _list("accessControl", "AccessControlSynced", inputs.AclSynced, inputs.AclRejected),
    _refreshed,
    _drifted,
    _condition("PolicySynced", _policy),
)
