"""The scripts of subscriptions that people make through the API: records, and what their owners may see."""

from __future__ import annotations

from backend.events.resp import Script

_BOOKS = "#!lua flags=allow-oom\n"  # also while Redis is full: what these write down lets it be trimmed

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# The group begins here, not when a dispatcher takes it up: `now` is the moment of the request.
CREATE = Script(
    _NOW
    + """
local held = redis.call('HGET', KEYS[2], ARGV[2])
if held then return {held == ARGV[1] and 1 or 0, held} end
local mine = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if string.sub(field, string.find(field, ' ', 1, true) + 1) == ARGV[4] then mine = mine + 1 end
end
if mine >= tonumber(ARGV[5]) then return {-1, ''} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return {-2, ''} end
redis.call('XGROUP', 'CREATE', KEYS[5], ARGV[8], ARGV[7], 'MKSTREAM')
local info = {}
local flat = redis.call('XINFO', 'STREAM', KEYS[5])
for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
if not info['entries-added'] then
  redis.call('XGROUP', 'DESTROY', KEYS[5], ARGV[8])
  return {-3, ''}
end
local read, last = info['entries-added'], info['last-generated-id']
if ARGV[7] == '0' then read, last = info['entries-added'] - info['length'], '0-0' end
redis.call('HSET', KEYS[6], 'read', read, 'last', last)
redis.call('SADD', KEYS[7], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('SET', KEYS[4], ARGV[9])
return {1, ARGV[1]}
"""
)
"""KEYS: made, owned, due, changes, firehose, state, names. ARGV: uid, `<name> <owner>`, record, owner, how many each
may have, and all together, start (`$` or `0`), group, token. Answers 1, 0 (the name is taken by the uid that follows),
-1 (too many of this owner), -2 (in all) or -3 (Redis is too old).
"""

# What the owner may see is asked anew: the change may be one of servers or of the owner.
CHANGE = Script(
    _NOW
    + """
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text == ARGV[3] then return 1 end
if not text or string.match(text, '^%d+') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('SET', KEYS[4], ARGV[4])
if ARGV[5] == '1' then redis.call('HDEL', KEYS[5], 'phase', 'reason') end
return 1
"""
)
"""KEYS: made, scopes, due, changes, state. ARGV: uid, revision before, record, token, `1` to deliver again though the
sink was gone. Answers 0 when the revision is another.
"""

# Whoever delivers it loses the lease with the rest, and cannot take it again.
REMOVE = Script(
    _BOOKS
    + """
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then return 1 end
if string.match(text, '^%d+') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[3])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('SET', KEYS[5], ARGV[4])
if redis.call('EXISTS', KEYS[6]) == 1 then redis.call('XGROUP', 'DESTROY', KEYS[6], ARGV[5]) end
redis.call('SREM', KEYS[7], ARGV[1])
for i = 8, #KEYS do redis.call('DEL', KEYS[i]) end
return 1
"""
)
"""KEYS: made, owned, scopes, due, changes, firehose, names, then its own. ARGV: uid, revision, `<name> <owner>`, token,
group. Answers 0 when the revision is another.
"""

LOOK = Script(
    _NOW
    + """
local token = redis.call('GET', KEYS[1]) or ''
local made = false
if token ~= ARGV[1] then made = redis.call('HGETALL', KEYS[2]) end
return {now, token, made, redis.call('HGETALL', KEYS[3]), redis.call('EXISTS', KEYS[4])}
"""
)
"""KEYS: changes, made, scopes, policy. ARGV: the token that is known. Answers the time, the token, the records (nil: as
before), the scopes, and whether there is a policy.
"""

# A claim keeps other replicas away until the answer is there, or until it lapses. The time is that before the question.
CLAIM = Script(
    _BOOKS
    + _NOW
    + """
local found = {}
for _, uid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local text = redis.call('HGET', KEYS[2], uid)
  if text then
    redis.call('ZADD', KEYS[1], now + ARGV[1], uid)
    found[#found + 1] = text
  else
    redis.call('ZREM', KEYS[1], uid)
  end
end
return {now, found}
"""
)
"""KEYS: due, made. ARGV: milliseconds of a claim, how many. Answers the time, and records."""

# An answer about an older revision, or one that was asked earlier than what is there, is nobody's.
SEEN = Script(
    _BOOKS
    + """
local text = redis.call('HGET', KEYS[2], ARGV[1])
if not text or string.match(text, '^%d+') ~= ARGV[2] then return 0 end
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and cjson.decode(held)['asked'] > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[4] + ARGV[5], ARGV[1])
return 1
"""
)
"""KEYS: scopes, made, due. ARGV: uid, revision, scope, when it was asked, milliseconds until it is asked again."""

# What was read after the place is forgotten, to be read again; whoever delivers it begins anew.
REWIND = Script(
    _BOOKS
    + """
local function id(text)
  local ms, seq = string.match(text, '^(%d+)%-(%d+)$')
  return {tonumber(ms), tonumber(seq)}
end
local function before(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local info = {}
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
if ARGV[3] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) == 0 then return {0, 0} end
local newer = #redis.call('XRANGE', KEYS[1], '(' .. ARGV[4], '+', 'COUNT', 5000)
if newer == 5000 then return {0, 0} end
local after = ARGV[2]
if before(id(info['last-generated-id']), id(after)) then after = info['last-generated-id'] end -- the future is now
local place = id(after)
while true do
  local found = redis.call('XPENDING', KEYS[1], ARGV[1], '(' .. after, '+', 1000)
  if #found == 0 then break end
  local ids = {}
  for _, one in ipairs(found) do ids[#ids + 1] = one[1] end
  redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
end
redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], after)
local lanes = redis.call('HGETALL', KEYS[4])
for i = 1, #lanes, 2 do
  local batch = cjson.decode(lanes[i + 1])['batch']
  if not string.find(batch, ' ', 1, true) and before(place, id(batch)) then redis.call('HDEL', KEYS[4], lanes[i]) end
end
redis.call('HSET', KEYS[3], 'read', info['entries-added'] - newer - ARGV[5], 'last', after)
redis.call('DEL', KEYS[2])
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local gone = info['entries-added'] > info['length'] and (not oldest or before(place, id(oldest[1])))
return {1, gone and 1 or 0}
"""
)
"""KEYS: firehose, lease, state, lanes. ARGV: group, the id after which to go on, the oldest entry after it (`""`: there
is none), the newest that was counted, how many were. Answers 0 when the oldest one is gone meanwhile, or much has come:
count again; else 1, and whether older entries than those that are left were trimmed.
"""
