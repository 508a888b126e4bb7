-- Count a refusal, and note since when there are such refusals: a pause of some length ends that.
--
-- KEYS[1] refusals      hash: "SOURCE KIND" -> "count since_s last_s"; since_s is 0 once it has ended
-- ARGV[1] what          "SOURCE KIND"
-- ARGV[2] pause_s
-- ARGV[3] max_kinds     beyond so many, a new kind is not noted
--
-- Returns how many there were.
local refusals = KEYS[1]
local what, pause_s, max_kinds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local known = redis.call('HGET', refusals, what)
if not known and redis.call('HLEN', refusals) >= max_kinds then return 0 end
local now_s = tonumber(redis.call('TIME')[1])
local count, since_s, last_s = string.match(known or '', '^(%d+) (%d+) (%d+)$')
count, since_s, last_s = tonumber(count or 0), tonumber(since_s or 0), tonumber(last_s or 0)
if count >= 2 ^ 53 then count = 0 end
if since_s == 0 or since_s > now_s or now_s - last_s > pause_s then since_s = now_s end
redis.call('HSET', refusals, what, string.format('%.0f %.0f %.0f', count + 1, since_s, now_s))
return count + 1
