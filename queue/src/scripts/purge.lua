-- Replaces a live entry below a generation by a tombstone that soon goes: the ledger says that it is over.
--
-- KEYS   all
-- ARGV   stay of the tombstone in ms, id, generation
-- result 1, or 0 if there is no such entry
-- cost   O(1), O(log delayed)
hold_ms = tonumber(ARGV[1])
local id, below = ARGV[2], tonumber(ARGV[3])
local value = call('hget', JOBS, id)
if not record(value) or generation_of(value) >= below then return 0 end
open_meta()
displace(id, value)
-- what is taken away refuses late pushes of its generation, not of the row's next one
local version8 = pack('<I8', tick(0))
call('hset', JOBS, id, 'T' .. version8 .. pack('<I4', below - 1) .. '-')
hold({ id .. version8 })
commit()
return 1
