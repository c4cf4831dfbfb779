"""All objects of one server, in the order of their use; or what stops them. Pure but for entropy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.controller.certificates import KeyPair
from backend.controller.desired import secrets
from backend.controller.desired.deployment import config_hash, deployment
from backend.controller.desired.meta import stamped
from backend.controller.desired.networkpolicy import network_policy
from backend.controller.desired.service import service, service_account
from backend.controller.inputs import Inputs
from backend.controller.observe import Observed
from backend.controller.problems import Area, Problem
from backend.controller.settings import Settings
from backend.storage.probe import READY

Json = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """`always` is safe at any time; `workload` restarts a running server and waits for its sessions first.

    `stop`: the server must not run (scaled to zero, credentials withdrawn). `waiting`: what the workload waits for.
    """

    always: tuple[Json, ...]
    workload: tuple[Json, ...] = ()
    pair: KeyPair | None = None
    stop: bool = False
    waiting: str = ""


def make_plan(observed: Observed, inputs: Inputs, settings: Settings, now: datetime) -> Plan:
    """While an input is broken, the running server is left as it is: its last good configuration is worth more."""
    ledger = secrets.users_secret(observed)
    always = (service_account(observed), stamped(service(observed)), *((ledger,) if ledger else ()))
    if any(problem.stop for problem in inputs.problems):
        return Plan(always, stop=True)
    if any(problem.reason == "NamespaceNotGranted" for problem in inputs.problems):
        return Plan(())
    pair, tls_objects = secrets.served_pair(observed, inputs, now)
    blocked = [problem for problem in inputs.problems if problem.area in (Area.STORAGE, Area.REPOSITORY)]
    if inputs.storage is None or inputs.password is None or blocked or pair is None:
        return Plan(always, pair=pair)
    if not _storage_proven(observed, inputs):
        return Plan(always, pair=pair, waiting="the storage to answer")
    data = secrets.repository_secret(observed, inputs, settings)
    workload = (
        *tls_objects,
        secrets.derived(observed, data),
        stamped(network_policy(observed, inputs.storage.endpoint, settings)),
        stamped(deployment(observed, config_hash(data, pair), settings)),
    )
    return Plan(always, workload, pair)


def _storage_proven(observed: Observed, inputs: Inputs) -> bool:
    """A workload that exists for this very storage is kept through outages; a new one waits for a good probe."""
    facts = observed.facts
    if facts.probe is not None and facts.storage_version == inputs.storage_version and facts.probe.reason == READY:
        return True
    live = observed.owned.get(("Secret", observed.names.repository_secret))
    return live is not None and secrets.same_storage(live, inputs)


def storage_problem(observed: Observed, inputs: Inputs) -> Problem | None:
    """What the probe of the storage says, once it has spoken of this storage."""
    facts = observed.facts
    if facts.probe is None or facts.storage_version != inputs.storage_version or facts.probe.reason == READY:
        return None
    return Problem(Area.STORAGE, facts.probe.reason, facts.probe.message)
