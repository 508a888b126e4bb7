"""What must happen in one step in Redis: appending to a timeline, reading it, and who holds an identity."""

from __future__ import annotations

APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local position, here = 0, ''
if last then
  position = string.match(last[1], '^0%-(%d+)$') or '?'
  here = position .. ' ' .. (last[2][4] or '')
end
local noted = redis.call('HGET', KEYS[4], ARGV[2]) or ''
if here ~= ARGV[3] or noted ~= ARGV[3] then return 0 end
for i = 7, #ARGV, 2 do
  position = position + 1
  redis.call('XADD', KEYS[1], string.format('0-%.0f', position), 'event', ARGV[i], 'mac', ARGV[i + 1])
end
redis.call('HSET', KEYS[4], ARGV[2], ARGV[4])
for i = 5, #KEYS do redis.call('SET', KEYS[i], ARGV[2], 'EX', ARGV[5]) end
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[2], now_us, ARGV[2])
redis.call('ZADD', KEYS[3], now_us, ARGV[2])
redis.call('PUBLISH', ARGV[1], ARGV[6])
return 1
"""

WALK = """
return {redis.call('XRANGE', KEYS[1], ARGV[1], '+'), redis.call('HGET', KEYS[2], ARGV[2]) or ''}
"""

STANDING = """
local open = redis.call('HGET', KEYS[1], ARGV[1])
local before = redis.call('HGET', KEYS[2], ARGV[1])
local ends = redis.call('HVALS', KEYS[3])
local is_new = 0
if ARGV[2] ~= '' and not open and not before and #ends == 0 then
  open = 'inc-' .. redis.call('INCR', KEYS[4]) .. '-' .. ARGV[2]
  redis.call('HSET', KEYS[1], ARGV[1], open)
  is_new = 1
end
return {open or '', is_new, before or '', ends}
"""

CLAIM = """
local open = redis.call('HGET', KEYS[1], ARGV[1])
if open then return open end
local id = 'inc-' .. redis.call('INCR', KEYS[2]) .. '-' .. ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], id)
return id
"""

RELEASE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], redis.call('TIME')[1], ARGV[2])
return 1
"""

FORGET = """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
"""
