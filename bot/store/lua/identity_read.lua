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
if not is_id(open_id) then open_id = nil end
local previous_id = redis.call('HGET', previous, identity)
if not is_id(previous_id) then previous_id = nil end
local kind = redis.call('TYPE', overtaken).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('DEL', overtaken) end
local early_ends = redis.call('HVALS', overtaken)
local is_new = 0
if id_tail ~= '' and not open_id and not previous_id and #early_ends == 0 then
  open_id = new_id()
  redis.call('HSET', open, identity, open_id)
  is_new = 1
end
return {open_id or '', is_new, previous_id or '', early_ends}
