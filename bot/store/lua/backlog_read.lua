-- Say for how long the oldest of what waits has waited.
--
-- KEYS[1] unshown       sorted set: incidents that Slack does not show as they are -> since when, in µs
-- KEYS[2] due_views     sorted set: incidents whose threads are to be drawn
-- KEYS[3...] streams    what is stored and not taken, the oldest first
--
-- Returns the ages in seconds, 0 where nothing waits: of the oldest unshown incident, then of each stream.
local unshown, due_views = KEYS[1], KEYS[2]
local streams = {unpack(KEYS, 3)}

local now_us = redis.call('TIME')[1] * 1000000
local MOST_S = 1e9

-- An older replica may have shown one without saying so here: then it is not due any more.
local function oldest_unshown_s()
  while true do
    local first = redis.call('ZRANGE', unshown, 0, 0, 'WITHSCORES')
    if #first == 0 then return 0 end
    if redis.call('ZSCORE', due_views, first[1]) then
      return math.max(0, math.min(math.floor((now_us - first[2]) / 1000000), MOST_S))
    end
    redis.call('ZREM', unshown, first[1])
  end
end

local function oldest_entry_s(stream)
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local at_ms = first and tonumber(string.match(first[1], '^(%d+)%-')) or now_us / 1000
  return math.max(0, math.min(math.floor((now_us / 1000 - at_ms) / 1000), MOST_S))
end

local ages = {oldest_unshown_s()}
for _, stream in ipairs(streams) do ages[#ages + 1] = oldest_entry_s(stream) end
return ages
