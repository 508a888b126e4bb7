-- Find the open incident of an identity, or give out a new id for it.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] number        integer: the last number given to an incident
-- ARGV[1] identity
-- ARGV[2] id_tail       the letters of a new id
--
-- Returns the incident's id.
local open, number = KEYS[1], KEYS[2]
local identity, id_tail = ARGV[1], ARGV[2]

local open_id = redis.call('HGET', open, identity)
if open_id then return open_id end
local new_id = 'inc-' .. redis.call('INCR', number) .. '-' .. id_tail
redis.call('HSET', open, identity, new_id)
return new_id
