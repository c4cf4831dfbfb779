"""What the caller may do: who they are, what the API shows them, and which actions Kubernetes allows them."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web
from pydantic import Field

from backend.api.access.access import Access
from backend.api.access.actions import actions_at
from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.scope import Scope
from backend.api.data.query import parse
from backend.api.data.room import Data
from backend.api.http.answers import answer
from backend.api.http.problem import INVALID_QUERY, Problem
from backend.api.openapi.route import Answer, Model, Route
from backend.api.routes.lists import PREFIX
from backend.api.routes.seen import tenant_namespaces

_NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
_NONE: frozenset[str] = frozenset()


class RightsQuery(Model):
    """About everything, one namespace, or one server in it."""

    namespace: str | None = Field(default=None, pattern=_NAME, description="Of servers.")
    name: str | None = Field(default=None, pattern=_NAME, description="Of a server in `namespace`.")
    vm_namespace: str | None = Field(
        default=None, pattern=_NAME, description="For tenant viewers: the namespace of their VMs."
    )


class User(Model):
    """As Kubernetes knows them by their token."""

    username: str
    groups: tuple[str, ...]
    token_expires: str | None = Field(default=None, description="RFC 3339; absent where the token does not tell.")


class Sees(Model):
    """What lists and streams show. Of servers in other namespaces, only the tenants of the VMs are shown."""

    all_servers: bool = Field(description="All of every server, now and later.")
    namespaces: tuple[str, ...] = Field(description="Those that have servers, all of which is shown.")
    all_tenants: bool = Field(description="The tenants of the VMs in all namespaces, at every server.")
    tenant_namespaces: tuple[str, ...] = Field(
        description="Namespaces of VMs whose tenants are shown, of those that were asked about."
    )


class Actions(Model):
    """What Kubernetes allows: at the server, in the namespace, or, where none was named, in all namespaces."""

    create_server: bool
    get_server: bool
    update_server: bool
    patch_server: bool
    delete_server: bool
    list_storage_locations: bool
    create_secret: bool
    list_pods: bool
    get_pod_log: bool


class RightsView(Model):
    """Decided by Kubernetes, at most 30 s ago."""

    user: User
    sees: Sees
    actions: Actions


class Rights:
    def __init__(self, access: Access, data: Data) -> None:
        self._access = access
        self._data = data

    def routes(self) -> list[Route]:
        answers = (Answer(200, "It", RightsView), Answer(304, "Unchanged"))
        return [
            Route("GET", f"{PREFIX}/access", self.rights, "getAccess", "What the caller may see and do", "access",
                  answers=answers, query=RightsQuery)
        ]  # fmt: skip

    async def rights(self, request: web.Request) -> web.StreamResponse:
        query = parse(RightsQuery, request.query)
        if query.name and not query.namespace:
            raise Problem(INVALID_QUERY, "Name the namespace of the server too.", parameter="namespace")
        caller = caller_of_request(request)
        questions = actions_at(query.namespace or "", query.name or "")
        granted = await self._access.allowed(caller, list(questions.values()))
        actions = Actions.model_validate({name: one in granted for name, one in questions.items()})
        sees = seen(await self._scope(caller, query))
        view = RightsView(user=described(caller), sees=sees, actions=actions)
        return await answer(request, view.model_dump_json(by_alias=True, exclude_none=True).encode())

    async def _scope(self, caller: Caller, query: RightsQuery) -> Scope:
        """Of a namespace also where it has no servers yet. Whose VMs use a server is looked up only for callers who do
        not see all of it.
        """
        asked = frozenset({query.vm_namespace}) if query.vm_namespace else _NONE
        if query.namespace is None:
            return await self._access.scope(caller, "list", self._data.all.namespaces(), asked)
        there = frozenset({query.namespace})
        scope = await self._access.scope(caller, "list", there, asked)
        if not query.name or scope.sees_all_of(query.namespace):
            return scope
        using = tenant_namespaces(await self._data.users(query.namespace, query.name))
        return await self._access.scope(caller, "list", there, asked | using)


def described(caller: Caller) -> User:
    return User(username=caller.username, groups=caller.groups, token_expires=_told(caller.expires))


def _told(moment: float | None) -> str | None:
    """None also for a year that has no date."""
    if moment is None:
        return None
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return None


def seen(scope: Scope) -> Sees:
    return Sees(
        all_servers=scope.everything,
        namespaces=tuple(sorted(scope.namespaces)),
        all_tenants=scope.everything or scope.every_tenant,
        tenant_namespaces=tuple(sorted(scope.tenant_namespaces)),
    )
