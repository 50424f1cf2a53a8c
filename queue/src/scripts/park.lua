-- Holds a waiting job back while it is edited; a job that Redis does not know is put there, held back.
--
-- KEYS   all
-- ARGV   parking, id, generation, head (the record from its priority on), due in ms (0: at once)
-- result parked with epoch, version, attempts and crashes; running; ended; newer; missing (no epoch)
-- cost   O(1), O(log delayed)
local parking, id, generation, head = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local epoch = call('hget', META, 'e')
if not epoch then return { 'missing' } end
open_meta()
local value = call('hget', JOBS, id)
local known, rec = generation_of(value), record(value)
if known > generation then return { 'newer' } end
local due = tonumber(ARGV[5])
if due == 0 then due = now end
if known == generation then
  if not rec then return { 'ended' } end
  if call('hexists', RUNNING, id) == 1 then return { 'running' } end
  -- what Redis counted since the row was read
  head = sub(head, 1, 5) .. sub(rec, 17, 27) .. sub(head, 17)
  due = unpack_bytes('<I6', rec, 6)
end
if rec then displace(id, value) end
local waiting = 'W' .. tag .. pack('<I6', due) .. head
call('hset', JOBS, id, 'P' .. parking .. waiting)
call('hset', META, 'n', alive + 1, 'b', bytes + #waiting + 17)
local version, attempt, crashes = unpack_bytes('<I8I2I1', waiting, 17)
return { 'parked', epoch, version, attempt, crashes }
