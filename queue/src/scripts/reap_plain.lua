-- One pass of upkeep: returns expired leases, promotes due jobs, ends expired ones, releases tombstones.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, most of each, most crashes, '1' to look at leases, lease in ms
-- result returned, quarantined, cancelled, expired, promoted, released, orphans, 1 if there may be more
-- cost   O(most), O(log) for each lease and delayed job; most is at most 1,000
--
-- Mostly there is nothing to do, which is found out first.
local most = tonumber(ARGV[3])
local lost = ARGV[5] == '1' and call('zrangebyscore', LEASES, '-inf', now, 'limit', 0, most) or {}
local past = call('zrangebyscore', EXPIRY, '-inf', now, 'limit', 0, most)
local due = call('zrangebyscore', DELAYED, '-inf', now, 'limit', 0, most)
local oldest = call('lindex', HOLD, 0)
if #lost + #past + #due == 0 and (not oldest or unpack_bytes('<I8', oldest) > now) then return { 0, 0, 0, 0, 0, 0, 0, 0 } end
