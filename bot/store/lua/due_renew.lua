-- Extend a lease, if it is still this one.
--
-- KEYS[1] leases        hash: id -> "until_us:token"
-- ARGV[1] id
-- ARGV[2] lease_us
-- ARGV[3] token
--
-- Returns 1, or 0 where somebody else has it, or nobody.
local leases = KEYS[1]
local id, lease_us, token = ARGV[1], ARGV[2], ARGV[3]

local lease = redis.call('HGET', leases, id)
if not lease or string.match(lease, ':(.*)$') ~= token then return 0 end
local time = redis.call('TIME')
redis.call('HSET', leases, id, string.format('%.0f:%s', time[1] * 1000000 + time[2] + lease_us, token))
return 1
