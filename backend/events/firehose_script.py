"""The firehose's scripts: add a batch where the mark allows it, and set a mark that does not fit its stream."""

from __future__ import annotations

from collections.abc import Sequence

from backend.events.batch import Batch
from backend.events.keys import FIREHOSE, MARKS, SERVERS, ServerKeys
from backend.events.resp import Script

RELAY = Script("""
local mark = redis.call('HGET', KEYS[2], ARGV[1]) or '0-0'
if mark ~= ARGV[2] then return mark end
for i = 4, #ARGV, 2 do
  redis.call('XADD', KEYS[1], '*', 'server', ARGV[1], 'events', ARGV[i], 'sizes', ARGV[i + 1])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSETNX', KEYS[3], ARGV[1], ARGV[3])
return ARGV[3]
""")

ALIGN = Script("""
if (redis.call('HGET', KEYS[1], ARGV[1]) or '0-0') ~= ARGV[2] then return 0 end
if ARGV[3] == '0-0' then return redis.call('HDEL', KEYS[1], ARGV[1]) end
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
""")


def pack_relay(keys: ServerKeys, mark: bytes, new: bytes, added: Sequence[Batch]) -> bytes:
    """Add the events and move the mark to `new`, if it is `mark`; the reply is the mark that is there then."""
    args = [part for one in added for part in (one.events, one.sizes)]
    return RELAY.call((FIREHOSE, MARKS, SERVERS), [keys.server, mark, new, *args])
