-- Read all that the next alert of an identity needs to know, and claim an id where nothing stands in the way.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] previous      hash: identity -> id of the incident that was released last
-- KEYS[3] overtaken     hash: fingerprint -> an end that came before its firing
-- KEYS[4] number        integer: the last number given to an incident
-- ARGV[1] identity
-- ARGV[2] id_tail       the letters of a new id, "" where none is to be claimed
--
-- Returns the open incident's id or "", 1 if it is new, the previous one's id or "", and the early ends.
local open, previous, overtaken, number = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local identity, id_tail = ARGV[1], ARGV[2]

local open_id = redis.call('HGET', open, identity)
local previous_id = redis.call('HGET', previous, identity)
local early_ends = redis.call('HVALS', overtaken)
local is_new = 0
if id_tail ~= '' and not open_id and not previous_id and #early_ends == 0 then
  open_id = 'inc-' .. redis.call('INCR', number) .. '-' .. id_tail
  redis.call('HSET', open, identity, open_id)
  is_new = 1
end
return {open_id or '', is_new, previous_id or '', early_ends}
