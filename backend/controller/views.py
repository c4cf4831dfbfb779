"""What the events of a server's state are made of, at the end of a pass. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.controller.assess_tenants import overdue
from backend.controller.observe import Observed
from backend.controller.pods import ensure_result
from backend.controller.state_events import ServerView
from backend.repository.result import Outcome
from backend.telemetry.spans import Ref

Json = dict[str, Any]


def view_of(observed: Observed, status: Json, now: datetime, trace: Ref | None = None) -> ServerView:
    """The server with the status that was just written. `trace`: of the pass, if it wrote another one."""
    spec, facts = observed.server.spec, observed.facts
    started = ensure_result(observed.pod)
    known = facts.repository is not None or spec.objectives.max_snapshot_age is None
    return ServerView(
        raw=observed.raw | {"status": {key: value for key, value in status.items() if value is not None}},
        now=now,
        drifted=tuple(facts.sync.users.drifted) if facts.sync else (),
        repairs=spec.user_management.drift_policy == "Repair",
        created=started is not None and started.result is Outcome.CREATED,
        overdue=dict(overdue(observed, now)) if known else None,
        max_snapshot_age=str(spec.objectives.max_snapshot_age or ""),
        trace=trace,
    )
