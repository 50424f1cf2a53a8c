-- One pass of upkeep: returns expired leases, promotes due jobs, ends expired ones, releases tombstones; wakes a worker if
-- there is work and none has been told.
--
-- KEYS   all
-- ARGV   '1' with a ledger, stay of tombstones in ms, most of each, most crashes, '1' to look at leases, lease in ms, '1' to
--        look at all else
-- result returned, quarantined, cancelled, expired, promoted, released, orphans, 1 if there may be more
-- cost   O(most), O(log) for each lease and delayed job; most is at most 1,000
--
-- Mostly there is nothing to do, which is found out first.
local most, all = tonumber(ARGV[3]), ARGV[7] == '1'
local function before_now(key) return call('zrangebyscore', key, '-inf', now, 'limit', 0, most) end
local lost = ARGV[5] == '1' and before_now(LEASES) or {}
local past, due = all and before_now(EXPIRY) or {}, all and before_now(DELAYED) or {}
local oldest = all and call('lindex', HOLD, 0)
if call('exists', KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]) > 0 and call('llen', WAKE) == 0 then call('rpush', WAKE, '1') end
if #lost + #past + #due == 0 and (not oldest or unpack_bytes('<I8', oldest) > now) then return { 0, 0, 0, 0, 0, 0, 0, 0 } end
