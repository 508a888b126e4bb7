-- Read all that the next alerts of an identity need to know, and claim an id where nothing stands in the way.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] homes         hash: alert -> id of the incident that knows it
-- KEYS[3] ended         sorted set: alert by the newest end that a closed incident knows
-- KEYS[4] early_ends    sorted set: alert by an end that came before its firing
-- KEYS[5] number        integer: the last number given to an incident
-- ARGV[1] identity
-- ARGV[2] id_tail       the letters of a new id, "" where none is to be claimed
-- ARGV[3] alerts        JSON: a list of alerts
--
-- Returns the open incident's id or "", 1 if it is new, and in the alerts' order the ends, the early ends and
-- the open incidents that know them, each or "".
local open, homes, ended, early_ends, number = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local identity, id_tail, alerts = ARGV[1], ARGV[2], ARGV[3]

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
local all_open
local function is_open(id)
  if id == open_id then return true end
  if not all_open then
    all_open = {}
    for _, each in ipairs(redis.call('HVALS', open)) do all_open[each] = true end
  end
  return all_open[id]
end

local found = {{}, {}, {}}
local is_known = false
for i, alert in ipairs(cjson.decode(alerts)) do
  local home = redis.call('HGET', homes, alert)
  found[1][i] = redis.call('ZSCORE', ended, alert) or ''
  found[2][i] = redis.call('ZSCORE', early_ends, alert) or ''
  found[3][i] = home and is_open(home) and home or ''
  is_known = is_known or found[1][i] .. found[2][i] .. found[3][i] ~= ''
end
local is_new = 0
if id_tail ~= '' and not open_id and not is_known then
  open_id = new_id()
  redis.call('HSET', open, identity, open_id)
  is_new = 1
end
return {open_id or '', is_new, found[1], found[2], found[3]}
