-- Let one caller at a time try again what Slack has refused.
--
-- KEYS[1] refused       hash: what Slack refuses -> a JSON object, see message_refusal_note.lua
-- ARGV[1] scope
-- ARGV[2] trial_s       how long the others wait for how it comes out
--
-- Returns 0 where the caller may try, else after how many seconds it may, as a string.
local refused = KEYS[1]
local scope, trial_s = ARGV[1], tonumber(ARGV[2])

local noted = redis.call('HGET', refused, scope)
if not noted then return '0' end
local time = redis.call('TIME')
local now_s = time[1] + time[2] / 1000000
local is_read, known = pcall(cjson.decode, noted)
if not is_read or type(known) ~= 'table' or not tonumber(known.next_s) then return '0' end
-- A longer wait than any shows that Redis' clock was set back.
if known.next_s > now_s and known.next_s < now_s + 3600 then return tostring(known.next_s - now_s) end
known.next_s = now_s + trial_s
redis.call('HSET', refused, scope, cjson.encode(known))
return '0'
