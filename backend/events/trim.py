"""Keep a stream short without taking anything from a consumer group that has not acknowledged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend.events.connection import Client
from backend.events.resp import Script

_SCRIPT = Script("""
local function id(text)
  local ms, seq = string.match(text, '^(%d+)%-(%d+)$')
  return {tonumber(ms), tonumber(seq), text}
end
local function before(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local function first(from)
  local found = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 1)[1]
  return found and found[1] or ''
end

local length = redis.call('XLEN', KEYS[1])
local keep, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
if length <= keep then return {0, length, '', '', {}} end

local floor = ARGV[3] ~= '' and id(ARGV[3]) or nil
local needs = {}
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
  local needed = id(group['last-delivered-id'])
  needed = id(string.format('%.0f-%.0f', needed[1], needed[2] + 1))
  if group['pending'] > 0 then
    local oldest = redis.call('XPENDING', KEYS[1], group['name'])[2]
    if oldest then needed = id(oldest) end
  end
  needs[#needs + 1] = {group['name'], needed}
  if not floor or before(needed, floor) then floor = needed end
end

local trimmed = 0
if floor then
  trimmed = redis.call('XTRIM', KEYS[1], 'MINID', '~', floor[3], 'LIMIT', length - keep)
else
  trimmed = redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', keep)
end
length = length - trimmed
if length <= limit then return {trimmed, length, '', '', {}} end

local lost = floor and first(floor[3]) or ''
trimmed = trimmed + redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', limit + 1)
local final = first('-')
trimmed = trimmed + redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', limit)
if lost == '' or before(id(final), floor) then return {trimmed, limit, '', '', {}} end
local losers = {}
for _, need in ipairs(needs) do
  if not before(id(final), need[2]) then losers[#losers + 1] = need[1] end
end
return {trimmed, limit, lost, final, losers}
""")


@dataclass(frozen=True)
class Trimmed:
    """`entries`: removed; `length`: left. `forced`: removed though not acknowledged, from `first_id_lost` to
    `last_id_lost` (else `""`), which `groups` had still to read or acknowledge.
    """

    entries: int
    length: int
    forced: bool
    first_id_lost: str
    last_id_lost: str
    groups: list[str]


async def trim(client: Client, stream: bytes, *, keep: int, hard_limit: int, needed: bytes = b"") -> Trimmed:
    """Remove what all groups have acknowledged, but never of the newest `keep` entries; somewhat more may stay.

    Past `hard_limit` entries (at least `keep`), the oldest go all the same. Without groups: all but `keep`. `needed`:
    the oldest entry that somebody else (the firehose) still has to read, which counts as a group. Raises StoreError.
    """
    if hard_limit < keep:
        raise ValueError("hard_limit is below keep")
    args = [b"%d" % keep, b"%d" % hard_limit, needed]
    ((entries, length, first, last, groups),) = await client.ask(stream, _SCRIPT.text_call([stream], args))
    return Trimmed(
        entries, length, bool(first), first.decode(), last.decode(), sorted(name.decode() for name in groups)
    )


_BACKLOG = Script("""
local found = {}
if redis.call('EXISTS', KEYS[1]) == 0 then return found end
local info = {}
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local known = {}
  for i = 1, #group, 2 do known[group[i]] = group[i + 1] end
  local unread = known['lag']
  if not unread then unread = info['length'] end
  found[#found + 1] = {known['name'], known['pending'] + unread}
end
return found
""")


async def backlog(client: Client, stream: bytes) -> Mapping[str, int]:
    """Entries that each consumer group has not acknowledged, read or not; of what it has not read, at most the whole
    stream where Redis cannot tell. Raises StoreError.
    """
    (groups,) = await client.ask(stream, _BACKLOG.text_call([stream], []))
    return {name.decode("utf-8", "replace"): int(number) for name, number in groups}
