"""The questions to the apiserver: a deadline each, a bounded number at once, and one problem when it is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from backend.api.access.caller import Caller
from backend.api.access.scope import Question
from backend.api.http.problem import ACCESS_UNAVAILABLE, Problem, retry_after
from backend.kube.client import KubeClient
from backend.kube.errors import KubeError
from backend.kube.reviews import review_access, review_token

log = logging.getLogger(__name__)

DEADLINE_S = 5.0  # waiting for a place included
RETRY_S = 5.0
TOKENS_AT_ONCE = 16
DECISIONS_AT_ONCE = 32

T = TypeVar("T")


class Reviews:
    """TokenReview and SubjectAccessReview. `failing` says what is wrong, `""` after a success."""

    def __init__(self, client: KubeClient, *, deadline_s: float = DEADLINE_S) -> None:
        self._client = client
        self._deadline = deadline_s
        self._strangers = asyncio.Semaphore(TOKENS_AT_ONCE)
        self._familiar = asyncio.Semaphore(TOKENS_AT_ONCE)
        self._decisions = asyncio.Semaphore(DECISIONS_AT_ONCE)
        self.failing = ""

    async def token(self, token: str, *, familiar: bool) -> dict[str, Any] | None:
        """The token's user, None when it is not valid. `familiar`: it was valid a while ago, and does not wait behind
        a flood of made-up ones. Raises a `Problem` (503).
        """
        places = self._familiar if familiar else self._strangers
        return await self._in_time(places, lambda: review_token(self._client, token))

    async def may(self, caller: Caller, question: Question) -> bool:
        """Raises a `Problem` (503)."""
        subject, attributes = caller.subject(), question.attributes()
        return await self._in_time(self._decisions, lambda: review_access(self._client, subject, attributes))

    async def _in_time(self, places: asyncio.Semaphore, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(self._deadline), places:
                answer = await ask()
        except KubeError as error:
            raise self._undecided(str(error)) from error
        except TimeoutError as error:
            raise self._undecided(f"no answer within {self._deadline:g} s") from error
        if self.failing:
            log.info("the apiserver decides again")
        self.failing = ""
        return answer

    def _undecided(self, reason: str) -> Problem:
        if not self.failing:
            log.warning("access cannot be decided: %s", reason)
        self.failing = reason
        return undecided("The Kubernetes API did not answer: try again soon.")


def undecided(detail: str) -> Problem:
    return Problem(ACCESS_UNAVAILABLE, detail, headers=retry_after(RETRY_S))
