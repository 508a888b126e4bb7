-- Note that Slack has refused something, and when it is to be tried again.
--
-- KEYS[1] refused       hash: what Slack refuses -> a JSON object, see below
-- ARGV[1] scope         the token, a channel or a message
-- ARGV[2] kind
-- ARGV[3] word          Slack's
-- ARGV[4] field         which of a message's notes it is about
-- ARGV[5] before        how often it was refused before; -1 to count from what is noted
-- ARGV[6] first_s       the pause after the first time; it doubles with each, and is none where `before` is 0
-- ARGV[7] max_s
--
-- Returns the object as it is noted now; its `next_s` is 0 where it is tried at once.
local refused = KEYS[1]
local scope, kind, word, field = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local before, first_s, max_s = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local time = redis.call('TIME')
local now_s = time[1] + time[2] / 1000000
local noted = redis.call('HGET', refused, scope)
local is_read, known = pcall(cjson.decode, noted or 'null')
local same = is_read and type(known) == 'table' and known.word == word and tonumber(known.times)
  and tonumber(known.since_s)
local times = 1 + (before >= 0 and before or (same and known.times or 0))
local pause_s = before == 0 and 0 or math.min(first_s * 2 ^ math.min(times - 1, 20), max_s)
local note = cjson.encode({
  kind = kind,
  word = word,
  field = field,
  times = times,
  since_s = same and known.since_s or now_s,
  next_s = pause_s > 0 and now_s + pause_s or 0,
})
redis.call('HSET', refused, scope, note)
return note
