-- Keep the mark of an agent's ledger, if it is the first, or newer and of the same ledger.
--
-- KEYS[1] marks         hash: agent -> its newest mark, JSON with epoch and count
-- ARGV[1] agent
-- ARGV[2] mark
--
-- Returns 1, or 0 where the known one stays.
local marks = KEYS[1]
local agent, mark = ARGV[1], ARGV[2]

local known = redis.call('HGET', marks, agent)
if known then
  local is_json, old = pcall(cjson.decode, known)
  if not is_json or type(old) ~= 'table' or type(old.count) ~= 'number' then return 0 end  -- for a person
  local new = cjson.decode(mark)
  if old.epoch ~= new.epoch or old.count >= new.count then return 0 end
end
redis.call('HSET', marks, agent, mark)
return 1
