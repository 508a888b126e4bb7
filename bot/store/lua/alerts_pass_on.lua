-- Let what belongs to one incident belong to another: the alerts that it knows, and identities it is open for.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] homes         hash: alert -> id of the incident that knows it
-- ARGV[1] giver         id of an incident; what is not its own stays as it is
-- ARGV[2] taker         id of an incident
-- ARGV[3] identities    JSON: a list of identities
-- ARGV[4] alerts        JSON: a list of alerts
--
-- Returns 1, or 0 where the taker is not open: then the alerts belong to nobody.
local open, homes = KEYS[1], KEYS[2]
local giver, taker, identities, alerts = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local is_open = 0
for _, id in ipairs(redis.call('HVALS', open)) do
  if id == taker then is_open = 1 end
end
for _, alert in ipairs(cjson.decode(alerts)) do
  if redis.call('HGET', homes, alert) == giver then
    if is_open == 1 then redis.call('HSET', homes, alert, taker) else redis.call('HDEL', homes, alert) end
  end
end
for _, identity in ipairs(cjson.decode(identities)) do
  if is_open == 1 and redis.call('HGET', open, identity) == giver then
    redis.call('HSET', open, identity, taker)
  end
end
return is_open
