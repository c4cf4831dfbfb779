"""What the caller of a request may see: as little is asked for as decides it."""

from __future__ import annotations

from functools import lru_cache

from aiohttp import web

from backend.api.access.access import Access
from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.scope import Scope, namespace_of
from backend.api.data.room import Data
from backend.api.http.problem import not_found

_NONE: frozenset[str] = frozenset()


class Seen:
    """Scopes of requests. Raises Problem."""

    def __init__(self, access: Access, data: Data) -> None:
        self._access = access
        self._data = data

    async def server(self, request: web.Request, vm_namespace: str | None = None) -> tuple[str, str, Scope]:
        """Namespace and name in the path, and what is seen of that server. Its tenants are looked at only for a caller
        who may not see all of it. `vm_namespace`: whose tenants are asked for, which the server may have none of yet.
        """
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        caller = caller_of_request(request)
        scope = await self._access.scope_at(caller, namespace, name, _NONE)
        if not scope.sees_all_of(namespace):
            users = await self._data.users(namespace, name)
            scope = await self._access.scope_at(caller, namespace, name, _asked(users, vm_namespace))
        if not scope.sees_server(namespace):
            raise not_found(f"server {namespace}/{name}", hidden=True)
        return namespace, name, scope

    def server_now(self, caller: Caller, namespace: str, name: str, vm_namespace: str | None = None) -> Scope | None:
        """As `server`, where nobody has to be asked and something is seen; else None."""
        scope = self._access.known_scope_at(caller, namespace, name, _NONE)
        if scope is None or scope.sees_all_of(namespace):
            return scope
        users = self._data.ready_users(namespace, name)
        if users is None:
            return None
        scope = self._access.known_scope_at(caller, namespace, name, _asked(users, vm_namespace))
        return scope if scope is not None and scope.sees_server(namespace) else None

    def there(self, namespace: str, name: str) -> bool:
        """Whether there is such a server, whoever may see it."""
        return self._data.all.there(namespace, name)

    async def all(self, request: web.Request, namespace: str | None, vm_namespace: str | None) -> Scope:
        """What is seen of all servers, or of those in `namespace`. A tenant viewer names the namespace of their VMs."""
        wanted, asked = self._places(namespace, vm_namespace)
        return await self._access.scope(caller_of_request(request), "list", wanted, asked)

    def all_now(self, caller: Caller, namespace: str | None, vm_namespace: str | None) -> Scope | None:
        """As `all`, where nobody has to be asked; else None."""
        return self._access.known_scope(caller, "list", *self._places(namespace, vm_namespace))

    def _places(self, namespace: str | None, vm_namespace: str | None) -> tuple[frozenset[str], frozenset[str]]:
        there = self._data.all.namespaces()
        wanted = there & {namespace} if namespace else there
        return wanted, frozenset({vm_namespace}) if vm_namespace else _NONE


@lru_cache(256)
def tenant_namespaces(users: frozenset[str]) -> frozenset[str]:
    """Of their VMs."""
    return frozenset(found for user in users if (found := namespace_of(user)))


def _asked(users: frozenset[str], vm_namespace: str | None) -> frozenset[str]:
    """Namespaces of VMs to ask about: the same set as long as nothing new is named."""
    known = tenant_namespaces(users)
    return known | {vm_namespace} if vm_namespace and vm_namespace not in known else known
