"""What a server's status says becomes events: each change once, with ids that a replay gives again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.controller.state_events import ServerView, StateStep, deleted_step, state_step
from backend.events.catalogue import type_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SINCE = "2026-11-23T09:59:00Z"
Json = dict[str, Any]


def condition(kind: str, status: str, reason: str, since: str = SINCE) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": f"{reason}.", "lastTransitionTime": since,
            "observedGeneration": 1}  # fmt: skip


def raw(*conditions: Json, uid: str = "u1", **status: Any) -> Json:
    return {
        "metadata": {"uid": uid, "name": "vms", "namespace": "backup", "creationTimestamp": "2026-11-23T09:00:00Z"},
        "spec": {"prefix": "vms", "backupStorageLocation": {"name": "default", "namespace": "velero"}},
        "status": {"conditions": list(conditions), **status},
    }


READY = (
    condition("Available", "True", "ServerReady"),
    condition("Progressing", "False", "Settled"),
    condition("Degraded", "False", "AsExpected"),
    condition("StorageReady", "True", "StorageAnswers"),
    condition("RepositoryReady", "True", "Connected"),
)


class Projection:
    """Plays the projection: what one step leaves is what the next one knows."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def step(self, object_: Json, **view: Any) -> list[str]:
        return self.take(state_step(ServerView(object_, view.pop("now", NOW), **view), self.known))

    def take(self, step: StateStep) -> list[str]:
        self.last = step
        self.known.update(step.changes)
        self.known = {name: value for name, value in self.known.items() if value}
        return [type_of(one.payload).name for one in step.news]


def test_a_server_comes_up() -> None:
    seen = Projection()
    assert seen.step(raw(condition("Progressing", "True", "ServerStarting"))) == [
        "server.created",
        "server.progressing",
    ]
    assert seen.last.news[0].time == "2026-11-23T09:00:00Z"
    ready = raw(*READY, repositoryUniqueID="abc", repositoryPath="oadp-bsls/vms", tlsFingerprint="f1")
    told = seen.step(ready, created=True)
    assert told == ["repository.created", "repository.connected", "tls.issued", "server.available"]
    assert [one.key for one in seen.last.news][-1] == f"u1.Available.ServerReady.{SINCE}"
    assert seen.step(ready, created=True) == []


def test_a_replay_gives_the_same_ids() -> None:
    ready = raw(*READY, repositoryUniqueID="abc", tlsFingerprint="f1")
    first, second = (state_step(ServerView(ready, NOW + timedelta(hours=hours)), {}) for hours in (0, 1))
    assert [one.key for one in first.news] == [one.key for one in second.news]


def test_a_refresh_that_was_asked_for_is_told_once() -> None:
    seen = Projection()
    seen.step(raw(*READY))
    done = raw(*READY, usersRefresh={"request": "1", "time": SINCE}, users={"desired": 3, "applied": 3, "rejected": 1})
    assert seen.step(done) == ["users.refreshed"]
    (told,) = seen.last.news
    assert (told.key, told.time) == (f"u1.users.refreshed.{SINCE}", SINCE)
    assert told.payload.model_dump() == {"request": "1", "desired": 3, "applied": 3, "rejected": 1}
    assert seen.step(done) == []
    assert seen.step(raw(*READY, usersRefresh={"request": "2", "time": SINCE})) == ["users.refreshed"]


def test_trouble_and_recovery() -> None:
    seen = Projection()
    seen.step(raw(*READY))
    down = raw(
        condition("Available", "False", "StorageEndpointUnreachable"),
        condition("Degraded", "True", "StorageEndpointUnreachable"),
        condition("StorageReady", "False", "StorageEndpointUnreachable"),
    )
    assert seen.step(down) == ["storage.failed", "server.degraded", "server.unavailable"]
    other = raw(
        condition("Available", "False", "StorageAccessDenied"),
        condition("Degraded", "True", "StorageAccessDenied"),
        condition("StorageReady", "False", "StorageAccessDenied"),
    )
    assert seen.step(other) == ["storage.failed", "server.degraded"]
    assert seen.step(raw(*READY)) == ["storage.recovered", "server.recovered", "server.available"]


def test_a_vanished_repository() -> None:
    seen = Projection()
    assert seen.step(raw(condition("RepositoryReady", "False", "RepositoryVanished")))[1:] == ["repository.vanished"]
    assert seen.step(raw(condition("RepositoryReady", "False", "ServerNotAnswering"))) == ["repository.failed"]


def test_certificates() -> None:
    seen = Projection()
    later = {"tlsNotAfter": "2027-11-23T10:00:00Z"}
    assert seen.step(raw(tlsFingerprint="f1", **later))[1:] == ["tls.issued"]
    near = datetime(2027, 11, 1, tzinfo=UTC)
    assert seen.step(raw(tlsFingerprint="f1", **later), now=near) == ["tls.expiring"]
    assert seen.last.news[0].payload.model_dump()["days_left"] == 22.4
    assert seen.step(raw(tlsFingerprint="f1", **later), now=near) == []
    assert seen.step(raw(tlsFingerprint="f2", tlsNotAfter="2028-11-23T10:00:00Z"), now=near) == ["tls.rotated"]


def users(version: str, desired: int, applied: int, **more: Any) -> Json:
    counts = {"desired": desired, "applied": applied, "observedVersion": version, **more}
    return raw(condition("UsersSynced", "True" if desired == applied else "Unknown", "Synced"), users=counts)


def test_each_version_of_the_list_is_told_once() -> None:
    seen = Projection()
    assert seen.step(users("v1", 2, 0))[1:] == []
    assert seen.step(users("v1", 2, 2)) == ["users.synced"]
    assert seen.step(users("v1", 2, 2)) == []
    assert seen.step(users("v1", 2, 2, unmanaged=1)) == ["users.synced"]
    bad = {"rejected": 2, "rejectedLines": [{"line": 3, "reason": "bcrypt"}]}
    assert seen.step(users("v2", 1, 1, **bad)) == ["users.rejected"]
    assert seen.last.news[0].payload.model_dump()["rejected"] == 2
    assert seen.step(users("v2", 1, 1, **bad)) == []
    assert seen.step(users("v3", 2, 2)) == ["users.synced"]


def test_drift_is_told_when_it_changes() -> None:
    seen = Projection()
    seen.step(raw())
    assert seen.step(raw(), drifted=("alice@vm-1",)) == ["users.drifted"]
    assert seen.step(raw(), drifted=("alice@vm-1",)) == []
    assert seen.step(raw()) == []
    assert seen.step(raw(), drifted=("alice@vm-1",), repairs=False) == ["users.drifted"]


def test_another_server_of_the_same_name() -> None:
    seen = Projection()
    seen.step(raw(*READY, tlsFingerprint="f1"))
    assert seen.step(raw(*READY, uid="u2", tlsFingerprint="f2")) == ["server.created", "tls.issued", "server.available"]


def test_a_deleted_server() -> None:
    seen = Projection()
    seen.step(raw(*READY))
    assert seen.take(deleted_step(seen.known, NOW)) == ["server.deleted"]
    assert not seen.known
    assert seen.take(deleted_step(seen.known, NOW)) == []


def test_a_status_of_another_controller_version_is_no_failure() -> None:
    assert state_step(ServerView({"metadata": {"uid": "u1"}, "status": None}, NOW), {}).news
