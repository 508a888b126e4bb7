-- Count one use, and say how many there were since the first of the last while.
--
-- KEYS[1] uses          integer that expires
-- ARGV[1] life_s        how long after the first use the count begins anew
--
-- Returns how many uses there were, this one included.
local uses = KEYS[1]
local life_s = ARGV[1]

-- A count that is none, or that would never expire, is not the bot's: nobody is locked out by it.
local is_count = redis.call('TYPE', uses).ok == 'string' and tonumber(redis.call('GET', uses))
if not is_count or redis.call('TTL', uses) < 0 then redis.call('SET', uses, 0, 'EX', life_s) end
return redis.call('INCR', uses)
