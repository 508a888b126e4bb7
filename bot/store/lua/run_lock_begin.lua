-- Take the lock of a cluster for an incident, and give out the next fence.
--
-- KEYS[1] locks         hash: cluster -> id of the incident that may act on it
-- KEYS[2] fences        hash: cluster -> the newest fence
-- ARGV[1] cluster
-- ARGV[2] incident_id
-- ARGV[3] above         the highest fence that an agent has seen; the new one is higher
--
-- Returns the fence, or the id of the other incident that has the lock.
local locks, fences = KEYS[1], KEYS[2]
local cluster, incident_id, above = ARGV[1], ARGV[2], tonumber(ARGV[3])

local holder = redis.call('HGET', locks, cluster)
if holder and holder ~= incident_id then return holder end
redis.call('HSET', locks, cluster, incident_id)
-- Lua counts in doubles: what is no number, or beyond those that are exact, is not gone on from.
local newest = tonumber(redis.call('HGET', fences, cluster) or '0') or 0
if not (newest >= 0 and newest < 9007199254740991) then newest = 0 end
local fence = math.max(math.floor(newest), above) + 1
redis.call('HSET', fences, cluster, string.format('%.0f', fence))
return fence
