-- Keep ends of alerts that no incident knows, and say whether an incident was opened for them meanwhile.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] early_ends    sorted set: alert by an end that came before its firing
-- ARGV[1] identity
-- ARGV[2] alerts        JSON: a list of [alert, end in microseconds]
-- ARGV[3] ends_life_s   after how long without another all ends are forgotten
-- ARGV[4] max_ends      how many are kept, the newest
--
-- Returns the open incident's id or "".
local open, early_ends = KEYS[1], KEYS[2]
local identity, alerts, ends_life_s, max_ends = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

for _, each in ipairs(cjson.decode(alerts)) do
  redis.call('ZADD', early_ends, 'GT', string.format('%.0f', each[2]), each[1])
end
redis.call('ZREMRANGEBYRANK', early_ends, 0, -max_ends - 1)
redis.call('EXPIRE', early_ends, ends_life_s)
return redis.call('HGET', open, identity) or ''
