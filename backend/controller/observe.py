"""Gather everything one reconcile needs, once. Nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from backend.controller.cache import ClusterCache, Key, decode
from backend.controller.facts import ServerFacts
from backend.controller.names import SERVER_LABEL, Names, refresh_request
from backend.crd.spec import KeySource
from backend.crd.v1alpha1 import BackupStorageLocationServer
from backend.kube.resources import CONFIG_MAPS, SECRETS, Resource
from backend.storage.bsl import ca_cert_ref, credential_ref, granted

Json = dict[str, Any]
Reference = tuple[str, str, str]


@dataclass(frozen=True)
class KeyRead:
    """One entry of a Secret or ConfigMap: its bytes, or which part of it is missing."""

    kind: str
    namespace: str
    name: str
    key: str
    data: bytes | None = None
    object_missing: bool = False
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Observed:
    """The cluster as one server sees it. `owned` has live objects by (kind, name), Secrets with their data.

    `access_error`: what the controller may not read, in `access_namespace` (the server's or its location's).
    """

    names: Names
    raw: Json
    server: BackupStorageLocationServer
    bsl_namespace: str
    bsl: Json | None
    bsl_granted: bool
    locations: tuple[Json, ...]
    access_error: str
    password: KeyRead
    users: KeyRead
    acl: KeyRead | None
    credentials: KeyRead | None
    storage_ca: KeyRead | None
    tls_secret: Json | None
    owned: dict[tuple[str, str], Json]
    pods: tuple[Json, ...]
    facts: ServerFacts
    access_namespace: str = ""

    @property
    def uid(self) -> str:
        return str(self.raw["metadata"]["uid"])

    @property
    def pod(self) -> Json | None:
        """The newest pod that is not on its way out."""
        alive = [pod for pod in self.pods if "deletionTimestamp" not in pod["metadata"]]
        return max(alive, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)


@dataclass(frozen=True)
class Source:
    """Where a list is kept."""

    resource: Resource
    name: str
    key: str
    optional: bool

    @property
    def kind(self) -> str:
        return self.resource.kind


class InvalidServerError(Exception):
    """The apiserver gave an object that our model cannot read (a CRD older or newer than this controller)."""


class Observer:
    """Reads through the cache and records what the server refers to."""

    def __init__(self, cache: ClusterCache) -> None:
        self._cache = cache

    async def observe(self, raw: Json, facts: ServerFacts) -> Observed | None:
        """None while the informers of a namespace are still filling."""
        server = _parse(raw)
        meta = raw["metadata"]
        names = Names(meta["namespace"], meta["name"])
        spec = server.spec
        bsl_namespace = spec.backup_storage_location.namespace
        bsl = self._cache.locations.get(bsl_namespace, spec.backup_storage_location.name)
        bsl_granted = bsl_namespace == names.namespace or (
            bsl is not None and granted(bsl["metadata"].get("annotations") or {}, bsl_namespace, names.namespace)
        )
        readable = bsl is not None and bsl_granted
        namespaces = (names.namespace, bsl_namespace) if readable else (names.namespace,)
        caches = {namespace: self._cache.namespace(namespace) for namespace in namespaces}
        references = _references(names, server, bsl if readable else None, bsl_namespace)
        self._cache.refer((names.namespace, names.name), references)
        if not (self._cache.locations.synced.is_set() and all(cache.synced for cache in caches.values())):
            return None
        refused = [(namespace, cache.error) for namespace, cache in caches.items() if cache.error]
        # The informers may not know yet what was written just before somebody asked for it.
        fresh = not refused and refresh_request(raw) not in ("", facts.refreshed)
        users = _source(spec.user_management.source, "spec.userManagement.source")
        acl = _source(spec.access_control.source, "spec.accessControl.source") if spec.access_control else None
        credential = credential_ref(bsl) if readable and bsl else None
        ca = ca_cert_ref(bsl) if readable and bsl else None
        return Observed(
            names=names,
            raw=raw,
            server=server,
            bsl_namespace=bsl_namespace,
            bsl=bsl,
            bsl_granted=bsl_granted,
            locations=tuple(self._cache.locations.all()),
            access_error=refused[0][1].message if refused else "",
            password=await self._read(
                SECRETS, names.namespace, spec.repository_password_secret.name, spec.repository_password_secret.key
            ),
            users=await self._read_source(names.namespace, users, fresh=fresh),
            acl=await self._read_source(names.namespace, acl, fresh=fresh) if acl else None,
            credentials=await self._read(SECRETS, bsl_namespace, *credential) if credential else None,
            storage_ca=await self._read(SECRETS, bsl_namespace, *ca) if ca else None,
            tls_secret=await self._cache.content(SECRETS, names.namespace, spec.tls.secret_name)
            if spec.tls and spec.tls.secret_name
            else None,
            owned=await self._owned(names),
            pods=self._pods(names),
            facts=facts,
            access_namespace=refused[0][0] if refused else "",
        )

    async def _read(
        self, resource: Resource, namespace: str, name: str, key: str, *, optional: bool = False, fresh: bool = False
    ) -> KeyRead:
        content = await self._cache.content(resource, namespace, name, fresh=fresh)
        data = decode(content, key)
        return KeyRead(resource.kind, namespace, name, key, data, content is None, optional)

    async def _read_source(self, namespace: str, source: Source, *, fresh: bool) -> KeyRead:
        return await self._read(
            source.resource, namespace, source.name, source.key, optional=source.optional, fresh=fresh
        )

    async def _owned(self, names: Names) -> dict[tuple[str, str], Json]:
        informers = self._cache.namespace(names.namespace).informers
        owned = {
            (kind, item["metadata"]["name"]): item
            for kind, informer in informers.items()
            if kind not in (SECRETS.kind, CONFIG_MAPS.kind, "Pod")
            for item in informer.all()
            if item["metadata"].get("labels", {}).get(SERVER_LABEL) == names.name
        }
        for name in names.secrets:
            content = await self._cache.content(SECRETS, names.namespace, name)
            if content is not None:
                owned[(SECRETS.kind, name)] = content
        return owned

    def _pods(self, names: Names) -> tuple[Json, ...]:
        informer = self._cache.namespace(names.namespace).informers["Pod"]
        return tuple(pod for pod in informer.all() if pod["metadata"].get("labels", {}).get(SERVER_LABEL) == names.name)


def _parse(raw: Json) -> BackupStorageLocationServer:
    try:
        return BackupStorageLocationServer.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidServerError(f"{where}: {first['msg']}; correct the field.") from error


def _source(source: KeySource, where: str) -> Source:
    selector, resource = (source.secret, SECRETS) if source.secret else (source.config_map, CONFIG_MAPS)
    if selector is None:
        raise InvalidServerError(f"{where} names neither a secret nor a configMap; set one.")
    return Source(resource, selector.name, selector.key, bool(selector.optional))


def _sources(server: BackupStorageLocationServer) -> tuple[Source, ...]:
    found = [_source(server.spec.user_management.source, "spec.userManagement.source")]
    if server.spec.access_control:
        found.append(_source(server.spec.access_control.source, "spec.accessControl.source"))
    return tuple(found)


def _references(
    names: Names, server: BackupStorageLocationServer, bsl: Json | None, bsl_namespace: str
) -> frozenset[Reference]:
    """Every Secret and ConfigMap whose change must wake the server."""
    spec = server.spec
    found: set[Reference] = {
        (SECRETS.kind, names.namespace, name)
        for name in (
            spec.repository_password_secret.name,
            *names.secrets,
        )
    }
    for source in _sources(server):
        found.add((source.kind, names.namespace, source.name))
    if spec.tls and spec.tls.secret_name:
        found.add((SECRETS.kind, names.namespace, spec.tls.secret_name))
    for reference in (credential_ref(bsl), ca_cert_ref(bsl)) if bsl else ():
        if reference:
            found.add((SECRETS.kind, bsl_namespace, reference[0]))
    return frozenset(found)


def server_key(observed: Observed) -> Key:
    return observed.names.namespace, observed.names.name
