-- Write and forget, in the ways in which the bot stores what it is sent.
--
-- KEYS[1] probe         stream that expires
-- ARGV[1] life_s
--
-- Returns 1.
local probe = KEYS[1]
local life_s = ARGV[1]

redis.call('DEL', probe)
redis.call('XADD', probe, '*', 'written', '1')
redis.call('EXPIRE', probe, life_s)
return 1
