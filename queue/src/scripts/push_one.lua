-- Puts one job into the queue, to be ready at once: the push that there is most of, without what only others need. Anything
-- unusual is left to push.lua.
--
-- KEYS   1 meta, 2 jobs, 3 running, 4 wake, 5 the ready list of the job's priority
-- ARGV   epoch ('' without a ledger), deadline in µs, most jobs, most bytes, id, head (the record from its priority on)
-- result A accepted; S the epoch is another or the deadline has passed; P nothing changed, ask push.lua
-- cost   O(1)
local call = redis.call
local time = call('time')
local now_us = time[1] * 1000000 + time[2]
local meta = call('hmget', KEYS[1], 'n', 'b', 'e')
if ARGV[1] ~= '' and (meta[3] ~= ARGV[1] or now_us > tonumber(ARGV[2])) then return 'S' end
local id = ARGV[5]
local stamp = struct.pack('<I4I6', now_us % 4294967296, math.floor(now_us / 1000))
local value = 'W' .. stamp .. ARGV[6]
local alive, bytes = (meta[1] or 0) + 1, (meta[2] or 0) + #value
-- a state that still runs although its entry has vanished is stale, which push.lua sees to
if alive > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4]) or call('hexists', KEYS[3], id) == 1
  or call('hsetnx', KEYS[2], id, value) == 0 then return 'P' end
call('rpush', KEYS[5], id .. string.sub(stamp, 1, 4))
if call('llen', KEYS[4]) == 0 then call('rpush', KEYS[4], '1') end
call('hset', KEYS[1], 'n', alive, 'b', bytes)
return 'A'
