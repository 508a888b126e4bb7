-- Delete a field of a hash, if it still has this value.
--
-- KEYS[1] holders       hash: what is held -> who holds it
-- ARGV[1] held
-- ARGV[2] holder
--
-- Returns 1.
local holders = KEYS[1]
local held, holder = ARGV[1], ARGV[2]

if redis.call('HGET', holders, held) == holder then redis.call('HDEL', holders, held) end
return 1
