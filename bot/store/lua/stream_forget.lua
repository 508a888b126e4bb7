-- Acknowledge an entry of a stream and delete it.
--
-- KEYS[1] stream
-- ARGV[1] group
-- ARGV[2] entry_id
--
-- Returns how many entries were deleted.
local stream = KEYS[1]
local group, entry_id = ARGV[1], ARGV[2]

redis.call('XACK', stream, group, entry_id)
return redis.call('XDEL', stream, entry_id)
