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

local function new_id()
  local next_number = redis.pcall('INCR', number)
  if type(next_number) == 'table' then  -- no number, or the last there is: the letters tell ids apart
    redis.call('SET', number, 1)
    next_number = 1
  end
  return 'inc-' .. next_number .. '-' .. id_tail
end

local function is_id(found) return found and string.match(found, '^[%w][%w%-]*$') and #found <= 64 end

local open_id = redis.call('HGET', open, identity)
if is_id(open_id) then return open_id end
open_id = new_id()
redis.call('HSET', open, identity, open_id)
return open_id
