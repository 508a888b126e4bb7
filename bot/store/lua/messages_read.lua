-- Read the notes of an incident's messages, and which run of Redis gives them.
--
-- KEYS[1] thread        hash: key of a message -> its note
-- KEYS[2] redis_run     string: "run since_s", the run that was met last
--
-- Returns the hash, the run's id, and when the run was met first, in s; "0" where no other was met before.
local thread, redis_run = KEYS[1], KEYS[2]

local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local kept = redis.call('GET', redis_run) or ''
local met, since_s = string.match(kept, '^(%S*) ?(%d*)$')
if not met then met, since_s = '?', '' end  -- what cannot be read is no reason to believe that nothing is lost
if met ~= run or since_s == '' then
  since_s = met and met ~= '' and redis.call('TIME')[1] or '0'
  redis.call('SET', redis_run, run .. ' ' .. since_s)
end
return {redis.call('HGETALL', thread), run, since_s}
