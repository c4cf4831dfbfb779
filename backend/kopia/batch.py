"""Requests that were sent together, and their answers; one future for all, as a future for each costs more than the
request.
"""

from __future__ import annotations

import asyncio

from backend.kopia import wire
from backend.kopia.errors import KopiaError
from backend.kopia.proto import session_pb2 as pb


class Batch:
    """Answers to the requests `first_id` … `first_id + count - 1`; `done` is set when every one has come."""

    def __init__(self, first_id: int, count: int) -> None:
        self.first_id = first_id
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers: list[list[pb.SessionResponse]] = [[] for _ in range(count)]
        self._open = set(range(first_id, first_id + count))

    def take(self, answer: pb.SessionResponse) -> bool:
        """Keep one answer; True when it was the last to its request."""
        self._answers[answer.request_id - self.first_id].append(answer)
        if answer.has_more and not answer.HasField("error"):
            return False
        self._open.discard(answer.request_id)
        if not self._open and not self.done.done():
            self.done.set_result(None)
        return True

    def fail(self, cause: KopiaError) -> None:
        """The session broke: nothing more will come."""
        if not self.done.done():
            self.done.set_exception(cause)

    def unanswered(self) -> set[int]:
        return self._open

    def results(self, absent: type[KopiaError] | None) -> list[list[pb.SessionResponse]]:
        """Every request's answers, empty where the server answered with an error of the class `absent`."""
        return [self._judged(answers, absent) for answers in self._answers]

    def _judged(self, answers: list[pb.SessionResponse], absent: type[KopiaError] | None) -> list[pb.SessionResponse]:
        if not answers[-1].HasField("error"):
            return answers
        error = wire.refused(answers[-1].error)
        if absent is None or not isinstance(error, absent):
            raise error
        return []
