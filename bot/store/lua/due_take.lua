-- Lease what has been due for longest and is held by nobody.
--
-- KEYS[1] due           sorted set: id -> when it is due, in µs
-- KEYS[2] leases        hash: id -> "until_us:token"
-- ARGV[1] lease_us
-- ARGV[2] token         names this lease
-- ARGV[3...] others     ids that are left for other processes to take
--
-- Returns id and score of what was taken; else false, false and in how many µs the next one is due, or false.
local due, leases = KEYS[1], KEYS[2]
local lease_us, token = tonumber(ARGV[1]), ARGV[2]
local others = {}
for i = 3, #ARGV do others[ARGV[i]] = true end

local PAGE, MOST = 16, 512
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
for first = 0, MOST, PAGE do
  local page = redis.call('ZRANGEBYSCORE', due, '-inf', now_us, 'WITHSCORES', 'LIMIT', first, PAGE)
  for i = 1, #page, 2 do
    local id, score = page[i], page[i + 1]
    local lease = redis.call('HGET', leases, id)
    local until_us = tonumber(lease and string.match(lease, '^(%d+):') or '0') or 0
    -- A lease that is longer than any that is given is none: it was forged, or Redis' clock was set back.
    local is_free = until_us < now_us or until_us > now_us + math.max(10 * lease_us, 300000000)
    if is_free and not others[id] then
      redis.call('HSET', leases, id, string.format('%.0f:%s', now_us + lease_us, token))
      return {id, score}
    end
  end
  if #page == 0 then break end
end
local after = string.format('(%.0f', now_us)
local later = redis.call('ZRANGEBYSCORE', due, after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {false, false, later[2] and string.format('%.0f', later[2] - now_us) or false}
