-- Note a message that Slack has taken.
--
-- KEYS[1] thread        hash: key of a message -> its note
-- KEYS[2] place         string: the message's channel and ts -> id of the incident
-- KEYS[3] under_way     string to delete; optional, left out while an earlier call may still be carried out
-- ARGV[1] key           of the message
-- ARGV[2] note
-- ARGV[3] incident_id
-- ARGV[4] life_s        how long the message may be clicked
--
-- Returns 1.
local thread, place, under_way = KEYS[1], KEYS[2], KEYS[3]
local key, note, incident_id, life_s = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

redis.call('HSET', thread, key, note)
redis.call('SET', place, incident_id, 'EX', life_s)
if under_way then redis.call('DEL', under_way) end
return 1
