-- Put the notes of a thread aside whose headline is lost, so that all its messages are posted once more.
--
-- KEYS[1] thread        hash: key of a message -> its note; of a former thread "~number/key"
-- KEYS[2...] pictures   strings to delete: what was put into the lost thread
-- ARGV[1] headline_ts   of the lost headline, as it was read
-- ARGV[2] number        of the lost thread, from 0
-- ARGV[3] field         where what the new thread begins with is noted
-- ARGV[4] beginning
--
-- Returns 1, or 0 where somebody else has done it meanwhile.
local thread = KEYS[1]
local pictures = {unpack(KEYS, 2)}
local headline_ts, number, field, beginning = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local headline = redis.call('HGET', thread, 'headline')
if not headline or cjson.decode(headline).ts ~= headline_ts then return 0 end
local notes = redis.call('HGETALL', thread)
for i = 1, #notes, 2 do
  local key = notes[i]
  -- Former threads stay as they are, and so do the direct messages, which are in no thread.
  if not string.find(key, '^[~@]') then
    redis.call('HSET', thread, '~' .. number .. '/' .. key, notes[i + 1])
    redis.call('HDEL', thread, key)
  end
end
redis.call('HSET', thread, field, beginning)
for _, picture in ipairs(pictures) do redis.call('DEL', picture) end
return 1
