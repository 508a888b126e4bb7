-- Put everybody's turn off until Slack takes calls again: the refused caller first, after those who are urgent.
--
-- KEYS[1] turns         sorted set of one of Slack's limits, see turn_take.lua
-- ARGV[1] who           the caller that Slack refused
-- ARGV[2] every_us      the rate
-- ARGV[3] after_us      for how long Slack asks to wait
--
-- Returns 1.
local turns = KEYS[1]
local who, every_us, after_us = ARGV[1], ARGV[2], ARGV[3]

local kind = redis.call('TYPE', turns).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', turns) end  -- turns can be given out anew
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2] + after_us
redis.call('ZADD', turns, 0, who)
local waiting = redis.call('ZRANGE', turns, 0, -1, 'WITHSCORES')

local function rank(name)
  if name == '*' then return -2 end
  if string.sub(name, 1, 1) == '~' then return -1 end
  return math.min(#string.match(name, '^!*'), 2)
end

for each = 2, -2, -1 do
  for i = 1, #waiting, 2 do
    if rank(waiting[i]) == each then
      at = math.max(at, tonumber(waiting[i + 1]))
      redis.call('ZADD', turns, at, waiting[i])
      at = at + every_us
    end
  end
end
return 1
