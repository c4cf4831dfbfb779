"""What can go wrong at Redis, in five kinds that a caller treats differently; no message holds a password."""

from __future__ import annotations

import re

from redis import exceptions as redis

_CODE = re.compile(r"(?:^|: -?)([A-Z]{3,}) ")  # Redis 6 wraps what a script's command answered


class StoreError(Exception):
    """Redis did not do what we asked; the message says in one sentence what to do."""


class StoreUnavailable(StoreError):
    """Not reachable, too slow, starting, or without a primary: trying again later helps."""


class StoreElsewhere(StoreUnavailable):
    """Another node of the cluster holds the key: read the topology again."""


class StoreFull(StoreError):
    """`maxmemory` is reached."""


class StoreReadOnly(StoreError):
    """A replica was asked to write."""


class StoreRefused(StoreError):
    """The password is missing or wrong, or the user may not do this."""


class GroupGone(StoreError):
    """The consumer group does not exist (any more): create it."""


_KINDS: dict[str, tuple[type[StoreError], str]] = {
    "OOM": (StoreFull, "Redis at {} is full: raise its maxmemory, or keep fewer events"),
    "READONLY": (StoreReadOnly, "Redis at {} is a replica: set the URL to its primary, or to Sentinel"),
    "NOAUTH": (StoreRefused, "Redis at {} wants a password: set one"),
    "WRONGPASS": (StoreRefused, "Redis at {} refuses the user name or password: correct them"),
    "NOPERM": (StoreRefused, "Redis at {} does not permit the user a command or key: extend its ACL"),
    "MOVED": (StoreElsewhere, "Redis at {} belongs to a cluster that has this key elsewhere: use redis+cluster://"),
    "ASK": (StoreElsewhere, "Redis at {} is moving this key to another node: wait until that is done"),
    "TRYAGAIN": (StoreElsewhere, "Redis at {} is moving this key to another node: wait until that is done"),
    "CLUSTERDOWN": (StoreElsewhere, "the Redis cluster of {} is down: bring its missing nodes back"),
    "MASTERDOWN": (StoreUnavailable, "Redis at {} has lost its primary: bring it back"),
    "NOSCRIPT": (StoreUnavailable, "Redis at {} has just restarted: wait"),
    "LOADING": (StoreUnavailable, "Redis at {} is loading its data: wait until it has started"),
    "BUSY": (StoreUnavailable, "Redis at {} is busy with a script: wait, or end it with SCRIPT KILL"),
    "MISCONF": (StoreUnavailable, "Redis at {} cannot save to its disk: look at its log"),
    "NOREPLICAS": (StoreUnavailable, "Redis at {} has too few replicas (min-replicas-to-write): bring them back"),
    "NOGROUP": (GroupGone, "Redis at {} does not know the consumer group: create it"),
    "UNBLOCKED": (GroupGone, "Redis at {} lost the stream that was read: create the consumer group again"),
}

_AUTHENTICATION = "Redis at {} refuses the user name or password, or wants one: correct them"


def from_reply(error: Exception, where: str) -> StoreError:
    """What an error reply means; `where`: host and port."""
    kind, sentence = _KINDS.get(code(error), (StoreError, ""))
    if not sentence:
        return StoreError(f"Redis at {where} gave an unexpected answer, look at what holds the keys: {error}")
    return kind(sentence.format(where))


def code(error: Exception) -> str:
    """The first word of an error reply, such as `NOSCRIPT`; redis-py keeps it beside the message of those it knows."""
    if "unauthenticated" in str(error):  # a command of more than ten arguments before AUTH is a "Protocol error"
        return "NOAUTH"
    given = getattr(error, "status_code", None)
    if given and given != "ERR":
        return str(given)
    found = _CODE.search(str(error))
    return found[1] if found else ""


def from_connection(error: BaseException, where: str) -> StoreError:
    """What a failure to connect, send or receive means."""
    if isinstance(error, redis.RedisError) and code(error) in _KINDS:
        return from_reply(error, where)
    if isinstance(error, (redis.AuthenticationError, redis.AuthorizationError)):
        return StoreRefused(_AUTHENTICATION.format(where))
    if isinstance(error, TimeoutError | redis.TimeoutError):
        return StoreUnavailable(f"Redis at {where} did not answer in time: look whether it is overloaded or cut off")
    return StoreUnavailable(f"Redis at {where} cannot be reached, or broke the connection off: look whether it runs")
