-- Note which open incident alerts belong to, unless one of them belongs to another already.
--
-- KEYS[1] open          hash: identity -> id of its open incident
-- KEYS[2] homes         hash: alert -> id of the incident that knows it
-- ARGV[1] incident_id
-- ARGV[2] alerts        JSON: a list of alerts
--
-- Returns 1, or 0 where another open incident knows one of them.
local open, homes = KEYS[1], KEYS[2]
local incident_id, alerts = ARGV[1], ARGV[2]

local named = cjson.decode(alerts)
local all_open
for _, alert in ipairs(named) do
  local home = redis.call('HGET', homes, alert)
  if home and home ~= incident_id then
    if not all_open then
      all_open = {}
      for _, id in ipairs(redis.call('HVALS', open)) do all_open[id] = true end
    end
    if all_open[home] then return 0 end
  end
end
for _, alert in ipairs(named) do redis.call('HSET', homes, alert, incident_id) end
return 1
