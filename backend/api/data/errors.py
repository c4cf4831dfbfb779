"""Why a question has no answer at the moment; whatever else is wrong with one is a `Problem` of `backend.api.http`."""

from __future__ import annotations

from backend.api.http.problem import UNAVAILABLE, Problem, retry_after

RETRY_AFTER_S = 2


class DataUnavailable(Problem):
    """Redis or the apiserver is away, or what they hold is not read yet: ask again later."""

    def __init__(self, detail: str) -> None:
        super().__init__(UNAVAILABLE, detail, headers=retry_after(RETRY_AFTER_S))
