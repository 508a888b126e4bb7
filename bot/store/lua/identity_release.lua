-- Forget an incident as the open one of its identities, where it still is; keep it as the previous one, and its ends.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] previous      hash: identity -> id of the incident that was released last
-- KEYS[3] released      sorted set: closed incidents by the time of their release
-- KEYS[4] homes         hash: alert -> id of the open incident that knows it
-- KEYS[5] ended         sorted set: alert by the newest end that a closed incident knows
-- ARGV[1] identities    JSON: a list of identities
-- ARGV[2] incident_id
-- ARGV[3] alerts        JSON: its alerts, a list of [alert, end in microseconds or 0]
-- ARGV[4] ends_life_s   after how long without another all ends are forgotten
-- ARGV[5] max_ends      how many are kept, the newest
-- ARGV[6] is_merged     1 where another incident has its identities, and it is closed all the same
--
-- Returns 1, or 0 where another incident is open, or none.
local open, previous, released, homes, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local identities, incident_id, alerts = ARGV[1], ARGV[2], ARGV[3]
local ends_life_s, max_ends, is_merged = ARGV[4], ARGV[5], ARGV[6]

for _, each in ipairs(cjson.decode(alerts)) do
  local alert, end_us = each[1], each[2]
  if redis.call('HGET', homes, alert) == incident_id then redis.call('HDEL', homes, alert) end
  if end_us > 0 then redis.call('ZADD', ended, 'GT', string.format('%.0f', end_us), alert) end
end
redis.call('ZREMRANGEBYRANK', ended, 0, -max_ends - 1)
redis.call('EXPIRE', ended, ends_life_s)
local now_s = redis.call('TIME')[1]
local was_open = 0
for _, identity in ipairs(cjson.decode(identities)) do
  if redis.call('HGET', open, identity) == incident_id then
    redis.call('HDEL', open, identity)
    redis.call('HSET', previous, identity, incident_id)
    was_open = 1
  end
end
if was_open == 1 then redis.call('ZADD', released, now_s, incident_id) end
if is_merged == '1' then redis.call('ZADD', released, 'NX', now_s, incident_id) end
return was_open
