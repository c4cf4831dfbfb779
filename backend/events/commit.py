"""One step of one server's journal as one script: events, changes of projections, cursor and token, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any

from backend.events.batch import Batch, batches
from backend.events.keys import FIREHOSE, MARKS, SERVERS, ServerKeys
from backend.events.resp import Script

Change = tuple[bytes, ...]
"""A write to a projection: `(b"HSET", key, field, value, ...)`, `(b"HDEL", key, field, ...)` or `(b"DEL", key)`; also
`(b"XADD", key, b"MAXLEN", most, b"*", field, value)`, `(b"EXPIRE", key, seconds)` and `(b"PERSIST", key)`.
"""

AT_ONCE = 1000
"""Fields of one command within the script: Lua hands over a few thousand arguments at most."""


@dataclass(frozen=True)
class Commit:
    """`expected`: the token that the journal was loaded with (`b""`: new); `token`: a new one, never used before.

    `events`: each a CloudEvent in structured JSON, `count` of them; `batches`: they as they are sent and as they are in
    the firehose. (They are joined at once, while they are in the processor's caches; others take their memory then.)
    `changes`: only to `keys`' projections. `cursor`: None leaves it. A commit should stay below some thousand events
    and 4 MB: Redis serves nobody else while it is written.
    """

    keys: ServerKeys
    expected: bytes
    token: bytes
    events: InitVar[Sequence[bytes]]
    changes: Sequence[Change]
    cursor: bytes | None
    batches: Sequence[Batch] = field(init=False)
    count: int = field(init=False)

    def __post_init__(self, events: Sequence[bytes]) -> None:
        object.__setattr__(self, "count", len(events))
        object.__setattr__(self, "batches", list(batches(events)))


@dataclass(frozen=True)
class Committed:
    """`last`: id of the stream's newest entry; `previous`: the one before this commit, None when that is not known.
    `relayed`: its events are in the firehose too.
    """

    last: bytes
    previous: bytes | None
    relayed: bool = False


@dataclass(frozen=True)
class Conflict:
    """Nothing was written; `current`: the token that Redis has, `b""` for none."""

    current: bytes


SCRIPT = Script("""
local held = redis.call('HMGET', KEYS[2], 'token', 'last')
local token, previous = held[1] or '', held[2] or '0-0'
if token ~= ARGV[1] then return {0, token, previous} end
local parts = tonumber(ARGV[6])
local at, last = 6 + 2 * parts, previous
local relayed = 0
if #KEYS > 6 and parts > 0 and (redis.call('HGET', KEYS[8], ARGV[5]) or '0-0') == previous then relayed = 1 end
for part = 7, at, 2 do
  local batch, from = ARGV[part], 2
  for size in string.gmatch(ARGV[part + 1], '%d+') do
    local to = from + size
    last = redis.call('XADD', KEYS[1], '*', 'event', string.sub(batch, from, to - 1))
    from = to + 1
  end
  if relayed == 1 then
    redis.call('XADD', KEYS[7], '*', 'server', ARGV[5], 'events', batch, 'sizes', ARGV[part + 1])
  end
end
if relayed == 1 then
  redis.call('HSET', KEYS[8], ARGV[5], last)
  redis.call('HSETNX', KEYS[9], ARGV[5], last)
end
while at < #ARGV do
  local size = tonumber(ARGV[at + 1])
  redis.call(unpack(ARGV, at + 2, at + 1 + size))
  at = at + 1 + size
end
redis.call('HSET', KEYS[2], 'token', ARGV[2], 'last', last)
if ARGV[3] == '1' then redis.call('HSET', KEYS[2], 'cursor', ARGV[4]) end
return {1, previous, last, relayed}
""")


def pack_commit(commit: Commit, *, relay: bool) -> bytes:
    """The command, ready for the wire; its reply goes to `outcome`. `relay`: into the firehose, too, which has to be at
    the same node, if nothing that comes before is missing there.
    """
    keys = (*commit.keys.all, FIREHOSE, MARKS, SERVERS) if relay else commit.keys.all
    cursor = (b"0", b"") if commit.cursor is None else (b"1", commit.cursor)
    head = [commit.expected, commit.token, *cursor, commit.keys.server, b"%d" % len(commit.batches)]
    events = [part for one in commit.batches for part in (one.events, one.sizes)]
    changes = [part for change in commit.changes for piece in split(change) for part in (b"%d" % len(piece), *piece)]
    return SCRIPT.call(keys, [*head, *events, *changes])


def split(change: Change) -> Iterator[Change]:
    """The same change in commands of a size that Lua hands over."""
    step = AT_ONCE * 2 if change[0] == b"HSET" else AT_ONCE
    if len(change) <= step + 2:
        yield change
        return
    for start in range(2, len(change), step):
        yield (*change[:2], *change[start : start + step])


def outcome(commit: Commit, reply: Sequence[Any]) -> Committed | Conflict:
    """Finding our own new token means that an earlier try was written, though its reply was lost."""
    done, first, second, *relayed = reply
    if done:
        return Committed(last=second, previous=first, relayed=bool(relayed[0]))
    if first == commit.token:
        return Committed(last=second, previous=None)
    return Conflict(first)
