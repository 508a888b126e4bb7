-- Read the notes of an incident's messages, what Slack refuses, and which run of Redis says so.
--
-- KEYS[1] thread        hash: key of a message -> its note
-- KEYS[2] redis_run     string: "run since_s", the run that was met last
-- KEYS[3] refused       hash: what Slack refuses -> why, and when it is tried again
--
-- Returns the notes, the run's id, when the run was met first, in s ("0" where no other was met before), the
-- refusals, and the time in s.
local thread, redis_run, refused = KEYS[1], KEYS[2], KEYS[3]

local time = redis.call('TIME')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local kept = redis.call('GET', redis_run) or ''
local met, since_s = string.match(kept, '^(%S*) ?(%d*)$')
if not met then met, since_s = '?', '' end  -- what cannot be read is no reason to believe that nothing is lost
if met ~= run or since_s == '' then
  since_s = met and met ~= '' and time[1] or '0'
  redis.call('SET', redis_run, run .. ' ' .. since_s)
end
local now_s = string.format('%d.%06d', time[1], time[2])
return {redis.call('HGETALL', thread), run, since_s, redis.call('HGETALL', refused), now_s}
