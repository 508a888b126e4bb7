-- Give a lease back, and say when its id is due again. A mark that was set meanwhile stands.
--
-- KEYS[1] due           sorted set: id -> when it is due, in µs
-- KEYS[2] leases        hash: id -> "until_us:token"
-- KEYS[3] waiting       sorted set: id -> since when it waits, in µs; optional
-- ARGV[1] id
-- ARGV[2] token
-- ARGV[3] score         the due time with which it was taken
-- ARGV[4] again_us      in how many µs it is due again; below 0 it is not
-- ARGV[5] wake          channel for the hint
-- ARGV[6] hint          the queue's name
--
-- Returns 1, or 0 where the lease had run out: it is due now, for what was done without it may have undone
-- newer work.
local due, leases, waiting = KEYS[1], KEYS[2], KEYS[3]
local id, token, score, again_us = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local wake, hint = ARGV[5], ARGV[6]

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local lease = redis.call('HGET', leases, id)
if not lease or string.match(lease, ':(.*)$') ~= token then
  redis.call('ZADD', due, now_us, id)
  redis.call('PUBLISH', wake, hint)
  return 0
end
redis.call('HDEL', leases, id)
if redis.call('ZSCORE', due, id) == score then
  if again_us < 0 then
    redis.call('ZREM', due, id)
    if waiting then redis.call('ZREM', waiting, id) end
    return 1
  end
  redis.call('ZADD', due, now_us + again_us, id)
end
redis.call('PUBLISH', wake, hint)
return 1
