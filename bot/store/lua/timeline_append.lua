-- Append events to a timeline, if it ends where the caller read that it does, and mark the incident as due.
--
-- KEYS[1] timeline      stream of the incident; its entry ids are the positions 0-1, 0-2, ...
-- KEYS[2] due_steps     sorted set
-- KEYS[3] due_views     sorted set
-- KEYS[4] ends          hash: id of an incident -> "position mac" of its last event
-- KEYS[5...] handles    strings to set to the incident's id
-- ARGV[1] wake          channel for the hint
-- ARGV[2] incident_id
-- ARGV[3] before        the end that the caller read, "" where there is no event
-- ARGV[4] after         the end once the events are added
-- ARGV[5] handle_life_s
-- ARGV[6] hint          the queues to wake
-- ARGV[7...] added      event, MAC, event, MAC, ...
--
-- Returns 1, or 0 where the timeline ends elsewhere.
local timeline, due_steps, due_views, ends = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local handles = {unpack(KEYS, 5)}
local wake, incident_id, before, after = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local handle_life_s, hint = ARGV[5], ARGV[6]
local added = {unpack(ARGV, 7)}

local last = redis.call('XREVRANGE', timeline, '+', '-', 'COUNT', 1)[1]
local position, here = 0, ''
if last then
  local fields = last[2]
  position = string.match(last[1], '^0%-(%d+)$') or '?'
  here = position .. ' ' .. (fields[4] or '')
end
local noted = redis.call('HGET', ends, incident_id) or ''
if here ~= before or noted ~= before then return 0 end

for i = 1, #added, 2 do
  position = position + 1
  redis.call('XADD', timeline, string.format('0-%.0f', position), 'event', added[i], 'mac', added[i + 1])
end
redis.call('HSET', ends, incident_id, after)
for _, handle in ipairs(handles) do redis.call('SET', handle, incident_id, 'EX', handle_life_s) end

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
redis.call('ZADD', due_steps, now_us, incident_id)
redis.call('ZADD', due_views, now_us, incident_id)
redis.call('PUBLISH', wake, hint)
return 1
