-- Take the turn of a caller, or say how long it must wait for it. With the turn a message may be claimed.
--
-- The sorted set is by time in µs: "*" is when the next place is free, the others are those who wait for
-- theirs. Whoever has more "!" before its name goes first, and those with a "~" go last.
--
-- KEYS[1] turns         sorted set of one of Slack's limits
-- KEYS[2] notes         hash to note a claim in; optional, as are all that follow
-- KEYS[3] mark          string to set with the claim
-- ARGV[1] who
-- ARGV[2] every_us      the rate
-- ARGV[3] burst         how many may call at once
-- ARGV[4] max_wait_us   beyond the others' turns; a longer wait shows that Redis' clock was set back
-- ARGV[5] field         of the claim
-- ARGV[6] value
-- ARGV[7] mark_life_s
--
-- Returns 0 where it is its turn, else in how many µs it is.
local turns, notes, mark = KEYS[1], KEYS[2], KEYS[3]
local who, every_us, burst, max_wait_us = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local field, value, mark_life_s = ARGV[5], ARGV[6], ARGV[7]

local kind = redis.call('TYPE', turns).ok
if kind ~= 'zset' and kind ~= 'none' then redis.call('DEL', turns) end  -- turns can be given out anew
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]

local function rank(name)
  if string.sub(name, 1, 1) == '~' then return -1 end
  return #string.match(name, '^!*')
end

-- Give the caller this time; it takes the turn of the first who ranks below it, who takes that of the next, and
-- so on.
local function enqueue(at)
  local after = string.format('(%.0f', now_us)
  local waiting = redis.call('ZREVRANGEBYSCORE', turns, string.format('%.0f', at), after, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    if waiting[i] ~= '*' and rank(waiting[i]) < rank(who) then
      redis.call('ZADD', turns, at, waiting[i])
      at = tonumber(waiting[i + 1])
    end
  end
  redis.call('ZADD', turns, at, who)
  return at - now_us
end

local function wait_us()
  local furthest_us = now_us + redis.call('ZCARD', turns) * every_us + max_wait_us
  local mine = tonumber(redis.call('ZSCORE', turns, who) or '0')
  if mine > now_us and mine <= furthest_us then return mine - now_us end
  if mine > 0 then
    redis.call('ZREM', turns, who)
    return 0
  end
  local free = tonumber(redis.call('ZSCORE', turns, '*') or '0')
  if free > furthest_us then free = 0 end
  local at = math.max(free, now_us - (burst - 1) * every_us)
  redis.call('ZADD', turns, at + every_us, '*')
  redis.call('ZREMRANGEBYSCORE', turns, '-inf', now_us - 3600000000)
  redis.call('EXPIRE', turns, 3600 + math.ceil((at - now_us) / 1000000))
  return at > now_us and enqueue(at) or 0
end

local wait = wait_us()
if wait == 0 and notes then
  redis.call('HSET', notes, field, value)
  redis.call('SET', mark, 1, 'EX', mark_life_s)
end
return wait
