"""The scripts of push subscriptions. Each begins by looking whether the caller still holds the lease.

What keeps books may write while Redis is full: otherwise what was delivered could not be acknowledged, and trimmed.
"""

from __future__ import annotations

from backend.events.resp import Script

_BOOKS = "#!lua flags=allow-oom\n"

HOLD = Script(
    _BOOKS
    + """
if ARGV[5] ~= '' then
  local text = redis.call('HGET', KEYS[2], ARGV[4])
  if not text or (ARGV[3] == '1' and string.match(text, '^%d+') ~= ARGV[5]) then return {-1, ''} end
end
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return {0, held} end
if not held and ARGV[3] ~= '1' then return {0, ''} end
if held then redis.call('PEXPIRE', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return {1, ''}
"""
)
"""KEYS: lease, made. ARGV: token, milliseconds, `1` to take a free one, uid and revision (`""` for one of the
settings): of another revision nobody takes a lease, of a deleted one nobody keeps it either.
"""

RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")

_MAP = (
    _BOOKS
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {-1, ''} end
local function map(flat)
  local out = {}
  for i = 1, #flat, 2 do out[flat[i]] = flat[i + 1] end
  return out
end
"""
)

# `read` counts the entries of the firehose, ever added, that were read or are known to be lost (-1: not known until we
# have caught up). With the counter of entries ever added this tells how many were trimmed unread, which Redis's own
# `lag` does not tell after trimming.
OPEN = Script(
    _MAP
    + """
local there
if redis.call('EXISTS', KEYS[2]) == 1 then
  if not map(redis.call('XINFO', 'STREAM', KEYS[2]))['entries-added'] then return {-2, ''} end
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[2])) do
    local group = map(flat)
    if group['name'] == ARGV[2] then there = group['last-delivered-id'] end
  end
end
redis.call('SADD', KEYS[4], ARGV[4])
local read, last = unpack(redis.call('HMGET', KEYS[3], 'read', 'last'))
if there and read then return {0, there} end
local start = there or last or ARGV[3]
if not there then redis.call('XGROUP', 'CREATE', KEYS[2], ARGV[2], start, 'MKSTREAM') end
local info = map(redis.call('XINFO', 'STREAM', KEYS[2]))
if start == '$' then start = info['last-generated-id'] end
local counted = -1
if start == info['last-generated-id'] then counted = info['entries-added'] end
if start == '0' then counted, start = info['entries-added'] - info['length'], '0-0' end
redis.call('HSET', KEYS[3], 'read', counted, 'last', start)
return {(read or ARGV[5] == '1') and 1 or 0, start}
"""
)
"""KEYS: lease, firehose, state, names. ARGV: token, group, start, name, `1` when the group is known to have been there.
Answers 0, 1 (what was known had vanished), -1 (not our lease) or -2 (Redis is too old), and the id after which it goes
on.
"""

READ = Script(
    _MAP
    + """
local info = map(redis.call('XINFO', 'STREAM', KEYS[2]))
local added = info['entries-added']
local first = added - info['length']
local read, last = unpack(redis.call('HMGET', KEYS[3], 'read', 'last'))
read = tonumber(read)
local lost, oldest, after = 0, '', last
if read >= 0 and first > read then
  lost, read = first - read, first
  local found = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  oldest = found and found[1] or ''
  redis.call('XADD', KEYS[5], '*', 'kind', 'gap', 'count', lost, 'after', after, 'before', oldest, 'reason', ARGV[5],
    'time', ARGV[6])
  redis.call('HINCRBY', KEYS[3], 'lost', lost)
end
local entries = {}
if tonumber(ARGV[3]) > 0 then
  local found = redis.call('XREADGROUP', 'GROUP', ARGV[2], 'push', 'COUNT', ARGV[3], 'STREAMS', KEYS[2], '>')
  if found then entries = found[1][2] end
end
if #entries > 0 then
  last = entries[#entries][1]
  if read >= 0 then read = read + #entries end
end
if read < 0 and last == info['last-generated-id'] then read = added end
if #entries > 0 or lost > 0 then redis.call('HSET', KEYS[3], 'read', read, 'last', last) end
return {lost, after, oldest, entries, redis.call('XRANGE', KEYS[4], '(' .. ARGV[4], '+', 'COUNT', 100)}
"""
)
"""KEYS: lease, firehose, state, again, dead. ARGV: token, group, how many, id after which to read `again`, and for what
was trimmed unread, which becomes a dead letter at once: reason and time. Answers how many entries were trimmed, after
and before which ids, the entries, and those of `again`.
"""

SETTLE = Script(
    _BOOKS
    + """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {-1, 0} end
if redis.call('HGET', KEYS[2], 'settled') == ARGV[2] then return {1, 0} end
local at = 3
while at < #ARGV do
  local size = tonumber(ARGV[at + 1])
  redis.call(unpack(ARGV, at + 2, at + 1 + size))
  at = at + 1 + size
end
redis.call('HSET', KEYS[2], 'settled', ARGV[2])
local dropped = 0
if tonumber(ARGV[3]) > 0 then dropped = redis.call('XTRIM', KEYS[3], 'MAXLEN', '=', ARGV[3]) end
if dropped > 0 then redis.call('HINCRBY', KEYS[2], 'dropped', dropped) end
return {1, dropped}
"""
)
"""KEYS: lease, state, dead, then what the commands write. ARGV: token, a number of its own for each call, which makes
a repetition harmless, the limit of dead letters, then commands, each after the number of its words.
"""

STATUS = Script("""
local pending, added, oldest = 0, 0, ''
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'entries-added' then added = info[i + 1] end
  end
  for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local mine = false
    for i = 1, #group, 2 do
      if group[i] == 'name' then mine = group[i + 1] == ARGV[1] end
      if group[i] == 'pending' and mine then pending = group[i + 1] end
    end
    if mine and pending > 0 then oldest = redis.call('XPENDING', KEYS[1], ARGV[1])[2] end
  end
end
return {
  redis.call('GET', KEYS[2]) or '', redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]),
  redis.call('XLEN', KEYS[5]), redis.call('XLEN', KEYS[6]), pending, added, oldest
}
""")
"""KEYS: firehose, lease, state, lanes, dead, again. ARGV: group."""

REDELIVER = Script("""
local moved = 0
for i = 1, #ARGV do
  local found = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])[1]
  if found then
    local fields = {}
    for j = 1, #found[2], 2 do fields[found[2][j]] = found[2][j + 1] end
    if fields['kind'] == 'event' then
      redis.call('XADD', KEYS[2], '*', 'server', fields['server'], 'event', fields['event'])
      redis.call('XDEL', KEYS[1], ARGV[i])
      moved = moved + 1
    end
  end
end
return moved
""")
"""KEYS: dead, again. ARGV: ids."""

DELETE = Script("""
local held = redis.call('GET', KEYS[3])
if held then return held end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1]) end
redis.call('SREM', KEYS[2], ARGV[2])
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
return ''
""")
"""KEYS: firehose, names, lease, and all others of the subscription. ARGV: group, name."""
