"""What an answer of a sink means for the event: delivered, once more later, a dead letter, or the end. Pure."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from backend.events.push.models import Retry

LONGEST_ASKED_S = 24 * 3600.0
_PASSING = {408, 425, 429}


class Outcome(Enum):
    DELIVERED = "delivered"
    AGAIN = "again"
    DEAD = "dead"
    GONE = "gone"


@dataclass(frozen=True)
class Verdict:
    """`reason`: a sentence for people. `wait_s`: what the sink asks for; `everyone`: for all events, not only for those
    of this server. `status`: of HTTP, 0 for none; then `error` is the kind of failure, for machines.
    """

    outcome: Outcome
    reason: str = ""
    wait_s: float = 0.0
    everyone: bool = False
    status: int = 0
    error: str = ""


def judge(status: int, retry_after: str | None, now: datetime) -> Verdict:
    """Of an HTTP status and the header Retry-After."""
    if 200 <= status < 300:
        return Verdict(Outcome.DELIVERED, status=status)
    if status == 410:
        return Verdict(Outcome.GONE, "the sink answered 410: it is gone for good", status=status)
    if 300 <= status < 400:
        reason = f"the sink answered {status}: redirects are not followed, set the sink to the final address"
        return Verdict(Outcome.AGAIN, reason, status=status)
    reason = f"the sink answered {status}"
    if 400 <= status < 500 and status not in _PASSING:
        return Verdict(Outcome.DEAD, reason, status=status)
    wait_s = asked_wait(retry_after, now) if status in {429, 503} else 0.0
    return Verdict(Outcome.AGAIN, reason, wait_s, everyone=status == 429 and wait_s > 0, status=status)


def asked_wait(retry_after: str | None, now: datetime) -> float:
    """Seconds, from a number or a date; 0 for what is neither."""
    text = (retry_after or "").strip()
    if text.isdecimal() and len(text) < 10:
        return min(float(text), LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_ASKED_S)


def backoff(attempts: int, retry: Retry, draw: Callable[[], float] = random.random) -> float:
    """Seconds to wait after this many failed attempts."""
    return backoff_s(attempts, retry.first_wait.total_seconds(), retry.longest_wait.total_seconds(), draw)


def backoff_s(attempts: int, first: float, longest: float, draw: Callable[[], float] = random.random) -> float:
    """Steps double; from half of a step to all of it, so that many spread out."""
    step = min(first * 2.0 ** min(attempts - 1, 60), longest)
    return step / 2 * (1 + draw())


def given_up(attempts: int, first: datetime, now: datetime, retry: Retry) -> str:
    """Why there is no further attempt, or `""`."""
    if attempts >= retry.attempts:
        return f"given up after {attempts} attempts"
    if now - first >= retry.age:
        return f"given up after {_rounded(now - first)}"
    return ""


def _rounded(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    return f"{seconds // 3600} h" if seconds >= 7200 else f"{seconds} s"
