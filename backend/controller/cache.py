"""What the controller knows of the cluster: informers, for all or for one namespace, and Secrets by name."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from backend.controller.names import MANAGED_SELECTOR, SERVER_LABEL
from backend.kube.client import KubeClient
from backend.kube.errors import KubeError, NotFoundError
from backend.kube.informer import Informer
from backend.kube.resources import (
    BSL,
    BSLS,
    CONFIG_MAPS,
    DEPLOYMENTS,
    NETWORK_POLICIES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)

Json = dict[str, Any]
Key = tuple[str, str]  # namespace, name of a BackupStorageLocationServer
Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]

OWNED = (DEPLOYMENTS, SERVICES, SERVICE_ACCOUNTS, NETWORK_POLICIES, PODS)


@dataclass
class NamespaceCache:
    """The informers of one namespace."""

    informers: dict[str, Informer]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def synced(self) -> bool:
        return all(informer.synced.is_set() for informer in self.informers.values())

    @property
    def error(self) -> KubeError | None:
        return next((informer.error for informer in self.informers.values() if informer.error), None)


class ClusterCache:
    """Reads of the reconciler. `enqueue` is called with the key of every server that a change may concern, and with
    what changed, as `Secret backup/users`.
    """

    def __init__(self, client: KubeClient, spawn: Spawn, enqueue: Callable[[Key, str, bool], None]) -> None:
        self._client = client
        self._spawn = spawn
        self._enqueue = enqueue
        self._namespaces: dict[str, NamespaceCache] = {}
        self._content: dict[tuple[str, str, str], tuple[str, Json]] = {}
        self._references: dict[Key, frozenset[tuple[str, str, str]]] = {}
        self.servers = Informer(client, BSLS, handler=self._server_changed)
        self.locations = Informer(client, BSL, handler=self._location_changed, on_error=lambda _e: self.enqueue_all())

    def start(self) -> None:
        self._spawn(self.servers.run(), "informer backupstoragelocationservers")
        self._spawn(self.locations.run(), "informer backupstoragelocations")

    def namespace(self, name: str) -> NamespaceCache:
        """The informers of a namespace, started at first use."""
        if name not in self._namespaces:
            self._namespaces[name] = self._open(name)
        return self._namespaces[name]

    def _open(self, name: str) -> NamespaceCache:
        def informer(resource: Resource, *, metadata_only: bool = False, owned: bool = False) -> Informer:
            return Informer(
                self._client,
                resource,
                namespace=name,
                metadata_only=metadata_only,
                label_selector=MANAGED_SELECTOR if owned else "",
                handler=lambda item: (
                    self._owned_changed(resource, item) if owned else self._source_changed(resource, item)
                ),
                on_error=lambda _error: self.enqueue_all(),
            )

        informers = {resource.kind: informer(resource, owned=True) for resource in OWNED}
        for source in (SECRETS, CONFIG_MAPS):
            informers[source.kind] = informer(source, metadata_only=True)
        cache = NamespaceCache(informers)
        for kind, one in informers.items():
            cache.tasks.append(self._spawn(one.run(), f"informer {kind} in {name}"))
        return cache

    def refer(self, key: Key, references: frozenset[tuple[str, str, str]]) -> None:
        """Remember which (kind, namespace, name) a server depends on, so that their changes wake it."""
        self._references[key] = references

    def forget(self, key: Key) -> None:
        """The server is gone: close the namespaces that nobody needs any more."""
        self._references.pop(key, None)
        needed = {namespace for refs in self._references.values() for _, namespace, _ in refs}
        needed |= {namespace for namespace, _ in self._references}
        for name in [name for name in self._namespaces if name not in needed]:
            for task in self._namespaces.pop(name).tasks:
                task.cancel()
        self._content = {entry: value for entry, value in self._content.items() if entry[1] in self._namespaces}

    async def content(self, resource: Resource, namespace: str, name: str, *, fresh: bool = False) -> Json | None:
        """A Secret or ConfigMap with its data, fetched once for each resourceVersion; `fresh`: fetched now."""
        known = self.namespace(namespace).informers[resource.kind].get(namespace, name)
        entry = (resource.kind, namespace, name)
        if fresh:
            cached = None
        elif known is None:
            self._content.pop(entry, None)
            return None
        else:
            cached = self._content.get(entry)
            if cached is not None and int(cached[0]) < int(known["metadata"]["resourceVersion"]):
                cached = None
        if cached is None:
            try:
                fetched = await self._client.get(resource, namespace, name)
            except NotFoundError:
                self._content.pop(entry, None)
                return None
            cached = (fetched["metadata"]["resourceVersion"], fetched)
            self._content[entry] = cached
        return cached[1]

    def remember(self, resource: Resource, item: Json) -> None:
        """Take the answer of our own write at once."""
        namespace, name = _key(item)
        informer = self.namespace(namespace).informers[resource.kind]
        informer.remember(item)
        if resource.kind in (SECRETS.kind, CONFIG_MAPS.kind):
            self._content[(resource.kind, namespace, name)] = (item["metadata"]["resourceVersion"], item)

    def _server_changed(self, item: Json) -> None:
        self._enqueue(_key(item), _named(BSLS, item), True)

    def _owned_changed(self, resource: Resource, item: Json) -> None:
        name = item["metadata"].get("labels", {}).get(SERVER_LABEL)
        if name:
            self._enqueue((item["metadata"]["namespace"], name), _named(resource, item), True)

    def _source_changed(self, resource: Resource, item: Json) -> None:
        reference = (resource.kind, *_key(item))
        for key, references in self._references.items():
            if reference in references:
                self._enqueue(key, _named(resource, item), False)

    def _location_changed(self, item: Json) -> None:
        namespace = item["metadata"]["namespace"]
        for server in self.servers.all():
            wanted = server["spec"]["backupStorageLocation"].get("namespace")
            if namespace in (wanted, server["metadata"]["namespace"]):
                self._enqueue(_key(server), _named(BSL, item), False)

    def enqueue_all(self) -> None:
        for server in self.servers.all():
            self._enqueue(_key(server), "", True)


def _named(resource: Resource, item: Json) -> str:
    return f"{resource.kind} {'/'.join(_key(item))}"


def _key(item: Json) -> Key:
    return item["metadata"]["namespace"], item["metadata"]["name"]


def decode(content: Json | None, entry: str) -> bytes | None:
    """One entry of a Secret (base64) or ConfigMap (text or binaryData); None where it is missing."""
    if content is None:
        return None
    raw = (content.get("data") or {}).get(entry)
    if content.get("kind") == CONFIG_MAPS.kind and raw is not None:
        return str(raw).encode()
    if raw is None:
        raw = (content.get("binaryData") or {}).get(entry)
    if raw is None:
        return None
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        return None
