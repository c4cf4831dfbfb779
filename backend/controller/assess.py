"""Sum one pass up as a status. Pure: facts in, status out; the last status is read for its transition times only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.controller import pods
from backend.controller.assess_tenants import (
    next_overdue_s,
    sync_problems,
    synced,
    tenant_status,
    tenant_verdicts,
)
from backend.controller.certificates import CertificateProblem, facts_of
from backend.controller.conditions import Verdict, timestamp, to_conditions
from backend.controller.desired.plan import Plan, storage_problem
from backend.controller.desired.secrets import pinned_id
from backend.controller.desired.service import service_url
from backend.controller.inputs import Inputs, tls_pair
from backend.controller.observe import Observed
from backend.controller.problems import Area, Problem
from backend.crd.v1alpha1 import RepositoryStatus
from backend.storage import model
from backend.storage.probe import READY

Json = dict[str, Any]
OF_TENANTS = (Area.USERS, Area.ACCESS, Area.POLICY)  # none of them keeps the server from serving the others


@dataclass(frozen=True)
class Outcome:
    """What the pass did: a refused write, sessions that a restart waits for, a roll-out under way. `events`: what keeps
    events from being published, "" when nothing does, None where none are.
    """

    apply_problem: Problem | None = None
    draining: str = ""
    events: str | None = None


@dataclass(frozen=True)
class Assessment:
    status: Json
    problems: tuple[Problem, ...]
    serving: bool
    look_again_s: float | None = None


def find_problems(observed: Observed, inputs: Inputs, outcome: Outcome) -> tuple[Problem, ...]:
    """Everything that is wrong, most telling first: inputs, storage, repository, pod."""
    found = list(inputs.problems)
    if storage := storage_problem(observed, inputs):
        found.append(storage)
    pod = pods.pod_problem(observed)
    if vanished := _vanished(observed, inputs):
        found.append(vanished)
    elif (ensured := pods.ensure_problem(observed.pod)) and not (pod and pod.reason == "OOMKilled"):
        found.append(ensured)  # a process killed for its memory says nothing true about the repository
    if outcome.apply_problem:
        found.append(outcome.apply_problem)
    if pod:
        found.append(pod)
    found += sync_problems(observed)
    order = list(Area)
    return tuple(sorted(found, key=lambda problem: order.index(problem.area)))


def _vanished(observed: Observed, inputs: Inputs) -> Problem | None:
    """The storage answers, the repository is pinned, and it is not there."""
    probe = observed.facts.probe
    if not pinned_id(observed) or probe is None or observed.facts.storage_version != inputs.storage_version:
        return None
    if observed.facts.probe_pinned_id != pinned_id(observed):
        return None  # that probe was made before the repository was
    if probe.reason != READY or probe.repository_present:
        return None
    message = (
        f"The repository {repository_path(observed)} (unique id {pinned_id(observed)}) is no longer in the storage; "
        "restore its blobs. To begin an empty one knowingly, remove the annotation "
        "oadp.openshift.io/repository-unique-id."
    )
    return Problem(Area.REPOSITORY, "RepositoryVanished", message)


def repository_path(observed: Observed) -> str:
    return model.repository_path(observed.server.spec.prefix or "")


def storage_answers(observed: Observed, inputs: Inputs) -> bool:
    probe = observed.facts.probe
    return (
        probe is not None
        and observed.facts.storage_version == inputs.storage_version
        and probe.reason == READY
        and _vanished(observed, inputs) is None
    )


def serves(observed: Observed, inputs: Inputs) -> bool:
    """The truth that readiness tells: the process is up, we are logged in at it, and its storage answers."""
    pod = observed.pod
    return (
        pod is not None
        and pods.running(pod)
        and observed.facts.connected
        and observed.facts.pod_uid == pod["metadata"]["uid"]
        and (storage_answers(observed, inputs) or inputs.storage is None)
    )


def unheard(observed: Observed, inputs: Inputs) -> bool:
    """A pod that was serving, and of which this controller has not heard yet: it has just started itself.

    Judging now would take every server out of its Service until the first answers are in.
    """
    pod, facts = observed.pod, observed.facts
    if pod is None or not pods.running(pod) or not pods.gate(pod):
        return False
    probed = facts.probe is not None or inputs.storage is None
    return not (probed and facts.pod_uid == pod["metadata"]["uid"])


def assess(observed: Observed, inputs: Inputs, plan: Plan, outcome: Outcome, now: datetime) -> Assessment:
    problems = find_problems(observed, inputs, outcome)
    serving = serves(observed, inputs) and not plan.stop
    verdicts = [
        _available(problems, serving and pods.ready(observed.pod), observed),
        _progressing(observed, inputs, plan, outcome, problems, serving),
        _degraded(problems),
        _storage(observed, inputs, problems),
        _repository(observed, problems, serving),
        _tls(observed, problems),
        *tenant_verdicts(observed, inputs, problems, now),
        *_events(outcome),
    ]
    generation = int(observed.raw["metadata"].get("generation", 0))
    before = (observed.raw.get("status") or {}).get("conditions") or ()
    status = {
        "observedGeneration": generation,
        "conditions": to_conditions(verdicts, before, generation, now),
        "serviceURL": service_url(observed),
        "repositoryStatus": str(_repository_status(observed, problems, serving)),
        "repositoryPath": repository_path(observed),
        "repositoryUniqueID": pinned_id(observed) or None,
        **tenant_status(observed, inputs, now),
        **_tls_facts(observed),
    }
    return Assessment(status, problems, serving, next_overdue_s(observed, now))


def _first(problems: tuple[Problem, ...] | list[Problem], *areas: Area) -> Problem | None:
    return next((problem for problem in problems if not areas or problem.area in areas), None)


def _available(problems: tuple[Problem, ...], available: bool, observed: Observed) -> Verdict:
    if available:
        return Verdict("Available", True, "ServerReady", f"The Kopia server answers at {service_url(observed)}.")
    cause = _first([problem for problem in problems if problem.area not in OF_TENANTS])
    if cause:
        return Verdict("Available", False, cause.reason, cause.message)
    return Verdict("Available", False, "ServerStarting", "The Kopia server is starting.")


def _progressing(
    observed: Observed, inputs: Inputs, plan: Plan, outcome: Outcome, problems: tuple[Problem, ...], serving: bool
) -> Verdict:
    if outcome.draining:
        return Verdict("Progressing", True, "DrainingSessions", outcome.draining)
    blocker = _first(problems, Area.STORAGE, Area.REPOSITORY, Area.TLS, Area.POD)
    if blocker and not serving:
        return Verdict("Progressing", False, "Blocked", f"Waiting for a repair of {blocker.reason}.")
    if plan.waiting:
        return Verdict("Progressing", True, "CheckingStorage", f"Waiting for {plan.waiting}.")
    if not (serving and pods.ready(observed.pod)):
        return Verdict("Progressing", True, "ServerStarting", "The pod is starting.")
    if inputs.users and not synced(observed, inputs):
        return Verdict("Progressing", True, "SyncingUsers", "The user list is being applied.")
    return Verdict("Progressing", False, "Settled", "Everything asked for is in place.")


def _degraded(problems: tuple[Problem, ...]) -> Verdict:
    cause = _first(problems)
    if cause is None:
        return Verdict("Degraded", False, "AsExpected", "Nothing is wrong.")
    others = sorted({problem.reason for problem in problems} - {cause.reason})
    more = f" (also: {', '.join(others)})" if others else ""
    return Verdict("Degraded", True, cause.reason, cause.message + more)


def _storage(observed: Observed, inputs: Inputs, problems: tuple[Problem, ...]) -> Verdict:
    cause = _first(problems, Area.STORAGE)
    if cause:
        return Verdict("StorageReady", False, cause.reason, cause.message)
    if not storage_answers(observed, inputs):
        return Verdict("StorageReady", None, "CheckingStorage", "The storage has not been probed yet.")
    ignored = ", ".join(f"{key} ({why})" for key, why in inputs.ignored)
    note = f" Ignored settings of the BSL: {ignored}." if ignored else ""
    return Verdict("StorageReady", True, "StorageAnswers", f"The storage answers.{note}")


def _repository(observed: Observed, problems: tuple[Problem, ...], serving: bool) -> Verdict:
    cause = _first(problems, Area.REPOSITORY)
    if cause:
        return Verdict("RepositoryReady", False, cause.reason, cause.message)
    if serving:
        return Verdict("RepositoryReady", True, "Connected", f"Connected to {repository_path(observed)}.")
    if observed.facts.session_error and pods.running(observed.pod):
        return Verdict("RepositoryReady", False, "ServerNotAnswering", observed.facts.session_error)
    return Verdict("RepositoryReady", None, "ServerNotReady", "The server is not connected yet.")


def _repository_status(observed: Observed, problems: tuple[Problem, ...], serving: bool) -> RepositoryStatus:
    if _first(problems, Area.REPOSITORY) or (_first(problems, Area.STORAGE) and pinned_id(observed)):
        return RepositoryStatus.ERROR
    if serving or pinned_id(observed):
        return RepositoryStatus.INITIALIZED
    return RepositoryStatus.NOT_INITIALIZED


def _events(outcome: Outcome) -> list[Verdict]:
    if outcome.events is None:
        return []
    if outcome.events:
        return [Verdict("EventsPublished", False, "EventStoreFails", outcome.events)]
    return [Verdict("EventsPublished", True, "Published", "Events are written to the event store.")]


def _tls(observed: Observed, problems: tuple[Problem, ...]) -> Verdict:
    cause = _first(problems, Area.TLS)
    if cause:
        return Verdict("TLSReady", False, cause.reason, cause.message)
    facts = _tls_facts(observed)
    if not facts["tlsFingerprint"]:
        return Verdict("TLSReady", None, "CertificatePending", "The certificate has not been made yet.")
    kind = "given" if observed.server.spec.tls else "minted"
    return Verdict(
        "TLSReady", True, "CertificateValid", f"The {kind} certificate is valid until {facts['tlsNotAfter']}."
    )


def _tls_facts(observed: Observed) -> Json:
    pair = tls_pair(observed.owned.get(("Secret", observed.names.tls_secret)))
    try:
        facts = facts_of(pair.certificate)
    except CertificateProblem:
        return {"tlsFingerprint": None, "tlsNotAfter": None}
    return {"tlsFingerprint": facts.fingerprint, "tlsNotAfter": timestamp(facts.not_after)}
