-- Read a timeline from an entry on, and where it is noted to end: both at the same moment.
--
-- KEYS[1] timeline      stream of the incident
-- KEYS[2] ends          hash: id of an incident -> "position mac" of its last event
-- ARGV[1] first         id of the first entry to read
-- ARGV[2] incident_id
--
-- Returns the entries, and the noted end or "".
local timeline, ends = KEYS[1], KEYS[2]
local first, incident_id = ARGV[1], ARGV[2]

return {redis.call('XRANGE', timeline, first, '+'), redis.call('HGET', ends, incident_id) or ''}
