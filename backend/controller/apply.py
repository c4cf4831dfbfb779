"""Bring the cluster to the plan: write what differs, prune what is no longer wanted."""

from __future__ import annotations

import logging
from typing import Any

from backend.controller.cache import ClusterCache
from backend.controller.drift import differs
from backend.controller.names import FIELD_MANAGER
from backend.controller.observe import Observed
from backend.controller.problems import Area, Next, Problem
from backend.kube.client import KubeClient
from backend.kube.errors import ConflictError, ForbiddenError, KubeError, NotFoundError
from backend.kube.resources import BY_KIND, DEPLOYMENTS, SECRETS

Json = dict[str, Any]
log = logging.getLogger(__name__)


class ApplyError(Exception):
    """An object of ours could not be written; `problem` is for the status."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Applier:
    """All writes of objects that belong to a server."""

    def __init__(self, client: KubeClient, cache: ClusterCache) -> None:
        self._client = client
        self._cache = cache

    async def apply(self, observed: Observed, objects: tuple[Json, ...]) -> list[str]:
        """Write what differs; returns `Kind/name` of what was written."""
        written = []
        for wanted in objects:
            name = wanted["metadata"]["name"]
            live = observed.owned.get((wanted["kind"], name))
            difference = differs(wanted, live) if live else "missing"
            if not difference:
                continue
            log.info("applying %s %s/%s: %s", wanted["kind"], observed.names.namespace, name, difference)
            await self._write(observed, wanted, live)
            written.append(f"{wanted['kind']}/{name}")
        return written

    async def _write(self, observed: Observed, wanted: Json, live: Json | None) -> None:
        resource = BY_KIND[wanted["kind"]]
        namespace, name = observed.names.namespace, wanted["metadata"]["name"]
        try:
            if live is None:
                answer = await self._create(observed, wanted)
            else:
                _check_owner(observed, live, wanted["kind"])
                answer = await self._client.replace(resource, _update(wanted, live), manager=FIELD_MANAGER)
        except ForbiddenError as error:
            raise ApplyError(_refused(error, wanted["kind"], namespace, name)) from error
        except KubeError as error:
            if error.status == 422:
                message = f"The apiserver refuses the {wanted['kind']} {name}: {error.message}. Correct the spec."
                raise ApplyError(Problem(Area.POD, "ObjectRefused", message)) from error
            raise
        self._cache.remember(resource, answer)

    async def _create(self, observed: Observed, wanted: Json) -> Json:
        """POST is cheaper than apply for a new object, and never takes over a stranger's."""
        resource = BY_KIND[wanted["kind"]]
        namespace, name = observed.names.namespace, wanted["metadata"]["name"]
        try:
            return await self._client.create(resource, namespace, wanted, manager=FIELD_MANAGER)
        except ConflictError:
            try:
                live = await self._client.get(resource, namespace, name)
            except NotFoundError as gone:  # deleted between the two requests: the next pass creates it
                raise KubeError(409, "Conflict", f"{wanted['kind']} {name} is being deleted") from gone
            _check_owner(observed, live, wanted["kind"])
            return await self._client.replace(resource, _update(wanted, live), manager=FIELD_MANAGER)

    async def stop(self, observed: Observed) -> None:
        """Scale the server to zero and withdraw its storage credentials; certificate and Service stay."""
        names = observed.names
        live = observed.owned.get((DEPLOYMENTS.kind, names.workload))
        if live is not None and live["spec"].get("replicas") != 0:
            answer = await self._client.merge_patch(
                DEPLOYMENTS, names.namespace, names.workload, {"spec": {"replicas": 0}}, manager=FIELD_MANAGER
            )
            self._cache.remember(DEPLOYMENTS, answer)
        await self._delete(observed, SECRETS.kind, names.repository_secret)

    async def prune(self, observed: Observed, wanted: tuple[Json, ...]) -> None:
        """Remove objects that carry our label for this server but have no place in the plan any more."""
        kept = {(item["kind"], item["metadata"]["name"]) for item in wanted}
        for kind, name in observed.owned:
            if (kind, name) not in kept:
                await self._delete(observed, kind, name)

    async def _delete(self, observed: Observed, kind: str, name: str) -> None:
        live = observed.owned.get((kind, name))
        if live is None or not _is_owner(observed, live) or "deletionTimestamp" in live["metadata"]:
            return
        log.info("removing %s %s/%s", kind, observed.names.namespace, name)
        try:
            uid = live["metadata"]["uid"]
            await self._client.delete(BY_KIND[kind], observed.names.namespace, name, uid=uid)
        except NotFoundError:
            return


def _is_owner(observed: Observed, live: Json) -> bool:
    return any(owner["uid"] == observed.uid for owner in live["metadata"].get("ownerReferences") or ())


def _check_owner(observed: Observed, live: Json, kind: str) -> None:
    if _is_owner(observed, live):
        return
    meta = live["metadata"]
    message = (
        f"{kind} {meta['namespace']}/{meta['name']} exists and does not belong to this server; "
        "remove it or give the server another name."
    )
    raise ApplyError(Problem(Area.POD, "ObjectConflict", message, Next.RETRY))


def _refused(error: ForbiddenError, kind: str, namespace: str, name: str) -> Problem:
    if "exceeded quota" in error.message:
        message = f"The quota of {namespace} leaves no room for the {kind} {name} ({error.message}); raise it."
        return Problem(Area.POD, "QuotaExceeded", message, Next.RETRY)
    message = (
        f"The controller may not write the {kind} {namespace}/{name} ({error.message}); "
        f"grant it with: kubectl apply -n {namespace} -k manifests/namespace"
    )
    return Problem(Area.POD, "NamespaceNotGranted", message, Next.RETRY)


def _update(wanted: Json, live: Json) -> Json:
    """The whole object: what is not asked for any more goes, which a server-side apply leaves behind in an object that
    a POST made, and elements of lists do not pile up. What others keep beside it stays: their metadata, the
    pull secrets of a ServiceAccount.
    """
    meta = live["metadata"]
    owned = {
        field.removeprefix("f:")
        for entry in meta.get("managedFields") or ()
        if entry.get("manager") == FIELD_MANAGER
        for field in entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {})
    }
    foreign = {key: value for key, value in (meta.get("annotations") or {}).items() if key not in owned}
    metadata = {
        **wanted["metadata"],
        "labels": {**(meta.get("labels") or {}), **wanted["metadata"]["labels"]},
        "annotations": {**foreign, **(wanted["metadata"].get("annotations") or {})},
        "finalizers": meta.get("finalizers") or [],
        "resourceVersion": meta["resourceVersion"],
    }
    return {**live, **wanted, "metadata": metadata, **_kept_class(wanted, live)}


def _kept_class(wanted: Json, live: Json) -> Json:
    """A webhook may choose the class of a load balancer at its creation; it can never be changed."""
    chosen = live.get("spec", {}).get("loadBalancerClass")
    if wanted["kind"] != "Service" or wanted["spec"]["type"] != "LoadBalancer" or not chosen:
        return {}
    return {"spec": {**wanted["spec"], "loadBalancerClass": chosen}}
