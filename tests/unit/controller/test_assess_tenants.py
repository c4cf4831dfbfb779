"""What the status says of users, entries, policy and objectives, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.controller.assess_tenants import next_overdue_s, sync_problems, tenant_status, tenant_verdicts
from backend.controller.conditions import Verdict, news, to_conditions
from backend.controller.facts import RepositoryFacts, ServerFacts
from backend.controller.inputs import Inputs, judge
from backend.controller.names import Names
from backend.controller.observe import KeyRead, Observed
from backend.crd.v1alpha1 import BackupStorageLocationServer
from backend.kopia.acl import AclPlan
from backend.kopia.sync import UserPlan
from backend.kopia.tenancy import SyncReport
from backend.kopia.users import make_hash
from tests import objects

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = 3600.0
HASH = make_hash("pw").encoded()


def observed(users: bytes | None, acl: bytes | None = None, facts: ServerFacts | None = None, **spec: Any) -> Observed:
    raw = objects.server("ns", "one", "default", **spec)
    return Observed(
        names=Names("ns", "one"),
        raw=raw,
        server=BackupStorageLocationServer.model_validate(raw),
        bsl_namespace="ns",
        bsl=None,
        bsl_granted=True,
        locations=(),
        access_error="",
        password=KeyRead("Secret", "ns", "one-password", "password", b"pw"),
        users=KeyRead("Secret", "ns", "one-users", "users", users, users is None),
        acl=KeyRead("ConfigMap", "ns", "acl", "acl", acl) if acl is not None else None,
        credentials=None,
        storage_ca=None,
        tls_secret=None,
        owned={},
        pods=(),
        facts=facts or ServerFacts(),
    )


def synced(seen: Observed, plan: UserPlan, **report: Any) -> tuple[Observed, Inputs]:
    """The same server after a pass for what is asked now."""
    inputs = judge(seen, NOW)
    values = {"acl": AclPlan(), "present": 1, "written": 0, "live": True, **report}
    facts = replace(seen.facts, sync=SyncReport(users=plan, **values), synced_version=inputs.asked_version)
    return replace(seen, facts=facts), inputs


def verdict(seen: Observed, inputs: Inputs, kind: str) -> Verdict | None:
    problems = (*inputs.problems, *sync_problems(seen))
    return next((one for one in tenant_verdicts(seen, inputs, problems, NOW) if one.type == kind), None)


def told(seen: Observed, inputs: Inputs, kind: str = "UsersSynced") -> tuple[bool | None, str]:
    found = verdict(seen, inputs, kind)
    assert found is not None
    return found.status, found.reason


ALICE = f"alice@vm-1:{HASH}\n".encode()


def test_before_the_first_pass_nothing_is_claimed() -> None:
    seen = observed(ALICE)
    inputs = judge(seen, NOW)
    assert told(seen, inputs) == (None, "ServerNotReady")
    users = tenant_status(seen, inputs, NOW)["users"]
    assert (users["desired"], users["applied"]) == (1, 0)


def test_a_pass_for_another_list_does_not_count() -> None:
    seen, _ = synced(observed(ALICE), UserPlan("ns/one", applied=1))
    other = observed(b"# no users", facts=seen.facts)
    assert told(other, judge(other, NOW)) == (None, "ServerNotReady")


def test_synced_with_the_users_of_others() -> None:
    seen, inputs = synced(observed(ALICE), UserPlan("ns/one", applied=1, unmanaged=("carol@vm-3",)))
    assert told(seen, inputs) == (True, "Synced")
    users = tenant_status(seen, inputs, NOW)["users"]
    assert (users["applied"], users["unmanaged"], users["rejectedLines"]) == (1, 1, None)
    found = verdict(seen, inputs, "UsersSynced")
    assert found
    assert "carol@vm-3" in found.message


def test_without_the_proof_of_a_login_no_user_counts_as_applied() -> None:
    plan = UserPlan("ns/one", applied=1)
    seen, inputs = synced(observed(ALICE), plan, live=False, live_error="The storage does not answer.")
    assert told(seen, inputs) == (False, "ChangesNotLive")
    assert tenant_status(seen, inputs, NOW)["users"]["applied"] == 0


def test_drift_is_repaired_or_reported() -> None:
    plan = UserPlan("ns/one", applied=1, drifted=("alice@vm-1",))
    assert told(*synced(observed(ALICE), plan)) == (True, "DriftRepaired")
    source = objects.server("ns", "one", "default")["spec"]["userManagement"]["source"]
    report = observed(ALICE, userManagement={"source": source, "driftPolicy": "Report"})
    assert told(*synced(report, plan)) == (False, "UsersDrifted")


def test_a_conflict_names_who_made_the_user() -> None:
    plan = UserPlan("ns/one", conflicts=(("alice@vm-1", "ns/two"), ("bob@vm-2", "")))
    seen, inputs = synced(observed(ALICE), plan)
    found = verdict(seen, inputs, "UsersSynced")
    assert found
    assert (found.status, found.reason) == (False, "UsersConflict")
    assert "alice@vm-1 (made by ns/two), bob@vm-2 (made by an administrator)" in found.message


def test_malformed_lines_are_listed_and_other_lines_are_news() -> None:
    def conditions(text: bytes, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen = observed(text)
        inputs = judge(seen, NOW)
        return to_conditions(tenant_verdicts(seen, inputs, inputs.problems, NOW), before, 1, NOW)

    first = conditions(ALICE + b"Bob@vm:x\n", [])
    second = conditions(ALICE + b"Bob@vm:x\nCarol@vm:y\n", first)
    assert second[0]["reason"] == "UserListMalformed"
    assert news(first, second) == second
    assert news(second, second) == []
    seen = observed(ALICE + b"Bob@vm:x\n")
    users = tenant_status(seen, judge(seen, NOW), NOW)["users"]
    assert (users["rejected"], [one["line"] for one in users["rejectedLines"]]) == (1, [2])
    assert HASH not in str(second)


def test_access_control_only_where_it_is_asked_for() -> None:
    seen = observed(ALICE)
    assert verdict(seen, judge(seen, NOW), "AccessControlSynced") is None
    source = {"accessControl": {"source": {"configMap": {"name": "acl", "key": "acl"}}}}
    seen, inputs = synced(observed(ALICE, b"ops@admin type=snapshot READ", **source), UserPlan("ns/one", applied=1))
    assert told(seen, inputs, "AccessControlSynced") == (True, "Synced")
    bad = observed(ALICE, b"ops@admin", **source)
    assert told(bad, judge(bad, NOW), "AccessControlSynced") == (False, "AccessControlListMalformed")
    empty = observed(ALICE, b"", **source)
    assert told(empty, judge(empty, NOW), "AccessControlSynced") == (False, "AccessControlListEmpty")


def test_objectives() -> None:
    backed_up = {"alice@vm-1": NOW.timestamp() - 2 * HOUR, "bob@vm-2": NOW.timestamp() - 30 * HOUR}
    facts = ServerFacts(repository=RepositoryFacts(tenants=3, snapshots=9, backed_up=backed_up))
    seen = observed(ALICE, facts=facts, objectives={"maxSnapshotAge": "26h"})
    inputs = judge(seen, NOW)
    assert told(seen, inputs, "ObjectivesMet") == (False, "TenantsOverdue")
    status = tenant_status(seen, inputs, NOW)
    assert status["tenants"] == {"total": 3, "overdue": 1, "overdueNames": ["bob@vm-2"]}
    assert status["snapshots"]["total"] == 9
    assert next_overdue_s(seen, NOW) == 24 * HOUR
    lenient = observed(ALICE, facts=facts, objectives={"maxSnapshotAge": "48h"})
    assert told(lenient, inputs, "ObjectivesMet") == (True, "AsExpected")
    none = observed(ALICE, facts=facts)
    assert verdict(none, inputs, "ObjectivesMet") is None
    assert next_overdue_s(none, NOW) is None
    assert tenant_status(none, inputs, NOW)["tenants"]["overdue"] is None


def test_a_request_is_in_effect_since_it_was_so_first() -> None:
    seen = observed(ALICE, facts=ServerFacts(refreshed="again"))
    inputs = judge(seen, NOW)
    told = tenant_status(seen, inputs, NOW)["usersRefresh"]
    assert told == {"request": "again", "time": "2026-11-23T12:00:00Z"}
    for facts in (seen.facts, ServerFacts()):  # the latter: a controller that has just started
        later = replace(seen, raw=seen.raw | {"status": {"usersRefresh": told}}, facts=facts)
        assert tenant_status(later, inputs, NOW + timedelta(hours=1))["usersRefresh"] == told
    assert tenant_status(observed(ALICE), inputs, NOW)["usersRefresh"] is None


def test_an_unreadable_line_keeps_whom_it_is_about() -> None:
    from backend.controller.desired.plan import Plan
    from backend.controller.settings import Settings
    from backend.controller.targets import target_of

    settings = Settings(image="x", controller_namespace="bsls-system")

    def rules(text: bytes) -> tuple[bool, set[str]]:
        seen = observed(text)
        found = target_of(seen, judge(seen, NOW), Plan(()), settings).asked.rules
        return found.keep_all, set(found.kept)

    assert rules(ALICE) == (False, set())
    assert rules(ALICE + b"bob@vm-2:$2y$05$x\n") == (False, {"bob@vm-2"})
    assert rules(ALICE + b"\xff\xfe") == (True, {""})
    assert rules(ALICE + b"x\n" * 2000) == (True, {""})
