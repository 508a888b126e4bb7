-- Add an entry to a stream, unless one was added under the same name lately.
--
-- KEYS[1] stream
-- KEYS[2] name          string that stands for the entry
-- ARGV[1] life_s        for how long it does
-- ARGV[2...] fields     name, value, name, value, ...
--
-- Returns 1, or 0 where it was there.
local stream, name = KEYS[1], KEYS[2]
local life_s = ARGV[1]
local fields = {unpack(ARGV, 2)}

if not redis.call('SET', name, 1, 'NX', 'EX', life_s) then return 0 end
redis.call('XADD', stream, '*', unpack(fields))
return 1
