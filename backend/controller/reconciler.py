"""One pass for one server: observe -> judge -> plan -> apply -> assess -> one status patch."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from backend.controller import pods
from backend.controller.announce import announce
from backend.controller.apply import Applier, ApplyError
from backend.controller.assess import Assessment, Outcome, assess, unheard
from backend.controller.cache import ClusterCache, Key
from backend.controller.conditions import Verdict, news, timestamp, to_conditions
from backend.controller.desired.plan import Plan, make_plan
from backend.controller.desired.secrets import pinned_id
from backend.controller.drain import DrainClock, active_sessions
from backend.controller.drift import differs
from backend.controller.event_path import EventPath
from backend.controller.inputs import Inputs, judge
from backend.controller.monitor import Monitor
from backend.controller.names import APPLIED_HASH, FIELD_MANAGER, READINESS_GATE
from backend.controller.observe import InvalidServerError, Observed, Observer
from backend.controller.pods import condition
from backend.controller.problems import Next, WaitError
from backend.controller.settings import Settings
from backend.controller.targets import target_of
from backend.controller.views import view_of
from backend.crd.constants import UNIQUE_ID_ANNOTATION
from backend.kube.client import KubeClient
from backend.kube.errors import ConflictError, KubeError, NotFoundError
from backend.kube.resources import BSLS, PODS
from backend.telemetry.spans import current, step

Json = dict[str, Any]
log = logging.getLogger(__name__)

CACHE_WAIT_S = 0.05
DRAIN_POLL_S = 3.0
RETRY_S = 15.0
RESYNC_S = 600.0


class Reconciler:
    """Raises `WaitError` to be called again; any other exception means back-off."""

    def __init__(
        self,
        client: KubeClient,
        cache: ClusterCache,
        monitor: Monitor,
        settings: Settings,
        events: EventPath | None = None,
    ) -> None:
        self._client = client
        self._cache = cache
        self._monitor = monitor
        self._settings = settings
        self._events = events
        self._observer = Observer(cache)
        self._applier = Applier(client, cache)
        self._drains = DrainClock(settings.drain_timeout_s)
        self._stuck: dict[Key, tuple[str, str]] = {}
        self._effort: dict[Key, tuple[int, float]] = {}

    async def timed(self, key: Key) -> float:
        """`reconcile`, its time added up; the sum is logged each time the server becomes Available."""
        started = time.perf_counter()
        before = self._available(key)
        try:
            return await self.reconcile(key)
        finally:
            passes, seconds = self._effort.pop(key, (0, 0.0))
            passes, seconds = passes + 1, seconds + time.perf_counter() - started
            if self._available(key) and not before:
                log.info("%s/%s: became Available; %d passes of ours took %.3f s", *key, passes, seconds)
            elif self._cache.servers.get(*key):
                self._effort[key] = (passes, seconds)

    def _available(self, key: Key) -> bool:
        raw = self._cache.servers.get(*key)
        found = condition(raw, "Available") if raw else None
        return bool(found and found["status"] == "True")

    async def reconcile(self, key: Key) -> float:
        """Returns after how many seconds the server wants to be looked at again at the latest."""
        raw = self._cache.servers.get(*key)
        if raw is None or "deletionTimestamp" in raw["metadata"]:
            self._monitor.forget(key)  # the garbage collector removes the objects; backup data is never touched
            self._cache.forget(key)
            self._drains.reset(key)
            self._stuck.pop(key, None)
            if self._events:
                self._events.delete(key)
            return 0.0
        try:
            with step("observe"):
                observed = await self._observer.observe(raw, self._monitor.facts(key))
        except InvalidServerError as error:
            await self._write_invalid(raw, str(error))
            return RESYNC_S
        if observed is None:
            raise WaitError("the caches of the namespace are filling", CACHE_WAIT_S)
        now = datetime.now(UTC)
        inputs = judge(observed, now)
        plan = make_plan(observed, inputs, self._settings, now)
        self._monitor.aim(key, target_of(observed, inputs, plan, self._settings))
        with step("apply"):
            outcome = await self._carry_out(key, observed, plan)
        await self._pin_repository(observed)
        await self._retry_stuck_pod(key, observed, inputs)
        if unheard(observed, inputs) and not plan.stop:
            return RESYNC_S  # the monitor wakes us with its first findings, good or bad
        if self._events:
            outcome = replace(outcome, events=self._events.problem)
        assessment = assess(observed, inputs, plan, outcome, now)
        await self._set_gate(observed, assessment)
        with step("status"):
            written = await self._write_status(observed, assessment, now)
        if self._events:
            self._events.observe(key, view_of(observed, assessment.status, now, current() if written else None))
        if outcome.draining:
            return DRAIN_POLL_S
        if any(problem.next is Next.RETRY for problem in assessment.problems):
            return RETRY_S
        return min(RESYNC_S, (assessment.look_again_s or RESYNC_S) + 1)

    async def _carry_out(self, key: Key, observed: Observed, plan: Plan) -> Outcome:
        try:
            await self._applier.apply(observed, plan.always)
            if plan.stop:
                await self._applier.stop(observed)
                return Outcome()
            if not plan.workload:
                return Outcome()
            draining = await self._draining(key, observed, plan)
            if draining:
                return Outcome(draining=draining)
            self._drains.reset(key)
            await self._applier.apply(observed, plan.workload)
            await self._applier.prune(observed, plan.always + plan.workload)
            return Outcome()
        except ApplyError as error:
            return Outcome(apply_problem=error.problem)

    async def _draining(self, key: Key, observed: Observed, plan: Plan) -> str:
        """A sentence while a restart has to wait for running sessions, else `""`."""
        wanted = plan.workload[-1]
        live = observed.owned.get((wanted["kind"], wanted["metadata"]["name"]))
        if live is None or not _restarts(wanted, live):
            return ""
        pod = observed.pod
        if pod is None or not pods.running(pod) or not observed.facts.connected:
            return ""  # nobody can be in the middle of a backup there
        now = datetime.now(UTC)
        deadline = self._drains.deadline(key, now)
        if now >= deadline:
            return ""
        until = f"until {timestamp(deadline)} at the latest"
        meta = pod["metadata"]
        try:
            text = await self._client.text(
                PODS.path(meta["namespace"], meta["name"], "log"), params={"container": "kopia"}
            )
        except KubeError as error:
            return f"A restart is due; it waits {until}, as the sessions cannot be counted ({error.message})."
        sessions = active_sessions(text.splitlines())
        if not sessions:
            return ""
        return f"A restart is due; it waits for {sessions} running sessions to end, {until}."

    async def _pin_repository(self, observed: Observed) -> None:
        """Write down which repository this server opened, so that another one is never taken for it."""
        result = pods.ensure_result(observed.pod)
        if result is None or not result.ok or not result.unique_id or pinned_id(observed):
            return
        patch = {"metadata": {"annotations": {UNIQUE_ID_ANNOTATION: result.unique_id}}}
        names = observed.names
        answer = await self._client.merge_patch(BSLS, names.namespace, names.name, patch, manager=FIELD_MANAGER)
        self._cache.servers.remember(answer)
        observed.raw["metadata"].setdefault("annotations", {})[UNIQUE_ID_ANNOTATION] = result.unique_id

    async def _retry_stuck_pod(self, key: Key, observed: Observed, inputs: Inputs) -> None:
        """A pod in crash-loop back-off waits up to 5 minutes; once the storage tells another story, start it anew."""
        pod, probe = observed.pod, observed.facts.probe
        ensure = pods.container(pod, "ensure")
        waiting = ((ensure or {}).get("state") or {}).get("waiting") or {}
        if pod is None or probe is None or waiting.get("reason") != "CrashLoopBackOff":
            return
        uid = pod["metadata"]["uid"]
        story = f"{probe.reason} {probe.repository_present} {probe.etag} {inputs.storage_version}"
        known, before = self._stuck.get(key, ("", ""))
        if known != uid:
            self._stuck[key] = (uid, story)
            return
        if before == story:
            return
        log.info("starting pod %s anew: its storage changed from %r to %r", pod["metadata"]["name"], before, story)
        try:
            await self._client.delete(PODS, pod["metadata"]["namespace"], pod["metadata"]["name"], uid=uid)
        except (NotFoundError, ConflictError):
            return

    async def _set_gate(self, observed: Observed, assessment: Assessment) -> None:
        """The pod's readiness gate: the Service sends tenants only to a server that can serve them."""
        pod = observed.pod
        if pod is None or pods.gate(pod) == assessment.serving:
            return
        meta = pod["metadata"]
        condition = {
            "type": READINESS_GATE,
            "status": str(assessment.serving),
            "reason": "ControllerProbe",
            "lastTransitionTime": timestamp(datetime.now(UTC)),
        }
        patch = {"status": {"conditions": [condition]}, "metadata": {"uid": meta["uid"]}}
        try:
            answer = await self._client.strategic_patch_status(
                PODS, meta["namespace"], meta["name"], patch, manager=FIELD_MANAGER
            )
        except (NotFoundError, ConflictError):
            return  # the pod went meanwhile; its successor wakes us
        self._cache.remember(PODS, answer)

    async def _write_status(self, observed: Observed, assessment: Assessment, now: datetime) -> bool:
        """Whether it is another one."""
        before = observed.raw.get("status") or {}
        wanted = assessment.status
        if {key: value for key, value in wanted.items() if value is not None} == before:
            return False
        changed = news(before.get("conditions") or (), wanted["conditions"])
        await self._patch_status(observed.raw, wanted)
        await announce(self._client, observed.raw, changed, now)
        return True

    async def _write_invalid(self, raw: Json, message: str) -> None:
        status = raw.get("status") or {}
        before = status.get("conditions") or ()
        now = datetime.now(UTC)
        verdicts = [
            Verdict("Available", False, "InvalidSpec", message),
            Verdict("Degraded", True, "InvalidSpec", message),
        ]
        conditions = to_conditions(verdicts, before, int(raw["metadata"].get("generation", 0)), now)
        if conditions != list(before):
            await self._patch_status(raw, {"conditions": conditions})
            await announce(self._client, raw, news(before, conditions), now)

    async def _patch_status(self, raw: Json, status: Json) -> None:
        meta = raw["metadata"]
        answer = await self._client.merge_patch(
            BSLS, meta["namespace"], meta["name"], {"status": status}, manager=FIELD_MANAGER, subresource="status"
        )
        self._cache.servers.remember(answer)


def _restarts(wanted: Json, live: Json) -> bool:
    """Writing this Deployment makes another pod."""
    stamps = [(item["metadata"].get("annotations") or {}).get(APPLIED_HASH) for item in (wanted, live)]
    return stamps[0] != stamps[1] or bool(differs(wanted["spec"]["template"], live["spec"]["template"]))
