-- Forget the open incident of an identity, if it is still this one, and remember it as the previous one.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] previous      hash: identity -> id of the incident that was released last
-- KEYS[3] released      sorted set: closed incidents by the time of their release
-- ARGV[1] identity
-- ARGV[2] incident_id
--
-- Returns 1, or 0 where another incident is open, or none.
local open, previous, released = KEYS[1], KEYS[2], KEYS[3]
local identity, incident_id = ARGV[1], ARGV[2]

if redis.call('HGET', open, identity) ~= incident_id then return 0 end
redis.call('HDEL', open, identity)
redis.call('HSET', previous, identity, incident_id)
redis.call('ZADD', released, redis.call('TIME')[1], incident_id)
return 1
