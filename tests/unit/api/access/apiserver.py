"""An apiserver that answers reviews as it is told; what the real one answers is in tests/apiserver."""

from __future__ import annotations

import asyncio
from typing import Any

from backend.api.access.scope import Question
from backend.kube.resources import TOKEN_REVIEWS, Resource

Json = dict[str, Any]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class ApiServer:
    """Stands for a `KubeClient`. `users`: by token; `rights`: by user; `error`: raised instead; `hangs`: on these
    tokens until `released`.
    """

    def __init__(self) -> None:
        self.users: dict[str, Json] = {}
        self.rights: dict[str, set[Question]] = {}
        self.error: Exception | None = None
        self.hangs: set[str] = set()
        self.hanging = asyncio.Semaphore(0)
        self.released = asyncio.Event()
        self.tokens: list[str] = []
        self.questions: list[Question] = []
        self.status: Json | None = None

    async def create(self, resource: Resource, namespace: str | None, body: Json) -> Json:
        spec = body["spec"]
        status = self._token(spec["token"]) if resource is TOKEN_REVIEWS else self._access(spec)
        if spec.get("token") in self.hangs:
            self.hanging.release()
            await self.released.wait()
        if self.error:
            raise self.error
        return {"status": status if self.status is None else self.status}

    def _token(self, token: str) -> Json:
        self.tokens.append(token)
        user = self.users.get(token)
        return {"authenticated": True, "user": user} if user else {"error": "invalid bearer token"}

    def _access(self, spec: Json) -> Json:
        asked = spec["resourceAttributes"]
        question = Question(asked["verb"], asked["namespace"], asked["name"], asked["subresource"])
        self.questions.append(question)
        return {"allowed": question in self.rights.get(spec["user"], set())}
