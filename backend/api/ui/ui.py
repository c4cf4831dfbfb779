"""`bsls api --ui`: the page, its log-in, and the ways from it to the API and to Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from multidict import CIMultiDict, MultiMapping

from backend.api.access.access import Access
from backend.api.access.gate import Admit
from backend.api.access.limits import Limits
from backend.api.openapi.route import Route
from backend.api.ui.files import Files
from backend.api.ui.kubernetes import Kubernetes
from backend.api.ui.login import Login
from backend.api.ui.paths import KUBERNETES, PLUGIN_FILES, PROXY, SESSION
from backend.api.ui.session import Sessions
from backend.kube.relay import Relay


class Ui:
    """Nothing below the API's own paths takes a cookie, nothing below the page's own takes another token."""

    def __init__(self, access: Access, limits: Limits, relay: Relay, sessions: Sessions, served: Files) -> None:
        self._sessions = sessions
        self._relay = relay
        self._files = served
        self._login = Login(access, sessions)
        self._kubernetes = Kubernetes(relay, limits, sessions)

    def add_to(self, router: web.UrlDispatcher, routes: Sequence[Route]) -> None:
        """Last of all. `routes` of the API are served to the page too, under the console's path."""
        for route in routes:
            if not route.public:
                router.add_route(route.method, PROXY + route.path, route.handler)
        router.add_post(SESSION, self._login.log_in)
        router.add_get(SESSION, self._login.who)
        router.add_delete(SESSION, self._login.log_out)
        router.add_route("*", KUBERNETES + "/{target:.*}", self._kubernetes.handle)
        self._files.add_to(router)

    def admit(self, others: Admit) -> Admit:
        """By the session what comes from the page, and everyone to its files and its log-in; `others` decides else."""

        def admit(request: web.Request) -> MultiMapping[str] | None:
            path = request.path
            if path.startswith((f"{PROXY}/", f"{KUBERNETES}/")):
                headers = CIMultiDict(request.headers)
                headers["Authorization"] = f"Bearer {self._sessions.require(request).token}"
                return headers
            if path == SESSION or path.startswith(f"{PLUGIN_FILES}/"):
                return None
            if request.match_info.handler == self._files.host and not path.startswith("/api/"):
                return None
            return others(request)

        return admit

    def end(self) -> None:
        """Of what is still open."""
        self._kubernetes.close()

    async def close(self) -> None:
        await self._relay.close()
