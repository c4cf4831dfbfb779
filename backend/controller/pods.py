"""What the pod of a server says: ready, starting, or what keeps it from running. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend.controller.names import READINESS_GATE
from backend.controller.observe import Observed
from backend.controller.problems import Area, Problem
from backend.repository.result import EnsureResult, parse_result

Json = dict[str, Any]

_STORAGE_PREFIXES = ("Storage", "Bucket")
_IMAGE_REASONS = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}


def condition(item: Json, kind: str) -> Json | None:
    """One condition of any object's status."""
    return next((one for one in (item.get("status") or {}).get("conditions") or () if one["type"] == kind), None)


def statuses(pod: Json, group: str) -> Iterator[Json]:
    yield from (pod.get("status") or {}).get(group) or ()


def container(pod: Json | None, name: str) -> Json | None:
    """Status of the init container `ensure` or the container `kopia`."""
    if pod is None:
        return None
    both = [*statuses(pod, "initContainerStatuses"), *statuses(pod, "containerStatuses")]
    return next((one for one in both if one["name"] == name), None)


def running(pod: Json | None) -> bool:
    """The Kopia process was started; whether it serves, our session tells sooner than the startup probe."""
    status = container(pod, "kopia")
    return bool(status and (status.get("state") or {}).get("running"))


def gate(pod: Json) -> bool:
    found = condition(pod, READINESS_GATE)
    return bool(found and found["status"] == "True")


def ready(pod: Json | None) -> bool:
    found = condition(pod, "Ready") if pod else None
    return bool(found and found["status"] == "True")


def ensure_result(pod: Json | None) -> EnsureResult | None:
    """The typed result of `bsls repository ensure`, from the last run of the init container that ended."""
    status = container(pod, "ensure")
    if status is None:
        return None
    for state in (status.get("state") or {}, status.get("lastState") or {}):
        text = (state.get("terminated") or {}).get("message")
        if text:
            return parse_result(text)
    return None


def ensure_problem(pod: Json | None) -> Problem | None:
    """Why the repository could not be opened by the pod."""
    result = ensure_result(pod)
    if result is None or result.ok:
        return None
    area = Area.STORAGE if result.result.startswith(_STORAGE_PREFIXES) else Area.REPOSITORY
    return Problem(area, str(result.result), result.message)


def pod_problem(observed: Observed) -> Problem | None:
    """What keeps the pod from running, other than the repository."""
    deployment = observed.owned.get(("Deployment", observed.names.workload))
    failure = condition(deployment, "ReplicaFailure") if deployment else None
    if observed.pod is None and failure and failure["status"] == "True":
        reason = "QuotaExceeded" if "quota" in failure["message"] else "PodRefused"
        return _problem(reason, f"The pod cannot be made: {failure['message']}. Correct podConfig, quota or policy.")
    if observed.pod is None:
        return None
    scheduled = condition(observed.pod, "PodScheduled")
    if scheduled and scheduled["status"] == "False":
        why = scheduled.get("message", "no message")
        return _problem("PodUnschedulable", f"No node takes the pod ({why}); change podConfig or add capacity.")
    for name in ("ensure", "kopia"):
        found = _container_problem(container(observed.pod, name), name)
        if found:
            return found
    return None


def _container_problem(status: Json | None, name: str) -> Problem | None:
    if status is None:
        return None
    waiting = (status.get("state") or {}).get("waiting") or {}
    last = (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
    reason = waiting.get("reason", "")
    if reason in _IMAGE_REASONS:
        why = waiting.get("message") or reason
        return _problem("ImageUnavailable", f"The image of the pod cannot be had ({why}); make it available.")
    if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
        return _problem("ContainerStartFailed", f"Container {name} cannot start: {waiting.get('message', reason)}.")
    if last.get("reason") == "OOMKilled" and not status.get("ready"):
        return _problem("OOMKilled", f"Container {name} ran out of memory; raise podConfig.podResources.limits.memory.")
    if reason == "CrashLoopBackOff" and not (name == "ensure" and last.get("message")):
        code = last.get("exitCode", "?")
        return _problem(
            "CrashLooping", f"Container {name} keeps ending with exit code {code}; see kubectl logs -c {name}."
        )
    return None


def _problem(reason: str, message: str) -> Problem:
    return Problem(Area.POD, reason, message)
