-- Make ids due now.
--
-- KEYS[1] due           sorted set: id -> when it is due, in µs
-- ARGV[1] wake          channel for the hint
-- ARGV[2] hint          the queue's name
-- ARGV[3...] ids
--
-- Returns 1.
local due = KEYS[1]
local wake, hint = ARGV[1], ARGV[2]
local ids = {}
for i = 3, #ARGV do ids[i - 2] = ARGV[i] end

local time = redis.call('TIME')
for _, id in ipairs(ids) do redis.call('ZADD', due, time[1] * 1000000 + time[2], id) end
redis.call('PUBLISH', wake, hint)
return 1
