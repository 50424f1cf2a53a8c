-- Gives a parked job back to the workers, if it is this parking that holds it.
--
-- KEYS   all
-- ARGV   parking, id
-- result 1, or 0 if nothing changed
-- cost   O(1), O(log delayed)
local id = ARGV[2]
local value = call('hget', JOBS, id)
local rec, parking = record(value)
if parking ~= ARGV[1] then return 0 end
local version, attempt, crashes = unpack_bytes('<I8I2I1', rec, 17)
place(id, rec, unpack_bytes('<I6', rec, 6), version, attempt, crashes, false)
local at, flags = after_kind(rec)
if flags >= 2 then call('zadd', EXPIRY, unpack_bytes('<I6', rec, at), id) end
call('hincrby', META, 'b', -17)
return 1
