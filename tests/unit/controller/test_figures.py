"""Metrics of servers are what their statuses say, at the moment of asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.controller.facts import RepositoryFacts, ServerFacts
from backend.controller.figures import state_of, watch_servers
from backend.telemetry import catalogue
from backend.telemetry.instruments import REGISTRY, Watches


def conditions(**held: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status, "reason": "Because"} for kind, status in held.items()]


@pytest.mark.parametrize(
    ("held", "state"),
    [
        ({"Available": "True", "Degraded": "False"}, "available"),
        ({"Available": "True", "Degraded": "True"}, "degraded"),
        ({"Available": "False", "Degraded": "True"}, "failed"),
        ({"Available": "False", "Progressing": "True"}, "starting"),
        ({}, "starting"),
    ],
)
def test_states(held: dict[str, str], state: str) -> None:
    assert state_of({"conditions": conditions(**held)}) == state


def server(name: str, **status: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "backup", "name": name}, "status": status}


def ago(**age: float) -> str:
    return f"{datetime.now(UTC) - timedelta(**age):%Y-%m-%dT%H:%M:%SZ}"


FULL = server(
    "vms",
    conditions=conditions(Available="True", Degraded="False"),
    repositoryStatus="Initialized",
    tlsNotAfter=ago(days=-10),
    users={"desired": 3, "applied": 2, "rejected": 1, "drifted": 0, "conflicting": 0},
    tenants={"total": 4, "overdue": 1},
    snapshots={"total": 9, "incomplete": 2, "lastTime": ago(hours=2)},
    maintenance={"owner": "x", "lastFullTime": ago(days=3)},
)
FACTS = {
    ("backup", "vms"): ServerFacts(
        repository=RepositoryFacts(backed_up={"a@1": 100.0, "b@1": 300.0, "c@1": 200.0}),
    )
}


def collected(servers: list[dict[str, Any]], tenant_series: int = 0) -> dict[str, dict[Any, float]]:
    watches = Watches()
    watch_servers(watches, lambda: servers, lambda key: FACTS.get(key, ServerFacts()), tenant_series)
    try:
        return {one.metric.name: dict(one.values) for one in REGISTRY.collect() if one.values}
    finally:
        watches.close()


def test_a_status_is_figures() -> None:
    found = collected([FULL, server("new")])
    vms, new = ("backup", "vms"), ("backup", "new")
    assert found["bsls.servers"] == {("available",): 1, ("starting",): 1, ("degraded",): 0, ("failed",): 0}
    assert found["bsls.server.available"] == {vms: 1, new: 0}
    assert found["bsls.server.condition"][(*vms, "Available", "True", "Because")] == 1
    assert found["bsls.repository.state"] == {(*vms, "Initialized"): 1, (*new, "NotInitialized"): 1}
    assert found["bsls.certificate.remaining"][vms] == pytest.approx(864_000, abs=60)
    assert found["bsls.users"][(*vms, "rejected")] == 1
    assert found["bsls.tenants"] == {vms: 4}
    assert found["bsls.tenants.overdue"] == {vms: 1}
    assert found["bsls.snapshots"] == {(*vms, "complete"): 7, (*vms, "incomplete"): 2}
    assert found["bsls.snapshot.age"][vms] == pytest.approx(7200, abs=60)
    assert found["bsls.maintenance.age"] == {(*vms, "full"): pytest.approx(259_200, abs=60)}
    assert "bsls.tenant.snapshot.age" not in found
    assert "bsls.acl.entries" not in found


def test_tenants_have_series_when_asked_for_up_to_the_cap_the_oldest_first() -> None:
    found = collected([FULL, server("new")], tenant_series=2)
    assert [user for *_, user in found["bsls.tenant.snapshot.age"]] == ["a@1", "c@1"]
    assert found["bsls.tenant.series.omitted"] == {(): 1}


def test_a_server_that_went_has_no_series() -> None:
    found = collected([])
    assert set(found["bsls.servers"].values()) == {0}
    assert "bsls.server.available" not in found


def test_every_metric_of_a_server_is_from_the_catalogue() -> None:
    assert {name for name in collected([FULL], 5) if name.startswith("bsls.server")} <= set(catalogue.ALL)
